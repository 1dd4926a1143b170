"""The part of a layer in a network: what one reads on purpose, and what one does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from yamlmod.model.channels import stride_after
from yamlmod.model.document import Row
from yamlmod.model.known_modules import JOINS, KNOWN

_Role: TypeAlias = Literal["join", "resize", "output"]


def leads_astray(rows: Sequence[Row], layer: int, wanted: int) -> bool:
    """Tell whether a read of a join or of a change of size should be of something else."""
    if not 0 <= layer < len(rows):
        return True
    role = _role(rows[layer])
    return role != "output" and role != _role(rows[wanted])


def _role(row: Row) -> _Role:
    kind = KNOWN.get(row.module)
    if kind is None:
        return "output"  # of an unknown module nothing is known
    if kind.channels in JOINS:
        return "join"
    return "output" if stride_after(kind, row, [1.0]) in (1, None) else "resize"
