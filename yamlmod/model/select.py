"""Resolve selectors: the words by which a user refers to layers."""

from __future__ import annotations

import difflib
import re
from typing import NamedTuple

from yamlmod.errors import Refusal, one_of
from yamlmod.model.channels import Shapes
from yamlmod.model.document import SECTIONS, Document, Row
from yamlmod.model.graph import Graph

_LEVEL = re.compile(r"P([1-9])(?:/([0-9]+))?", re.IGNORECASE)
_NTH = re.compile(r"(.+)#([0-9]+|\*)")
_RANGE = re.compile(r"([0-9]+)\.\.([0-9]+)")
_LAST = re.compile(r"(backbone|head)-last([0-9]+)")
_MAX_DIGITS = 9
_GRAMMAR = (
    "a layer is named by its index (9), its module where that is unique (SPPF, head.Conv#1), its "
    "k-th occurrence (C3#2), a head input (P3) or a backbone tap (backbone.P3); several by C3#*, "
    "4..9, pre-sppf, pre-detect, backbone-last2 or neck-c3"
)


class Selector(NamedTuple):
    """Resolves words on one document."""

    document: Document
    graph: Graph
    shapes: Shapes

    def one(self, word: str) -> int:
        """Return the one layer that ``word`` names, or raise a Refusal that lists the matches."""
        found = self.many(word)
        if len(found) == 1:
            return found[0]
        matches = one_of([str(index) for index in found], 24)
        raise Refusal(
            "ambiguous-selector",
            f"{word} names {len(found)} layers of {self.document.shown}: {matches}",
            hint="name one of them by its index",
        )

    def many(self, word: str) -> list[int]:
        """Return the layers that ``word`` names, at least one."""
        word = word.strip()
        if re.fullmatch(r"-?[0-9]+", word):
            return [self._index(word)]
        between = _RANGE.fullmatch(word)
        if between:
            return self._range(word, between[1], between[2])
        section, name = self._prefix(word)
        return (
            self._named(name, section, word)
            or self._place(word)
            or self._level(name, section, word)
            or self._unknown(word)
        )

    def _index(self, word: str) -> int:
        index = int(word) if len(word) <= _MAX_DIGITS else -1
        if 0 <= index < len(self.document.rows):
            return index
        last = len(self.document.rows) - 1
        raise Refusal(
            "no-such-layer", f"{self.document.shown} has no layer {word[:40]}: it has 0 to {last}"
        )

    def _range(self, word: str, first: str, last: str) -> list[int]:
        low, high = self._index(first), self._index(last)
        if low > high:
            raise Refusal("bad-selector", f"{word}: the range is reversed", hint=_GRAMMAR)
        return list(range(low, high + 1))

    def _prefix(self, word: str) -> tuple[str | None, str]:
        section, dot, name = word.partition(".")
        return (section, name) if dot and section in SECTIONS and name else (None, word)

    def _rows(self, name: str, section: str | None) -> list[Row]:
        """Return the rows of a module: by its exact name, else by the name in any case."""
        rows = [row for row in self.document.rows if section in (None, row.section)]
        exact = [row for row in rows if row.module == name]
        return exact or [row for row in rows if row.module.lower() == name.lower()]

    def _named(self, name: str, section: str | None, word: str) -> list[int]:
        found = [row.index for row in self._rows(name, section)]
        if len(found) > 1:
            raise Refusal(
                "ambiguous-selector",
                f"{word} names {len(found)} layers of {self.document.shown}: "
                + one_of([str(index) for index in found], 24),
                hint=f"say which: {word}#1 for layer {found[0]}, {word}#2 for layer {found[1]}, "
                f"... or {word}#* for all",
            )
        occurrence = _NTH.fullmatch(name)
        if found or occurrence is None:
            return found
        return self._occurrence(occurrence[1], occurrence[2], section, word)

    def _occurrence(self, name: str, number: str, section: str | None, word: str) -> list[int]:
        found = [row.index for row in self._rows(name, section)]
        if not found:
            return []
        if number == "*":
            return found
        position = int(number) if len(number) <= _MAX_DIGITS else 0
        if 1 <= position <= len(found):
            return [found[position - 1]]
        raise Refusal(
            "no-such-layer",
            f"{self.document.shown} has {len(found)} {name}, so there is no {word[:60]}",
            hint="they are layers " + one_of([str(index) for index in found], 24),
        )

    def _place(self, word: str) -> list[int]:
        """Return the layers of a place that attention papers name: pre-sppf, neck-c3..."""
        last = _LAST.fullmatch(word)
        if last and len(last[2]) < _MAX_DIGITS:
            rows = [row.index for row in self.document.rows if row.section == last[1]]
            return rows[max(0, len(rows) - int(last[2])) :]
        kind, dash, name = word.partition("-")
        if not dash or not name:
            return []
        if kind == "neck":
            return [row.index for row in self._rows(name, "head")]
        if kind != "pre":
            return []
        readers = [row.index for row in self._rows(name, None)]
        if not readers and name.lower() in ("detect", "head"):
            readers = [self.graph.head]  # whatever this file's head is called
        sources = {read.target for reader in readers for read in self.graph.reads[reader]}
        return sorted(source for source in sources if source >= 0)

    def _level(self, name: str, section: str | None, word: str) -> list[int]:
        level = _LEVEL.fullmatch(name)
        if level is None:
            return []
        wanted = 2 ** int(level[1])
        if level[2] is not None and level[2] != str(wanted):
            raise Refusal(
                "bad-selector", f"{word}: level P{level[1]} has stride {wanted}, not {level[2]}"
            )
        what, inputs = (
            ("backbone tap", self._taps())
            if section == "backbone"
            else (
                "head input",
                [read.target for read in self.graph.reads[self.graph.head] if read.target >= 0],
            )
        )
        found = sorted({layer for layer in inputs if self.shapes[layer].stride == wanted})
        if len(found) == 1:
            return found
        if found:
            raise Refusal(
                "ambiguous-selector",
                f"{word}: {self.document.shown} has {len(found)} {what}s of stride {wanted}: "
                + one_of([str(i) for i in found]),
                hint="name one by its index",
            )
        listed = one_of([f"{i} (stride {_shown(self.shapes[i].stride)})" for i in inputs])
        raise Refusal(
            "no-such-layer",
            f"{word}: no {what} of {self.document.shown} is known to have stride {wanted}; "
            f"there are {listed or 'none'}",
            hint="name the layer by its index",
        )

    def _taps(self) -> list[int]:
        """Return the backbone's layers that the head table reads."""
        rows = self.document.rows
        return sorted(
            {
                read.target
                for row in rows
                if row.section == "head"
                for read in self.graph.reads[row.index]
                if read.target >= 0 and rows[read.target].section == "backbone"
            }
        )

    def _unknown(self, word: str) -> list[int]:
        modules = list(dict.fromkeys(row.module for row in self.document.rows))
        near = difflib.get_close_matches(word, modules, n=3, cutoff=0.6)
        suggestion = f"did you mean {one_of(near)}? " if near else ""
        raise Refusal(
            "no-such-layer",
            f"{self.document.shown} has no layer called {word[:60]!r}",
            hint=suggestion + _GRAMMAR,
        )


def _shown(stride: float | None) -> str:
    return "unknown" if stride is None else f"{stride:g}"
