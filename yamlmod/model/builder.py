"""What a fork's parser makes of a row, as a table: read statically by the fork room, for checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from yamlmod.model.modules import Kind
from yamlmod.model.refs import ANY_SPELLING, SpellingRule


@dataclass(frozen=True)
class Signature:
    """How many positional arguments a constructor takes besides self; most None: any number."""

    least: int
    most: int | None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Passed:
    """What a branch hands to a class: ``extra`` arguments besides ``len(args)``, or ``exactly``.

    ``branch`` is the line of the branch; None: the last else, which hands the args on as they are.
    """

    branch: int | None
    extra: int | None = 0
    exactly: int | None = None

    def count(self, args: int) -> int | None:
        """Return how many arguments a row with so many args gives, None where it is not known."""
        if self.exactly is not None:
            return self.exactly
        return None if self.extra is None else args + self.extra


@dataclass(frozen=True)
class BuildProblem:
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


@dataclass(frozen=True)
class BuildDoubt:
    """A row that builds and does what its author can hardly mean."""

    layer: int
    kind: str
    message: str


@dataclass(frozen=True)
class BuildAnswer:
    """What a fork makes of a YAML: read from its code, which is never run.

    ``scales`` are those that were tried; ``unknown_names`` says of which module's name nothing is
    known, and why.
    """

    scales: tuple[str, ...]
    problems: tuple[BuildProblem, ...] = ()
    doubts: tuple[BuildDoubt, ...] = ()
    unknown_names: Mapping[str, str] = field(default_factory=dict)
    unread: int = 0


@dataclass(frozen=True)
class Builder:
    """A fork's parse function and the names it sees.

    ``names`` are those that resolve; where ``open`` is set, more may: an import cannot be followed
    (``beyond`` names those that leave the repository). ``twice`` tells where a class is defined
    again, ``tensorflow`` the classes of tf.py. ``ask`` says what the parse
    function, the constructors and one forward pass make of a YAML's data.
    """

    shown: str
    function: str
    names: frozenset[str]
    open: bool
    beyond: tuple[str, ...] = ()
    twice: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signatures: Mapping[str, Signature] = field(default_factory=dict)
    passed: Mapping[str, Passed] = field(default_factory=dict)
    otherwise: Passed = Passed(None)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    spelling: SpellingRule = ANY_SPELLING
    tensorflow: frozenset[str] | None = None
    tensorflow_shown: str = ""
    ask: Callable[[Mapping[str, Any]], BuildAnswer] | None = None

    def passed_to(self, module: str) -> Passed:
        """Return what a module's class is handed."""
        return self.passed.get(module, self.otherwise)
