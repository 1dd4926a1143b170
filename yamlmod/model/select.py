"""Selectors: the words by which a user names a layer."""

from __future__ import annotations

import difflib
import re
from fractions import Fraction

from yamlmod.errors import Refusal, one_of
from yamlmod.model.channels import Shapes
from yamlmod.model.document import Document
from yamlmod.model.graph import Graph

_LEVEL = re.compile(r"P([1-9])(?:/(\d+))?", re.IGNORECASE)
_NTH = re.compile(r"(.+)#(\d+)")
_GRAMMAR = (
    "a layer is named by its index (9), its module where that is unique (SPPF), its k-th "
    "occurrence (C3#2) or a head input (P3, P4, P5)"
)


def select(document: Document, graph: Graph, shapes: Shapes, word: str) -> int:
    """Return the index of the one layer that ``word`` names, or raise a Refusal."""
    word = word.strip()
    if re.fullmatch(r"-?\d{1,9}", word):
        return _by_index(document, int(word))
    named = [row.index for row in document.rows if row.module == word]
    if len(named) == 1:
        return named[0]
    if named:
        raise Refusal(
            "ambiguous-selector",
            f"{word} names {len(named)} layers of {document.shown}: "
            + one_of([str(index) for index in named], 24),
            hint=f"say which: {word}#1 for layer {named[0]}, {word}#2 for layer {named[1]}, ...",
        )
    occurrence = _NTH.fullmatch(word)
    if occurrence:
        return _by_occurrence(document, occurrence[1], int(occurrence[2][:9]))
    level = _LEVEL.fullmatch(word)
    if level:
        return _by_level(document, graph, shapes, word, int(level[1]), level[2])
    raise _unknown(document, word)


def _by_index(document: Document, index: int) -> int:
    if 0 <= index < len(document.rows):
        return index
    raise Refusal(
        "no-such-layer",
        f"{document.shown} has no layer {index}: it has 0 to {len(document.rows) - 1}",
    )


def _by_occurrence(document: Document, module: str, number: int) -> int:
    found = [row.index for row in document.rows if row.module == module]
    if not found:
        raise _unknown(document, module)
    if not 1 <= number <= len(found):
        raise Refusal(
            "no-such-layer",
            f"{document.shown} has {len(found)} {module}, so there is no {module}#{number}",
            hint="they are layers " + one_of([str(i) for i in found], 24),
        )
    return found[number - 1]


def _by_level(
    document: Document, graph: Graph, shapes: Shapes, word: str, level: int, stride: str | None
) -> int:
    wanted = Fraction(2**level)
    if stride is not None and int(stride[:9]) != wanted:
        raise Refusal("bad-selector", f"{word}: level P{level} has stride {wanted}, not {stride}")
    inputs = [read.target for read in graph.reads[graph.head] if read.target >= 0]
    found = sorted({layer for layer in inputs if shapes[layer].stride == wanted})
    if len(found) == 1:
        return found[0]
    listed = one_of([f"{layer} (stride {_shown(shapes[layer].stride)})" for layer in inputs])
    if found:
        raise Refusal(
            "ambiguous-selector",
            f"{word}: the head reads {len(found)} layers of stride "
            f"{wanted}: {one_of([str(i) for i in found])}",
            hint="name one by its index",
        )
    raise Refusal(
        "no-such-layer",
        f"{word}: no head input of {document.shown} is known to have "
        f"stride {wanted}; the head reads {listed or 'nothing'}",
        hint="name the layer by its index",
    )


def _shown(stride: Fraction | None) -> str:
    return "unknown" if stride is None else str(stride)


def _unknown(document: Document, word: str) -> Refusal:
    modules = list(dict.fromkeys(row.module for row in document.rows))
    near = difflib.get_close_matches(word, modules, n=3, cutoff=0.6)
    suggestion = f"did you mean {one_of(near)}? " if near else ""
    return Refusal(
        "no-such-layer",
        f"{document.shown} has no layer called {word[:60]!r}",
        hint=suggestion + _GRAMMAR,
    )
