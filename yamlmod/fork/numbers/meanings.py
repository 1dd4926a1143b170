"""Possible meanings of an expression: layers, their numbers, constants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from yamlmod.fork.numbers.findings import CodePlace

MeaningKind = Literal[
    "network",  # the model
    "layers",  # its Sequential; `name` is "part" for a slice that does not begin at 0
    "layer",
    "index",  # a layer's number, not known which
    "source",  # a layer's `from`
    "save",  # the numbers of the layers that are kept
    "channels",  # the parse function's list of channels
    "list",  # a list or a dictionary that was made empty at `name`
    "number",  # a constant
    "limit",  # a number below a constant: what `range(9)` gives
    "tuple",  # a literal collection: `items` are its elements
    "table",  # a literal dictionary: `items` are its keys and its values
    "each",  # something to loop over: `items` holds one element
    "class",  # the model's class
    "parser",  # the parse function
]
_MOST = 300
_DEEPEST = 4


@dataclass(frozen=True)
class Meaning:
    """One thing that an expression may mean."""

    kind: MeaningKind
    number: int = 0
    place: CodePlace | None = None
    end: int = 0
    name: str = ""
    items: tuple[frozenset[Meaning], ...] = ()
    depth: int = 0


Meanings = frozenset[Meaning]
NOTHING: Meanings = frozenset()
INDEX = frozenset({Meaning("index")})
SOURCE = frozenset({Meaning("source")})
SAVE = frozenset({Meaning("save")})
LAYER = frozenset({Meaning("layer")})
LAYERS = frozenset({Meaning("layers")})
NETWORK = frozenset({Meaning("network")})


def joined(parts: Iterable[Meanings]) -> Meanings:
    """Return what one of several may mean; too many constants or collections mean nothing."""
    found: Meanings = frozenset().union(*parts)
    if len(found) <= _MOST // 10:
        return found
    if sum(1 for one in found if one.items) > _MOST // 10:
        found = frozenset(one for one in found if not one.items)
    return found if len(found) <= _MOST else frozenset(m for m in found if m.place is None)


def has(meanings: Meanings, kind: MeaningKind) -> bool:
    """Check whether a thing may be of a kind."""
    return any(meaning.kind == kind for meaning in meanings)


def of_kind(meanings: Meanings, *kinds: MeaningKind) -> list[Meaning]:
    """Return those of some kinds, in a stable order."""
    return sorted(
        (meaning for meaning in meanings if meaning.kind in kinds),
        key=lambda one: (one.number, one.place or CodePlace("", 0, 0), one.name),
    )


def collection(items: Iterable[Meanings]) -> Meanings:
    """Return a literal collection; one without anything of interest means nothing."""
    return holder("tuple", items)


def each(element: Meanings) -> Meanings:
    """Return something to loop over."""
    return holder("each", [element])


def holder(kind: MeaningKind, items: Iterable[Meanings], name: str = "") -> Meanings:
    """Return a thing that holds others; what is nested deeper than code has it means nothing."""
    found = tuple(items)[:_MOST]
    depth = 1 + max((one.depth for item in found for one in item), default=0)
    if not any(found) or depth > _DEEPEST:
        return NOTHING
    return frozenset({Meaning(kind, name=name, items=found, depth=depth)})


def elements(meanings: Meanings) -> Meanings:
    """Return what a loop over a thing gives."""
    parts: list[Meanings] = []
    for meaning in meanings:
        if meaning.kind == "layers":
            parts.append(LAYER)
        elif meaning.kind == "source":
            parts.append(SOURCE)
        elif meaning.kind == "save":
            parts.append(INDEX)
        elif meaning.kind == "tuple":
            parts += meaning.items
        elif meaning.kind in ("table", "each"):
            parts.append(meaning.items[0])
    return joined(parts)


def numbers_in(meanings: Meanings, depth: int = 4) -> list[Meaning]:
    """Return every constant in a thing, those inside of literal collections included."""
    found = of_kind(meanings, "number", "limit")
    for meaning in meanings:
        if meaning.kind in ("tuple", "each") and depth:
            for item in meaning.items:
                found += numbers_in(item, depth - 1)
        elif meaning.kind == "table" and depth:
            found += numbers_in(meaning.items[0], depth - 1)
    return found
