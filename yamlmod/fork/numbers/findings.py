"""A number in a fork's code that refers to a layer: its use and its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LayerNumberKind = Literal["output", "layer", "number", "source", "save", "name", "channel"]


@dataclass(frozen=True)
class KeptOutputs:
    """Of which layers a list of outputs holds more than None.

    ``all``: of every layer; ``saved``: of those that the parse function lists; ``numbers``: of
    these besides; ``unknown``: where a test decides that is not understood.
    """

    all: bool = False
    saved: bool = False
    numbers: frozenset[int] = frozenset()
    unknown: bool = False

    def __or__(self, other: KeptOutputs) -> KeptOutputs:
        return KeptOutputs(
            self.all or other.all,
            self.saved or other.saved,
            self.numbers | other.numbers,
            self.unknown or other.unknown,
        )


@dataclass(frozen=True, order=True)
class CodePlace:
    """Where a number is written; ``path`` is relative to REPO."""

    path: str
    line: int
    column: int


@dataclass(frozen=True)
class LayerNumber:
    """One use of a number as a layer's.

    ``kind``: an index into the outputs ("output") or the layers ("layer"), a comparison with a
    layer's number ("number") or its `from` ("source"), an entry of the list of saved layers
    ("save"), a parameter's name or a freeze list ("name"), an index into the channels ("channel").
    ``bound``: the number is the first layer behind a limit (`< 10`, `[:10]`, `range(10)`).
    ``relative``: it counts back from the layer that runs. ``operator`` is that of a comparison
    with `from`. ``line_text`` is the source line; ``end`` the column behind the number.
    """

    kind: LayerNumberKind
    number: int
    place: CodePlace
    line_text: str = ""
    end: int = 0
    bound: bool = False
    relative: bool = False
    operator: str = "=="
    kept: KeptOutputs = KeptOutputs(all=True)
