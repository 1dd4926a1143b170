"""Dialects as data: where a family keeps its parse function and modules, and what marks it.

What a parse function does its own way (channel index, names, quotes, layout) is read from the
function itself; a dialect says where to look, how the family is told from others, and which of its
faults a user of the new layers will meet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from glob import escape
from importlib import import_module
from pkgutil import iter_modules

from yamlmod.errors import Refusal, one_of
from yamlmod.fork import dialects
from yamlmod.fork.files import Files

PACKAGE = "yamlmod_modules"


@dataclass(frozen=True)
class Sign:
    """A file that must be there (or ``absent``), and what must stand in it.

    ``path`` is a glob below the fork's folder; ``pattern`` is a regular expression.
    """

    path: str
    pattern: str = ""
    absent: bool = False

    def holds(self, files: Files, base: str) -> bool:
        """Check whether the fork in the folder ``base`` bears the sign."""
        paths = files.glob(below(base, self.path))
        found = bool(paths)
        if self.pattern:
            found = any(re.search(self.pattern, text_of(files, path)) for path in paths)
        return found != self.absent


@dataclass(frozen=True)
class Fault:
    """A fault of the family that a new layer will meet, told where its signs hold."""

    told: str
    signs: tuple[Sign, ...] = ()


@dataclass(frozen=True)
class Dialect:
    """A family of forks; every path is relative to the folder that holds the fork."""

    name: str
    title: str
    parse: str = "models/yolo.py"
    homes: tuple[str, ...] = ("models/common.py",)
    cfgs: tuple[str, ...] = ("models",)
    signs: tuple[Sign, ...] = ()
    faults: tuple[Fault, ...] = ()

    def home(self, files: Files, base: str) -> str | None:
        """Return the file that takes new classes: the first of ``homes`` that is there."""
        paths = (below(base, home) for home in self.homes)
        return next((path for path in paths if is_file(files, path)), None)

    def told_faults(self, files: Files, base: str) -> tuple[str, ...]:
        """Return the family's faults that this fork has."""
        return tuple(
            fault.told
            for fault in self.faults
            if all(sign.holds(files, base) for sign in fault.signs)
        )


UNKNOWN = Dialect("none", "an unknown fork with YOLOv5 conventions")


@cache
def all_dialects() -> tuple[Dialect, ...]:
    """Return every dialect there is, by name."""
    names = sorted(module.name for module in iter_modules(dialects.__path__))
    found = [import_module(f"{dialects.__name__}.{name}").DIALECT for name in names]
    return tuple(sorted(found, key=lambda dialect: str(dialect.name)))


def get_dialect(name: str) -> Dialect:
    """Return the dialect of a name; a Refusal lists those there are."""
    found = {one.name: one for one in (*all_dialects(), UNKNOWN)}
    if name not in found:
        raise Refusal(
            "unknown-dialect",
            f"there is no dialect {name!r}",
            hint=f"choose one of {one_of(sorted(found), 40)}; without --dialect it is detected",
        )
    return found[name]


def sniff(files: Files, parse: str) -> tuple[Dialect, str]:
    """Return the family of the fork with this parse file, and the folder that holds the fork.

    Of the dialects whose signs all hold, the one with most signs is taken.
    """
    best, best_base = UNKNOWN, base_of(UNKNOWN, parse) or ""
    for dialect in all_dialects():
        base = base_of(dialect, parse)
        if base is None or not all(sign.holds(files, base) for sign in dialect.signs):
            continue
        if len(dialect.signs) > len(best.signs):
            best, best_base = dialect, base
    return best, best_base


def base_of(dialect: Dialect, parse: str) -> str | None:
    """Return the folder of a fork of this family by its parse file; None: it lies elsewhere."""
    if parse == dialect.parse:
        return ""
    return parse.removesuffix(f"/{dialect.parse}") if parse.endswith(f"/{dialect.parse}") else None


def parse_files() -> tuple[str, ...]:
    """Return the places of parse functions that the dialects name."""
    return tuple(dict.fromkeys(one.parse for one in (UNKNOWN, *all_dialects())))


def below(base: str, pattern: str) -> str:
    """Return a glob pattern below a folder whose own name may hold brackets."""
    return f"{escape(base)}/{pattern}" if base not in ("", ".") else pattern


def is_file(files: Files, path: str) -> bool:
    """Check whether a file is there, without reading it."""
    # A folder of that name is not an absence: reading it says what is wrong.
    return files.is_file(path) or files.is_folder(path)


def text_of(files: Files, path: str) -> str:
    """Return the text of a file that is looked at and not changed: empty where it has none."""
    try:
        return files.read(path) or ""
    except Refusal:
        return ""
