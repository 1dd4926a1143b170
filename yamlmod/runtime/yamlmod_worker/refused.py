"""Define the one error meant for the user; every other error is reported as it comes."""

from __future__ import annotations

_SHOWN = 80


class Refused(Exception):
    """The input cannot be served: a stable code, what is wrong, and what to do."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def bad(message: str) -> Refused:
    """Return the refusal of a checkpoint that cannot be read."""
    return Refused("bad-checkpoint", message, "nothing of it was executed; give another file")


def shown(name: str) -> str:
    """Return a name of the file's as it may be printed: short, and without control characters."""
    return repr(name if len(name) <= _SHOWN else name[:_SHOWN] + "...")


def a_value_of(kind: type) -> str:
    """Return what a value of a type is called: `a str`, `an int`."""
    article = "an" if kind.__name__[0].lower() in "aeiou" else "a"
    return "{} {}".format(article, kind.__name__)
