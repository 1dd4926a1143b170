"""Read rows of a YAML's plain data: args, sources and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# No layer of a real network has fewer channels; kernels, strides and indices are smaller.
_FEWEST = 8
_DEPTH = 40


def rows_of(data: Mapping[str, Any]) -> list[Any]:
    """Return the rows of both tables."""
    return [*(data.get("backbone") or ()), *(data.get("head") or ())]


def args_of(data: Mapping[str, Any], layer: int) -> list[Any] | None:
    """Return a row's args, None where it has none."""
    rows = rows_of(data)
    args = rows[layer][3] if layer < len(rows) and len(rows[layer]) > 3 else None
    return list(args) if isinstance(args, list) else None


def with_args(data: Mapping[str, Any], layer: int, args: Sequence[Any]) -> dict[str, Any]:
    """Return the data with other args in one row; the given data stays."""
    _, repeats, module, *_ = rows_of(data)[layer]
    return with_row(data, layer, repeats, module, args)


def with_row(
    data: Mapping[str, Any], layer: int, repeats: Any, module: Any, args: Sequence[Any]
) -> dict[str, Any]:
    """Return the data with another class in one row, which reads what it read."""
    changed = dict(data)
    backbone = list(data["backbone"])
    name = "backbone" if layer < len(backbone) else "head"
    table = list(data[name])
    place = layer if name == "backbone" else layer - len(backbone)
    table[place] = [table[place][0], repeats, module, list(args)]
    changed[name] = table
    return changed


def sources_of(data: Mapping[str, Any], layer: int) -> list[int]:
    """Return the layers that a row reads; -1 is the image."""
    from_ = rows_of(data)[layer][0]
    numbers = from_ if isinstance(from_, list) else [from_]
    return [layer + n if n < 0 else n for n in numbers if isinstance(n, int)]


def nominals_at(data: Mapping[str, Any], layer: int, depth: int = 0) -> list[int]:
    """Return the channels that the YAML itself may give for a layer, the likeliest first.

    They are the row's own first number, else that of what it reads, or the sum of those.
    """
    if layer < 0 or depth > _DEPTH:
        return []
    found = []
    args = args_of(data, layer) or [None]
    if isinstance(args[0], int) and not isinstance(args[0], bool) and args[0] >= _FEWEST:
        found.append(args[0])
    sources = sources_of(data, layer)
    above = [nominals_at(data, source, depth + 1)[:1] for source in sources]
    if above and all(above):
        found.append(sum(numbers[0] for numbers in above))
    return list(dict.fromkeys(found))
