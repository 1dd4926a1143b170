"""The result of building a YAML with a fork's code, for the checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class BuildProblem(NamedTuple):
    """Why a network cannot be built or run: the exception, and at which scales it comes.

    ``layer`` None: no row is at fault. ``branch`` is the place of the parse function's branch,
    ``place`` that of the statement that raises, ``proposal`` the args that the row would need.
    """

    layer: int | None
    stage: str
    kind: str
    message: str
    scales: tuple[str, ...] = ()
    everywhere: bool = True
    class_name: str = ""
    args: str = ""
    branch: str = ""
    place: str = ""
    trail: tuple[str, ...] = ()
    proposal: str = ""


class BuildDoubt(NamedTuple):
    """A row that builds and does what its author can hardly mean."""

    layer: int
    kind: str
    message: str


class BuildAnswer(NamedTuple):
    """What a fork makes of a YAML: read from its code, which is never run.

    ``scales`` are those that were tried, ``rows`` how many rows the parse function was seen to come
    to, ``unread`` how many of them were not understood, and ``reason`` why. ``unknown_names`` says
    of which module's name nothing is known, and why.
    """

    scales: tuple[str, ...]
    problems: tuple[BuildProblem, ...] = ()
    doubts: tuple[BuildDoubt, ...] = ()
    unknown_names: Mapping[str, str] = {}
    rows: int = 0
    unread: int = 0
    reason: str = ""


class KnownAnswers:
    """Answers that were asked for ahead; of other data the fork is asked."""

    def __init__(
        self,
        ask: Callable[[Mapping[str, Any]], BuildAnswer],
        known: Mapping[str, BuildAnswer],
    ) -> None:
        self.ask = ask
        self.known = known

    def __call__(self, data: Mapping[str, Any]) -> BuildAnswer:
        found = self.known.get(key_of(data))
        return self.ask(data) if found is None else found


def key_of(data: Mapping[str, Any]) -> str:
    """Return a name for data: what has the same name is read the same."""
    return repr(data)
