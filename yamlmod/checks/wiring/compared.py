"""Compare two wirings once: files of one folder often differ in their widths and depths only."""

from __future__ import annotations

from functools import lru_cache

from yamlmod.model.align import Alignment, align
from yamlmod.model.reads import ReadChanges, compare_reads
from yamlmod.model.wiring import Wiring

_KEPT = 512


def compared(before: Wiring, after: Wiring) -> tuple[Alignment, ReadChanges]:
    return _compared(_Pair(before, after))


class _Pair:
    """Two wirings, equal to two others that say the same, wherever their rows stand."""

    def __init__(self, before: Wiring, after: Wiring):
        self.before, self.after = before, after
        self._words = before.words, after.words

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pair) and self._words == other._words

    def __hash__(self) -> int:
        return hash(self._words)


@lru_cache(maxsize=_KEPT)
def _compared(pair: _Pair) -> tuple[Alignment, ReadChanges]:
    alignment = align(pair.before, pair.after)
    return alignment, compare_reads(pair.before, pair.after, alignment)
