"""Possible meanings of a name in a fork's file, each with its imports."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import Literal

from yamlmod.fork.python.modules import ModuleFile

DefinitionKind = Literal["class", "function", "assignment", "module"]
ErrorName = Literal["NameError", "ImportError", "ModuleNotFoundError", "AttributeError"]


@dataclass(frozen=True)
class ImportHop:
    """One statement that a name was followed through; ``path`` is relative to REPO."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


Hops = tuple[ImportHop, ...]


@dataclass(frozen=True)
class Definition:
    """A statement of the tree that defines the name, under the name it has there.

    ``node`` is that statement (for a module its tree, None for a folder without ``__init__``);
    ``name`` is dotted for a member of a class. ``conditional``: the name may also be missing at
    run time, since an ``if`` or a ``try`` decides.
    """

    path: str
    kind: DefinitionKind
    name: str
    line: int
    node: ast.AST | None = field(default=None, compare=False, repr=False)
    hops: Hops = field(default=(), compare=False)
    conditional: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class OutsideTree:
    """Something of Python itself or of an installed package, by its dotted path there."""

    dotted: str
    hops: Hops = field(default=(), compare=False)
    conditional: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Missing:
    """The name is certainly not there; Python would raise ``error`` with the message ``why``."""

    why: str
    error: ErrorName = "NameError"
    hops: Hops = field(default=(), compare=False)


@dataclass(frozen=True)
class Unknown:
    """The text does not say what the name denotes; ``alternatives`` are what it may be.

    Where there are ``alternatives`` it is bound to one of them. ``maybe_missing``: it may be not
    bound at all (an import of everything from outside of the tree may bring it).
    """

    reason: str
    hops: Hops = field(default=(), compare=False)
    alternatives: tuple[Definition | OutsideTree, ...] = ()
    maybe_missing: bool = False


Answer = Definition | OutsideTree | Missing | Unknown


def with_hop(answer: Answer, hop: ImportHop) -> Answer:
    """Return an answer whose way begins with one more statement."""
    return replace(answer, hops=(hop, *answer.hops))


def as_module(place: ModuleFile, hops: Hops = ()) -> Definition:
    tree = None if place.is_folder else ast.Module([], [])
    dotted = place.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return Definition(place.path, "module", dotted, 0 if place.is_folder else 1, tree, hops)


def joined(outcomes: list[Answer | None], missing: Missing) -> Answer:
    """Return the one answer of what several branches bind a name to; None: one does not bind it."""
    lost = [outcome for outcome in outcomes if isinstance(outcome, Missing)]
    unknown = [outcome for outcome in outcomes if isinstance(outcome, Unknown)]
    bound = list(
        dict.fromkeys(
            outcome for outcome in outcomes if isinstance(outcome, (Definition, OutsideTree))
        )
    )
    bound += [other for one in unknown for other in one.alternatives if other not in bound]
    vague = [one for one in unknown if not one.alternatives and not one.maybe_missing]
    open_ended = [one for one in unknown if one.maybe_missing]
    if vague:
        return vague[0] if len(outcomes) == 1 else replace(vague[0], alternatives=())
    if len(bound) == 1:
        unsure = len(lost) > 0 or None in outcomes or bool(open_ended)
        return replace(bound[0], conditional=True) if unsure else bound[0]
    if bound:
        return Unknown(
            f"it is either {' or '.join(map(shown, bound))}", bound[0].hops, tuple(bound)
        )
    if open_ended:
        return open_ended[0]
    return lost[0] if lost else missing


def class_in(answer: Answer) -> Definition | None:
    return answer if isinstance(answer, Definition) and answer.kind == "class" else None


def shown(answer: Answer) -> str:
    """Return an answer in a few words."""
    if isinstance(answer, Definition):
        return f"{answer.path}:{answer.line} ({answer.kind} {answer.name})"
    if isinstance(answer, OutsideTree):
        return answer.dotted
    return answer.why if isinstance(answer, Missing) else f"unknown: {answer.reason}"
