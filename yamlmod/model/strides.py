"""Strides relative to a common origin: what is known behind a module that is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from yamlmod.model.channels import is_stride, stride_after
from yamlmod.model.document import Row
from yamlmod.model.graph import Read
from yamlmod.model.known_modules import KNOWN, OF_ONE_INPUT, Kind
from yamlmod.model.refs import IMAGE

# A factor that no network has says that the module is another one.
_LEAST = 1 / 256


class Stride(NamedTuple):
    """A stride as a multiple of that of ``origin``: the image, or a layer of unknown stride."""

    origin: int
    factor: float

    @property
    def is_known(self) -> bool:
        return self.origin == IMAGE


def relative_strides(
    rows: Sequence[Row], reads: Sequence[Sequence[Read]], kinds: Mapping[str, Kind]
) -> list[Stride]:
    """Return every layer's stride; a layer of unknown stride is the origin of those behind it."""
    found: list[Stride] = []
    for row, inputs in zip(rows, reads, strict=True):
        sources = [
            Stride(IMAGE, 1.0) if read.target == IMAGE else found[read.target] for read in inputs
        ]
        kind = kinds.get(row.module) or KNOWN.get(row.module)
        found.append(_stride(kind, row, sources) or Stride(row.index, 1.0))
    return found


def _stride(kind: Kind | None, row: Row, sources: Sequence[Stride]) -> Stride | None:
    if kind is None or not sources:
        return None
    used = sources[-1:] if kind.stride == "last" else sources
    if kind.stride == "level0" and any(source.origin != used[0].origin for source in used):
        return None
    if kind.stride not in OF_ONE_INPUT and any(source != used[0] for source in used):
        return None
    factor = stride_after(kind, row, [source.factor for source in used])
    if factor is None or not is_stride(factor) or not factor >= _LEAST:
        return None
    return Stride(used[0].origin, factor)


def differ(strides: Sequence[Stride]) -> bool:
    """Check whether two of them have one origin and are not equal."""
    by_origin: dict[int, float] = {}
    return any(
        by_origin.setdefault(stride.origin, stride.factor) != stride.factor for stride in strides
    )
