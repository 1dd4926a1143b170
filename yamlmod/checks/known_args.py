"""What the args of modules that every family has can be: how many, and what stands first.

Only what holds in YOLOv3 to v12 alike is here, counted as a row gives it: parse_model puts the
input channels in front, and the number of repeats behind the first where the class takes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yamlmod.checks.subject import number
from yamlmod.model.document import Row

# The fewest and the most args over all families.
_COUNTS: Mapping[str, tuple[int, int]] = {
    "Conv": (1, 7),
    "DWConv": (1, 5),
    "GhostConv": (1, 5),
    "Focus": (1, 6),
    **dict.fromkeys(["C3", "C3TR", "C3Ghost", "C3x", "C2", "C2f", "BottleneckCSP"], (1, 4)),
    "C3SPP": (1, 5),
    "C3k2": (1, 6),
    "C2fCIB": (1, 5),
    "A2C2f": (1, 8),
    "Bottleneck": (1, 5),
    "C2PSA": (1, 2),
    "PSA": (1, 2),
    "SPP": (1, 2),
    "SPPF": (1, 4),
    "SPPELAN": (2, 3),
    "RepNCSPELAN4": (3, 4),
    "ADown": (1, 1),
    "AConv": (1, 1),
    "SCDown": (3, 3),
    "CBFuse": (1, 1),
    "Concat": (0, 1),
    "Contract": (0, 1),
    "Expand": (0, 1),
    "ReOrg": (0, 0),
    "Silence": (0, 0),
    "MP": (0, 1),
    "SP": (0, 2),
    "nn.Upsample": (2, 5),
}
_NO_CHANNELS = frozenset(
    ["CBFuse", "Concat", "Contract", "Expand", "ReOrg", "Silence", "MP", "SP", "nn.Upsample"]
)
_SHORTCUT = frozenset(
    ["C3", "C3TR", "C3Ghost", "C3x", "C2", "C2f", "C3k2", "C2fCIB", "BottleneckCSP", "Bottleneck"]
)
_DIMENSIONS = range(-4, 4)


def objection(row: Row) -> str | None:
    """Return what is wrong with the args of a known module, None where nothing is."""
    name = f"layer {row.index} {row.module}"
    if row.module == "nn.Upsample" and row.args and number(row.args[0]) is not None:
        return f"the first of the args of {name} is the size of the map; its scale stands second"
    known = _COUNTS.get(row.module)
    if known is None:
        return None
    least, most = known
    if not least <= len(row.args) <= most:
        count = str(least) if least == most else f"{least} to {most}"
        return f"{name} has {len(row.args)} args, and {row.module} takes {count}"
    return _first(row, name) if row.args else None


def _first(row: Row, name: str) -> str | None:
    first: Any = row.args[0]
    if row.module not in _NO_CHANNELS:
        # A name such as `nc`, or `na*(nc+5)`, is worked out by the parser.
        if not isinstance(first, str) and (number(first) or 0) < 1:
            return f"the first of the args of {name} is {first}; its output channels belong there"
        second = number(row.args[1]) if len(row.args) > 1 else None
        if row.module in _SHORTCUT and second is not None and second > 1:
            return f"the second of the args of {name} is {second}; it is a switch, True or False"
    if row.module == "Concat" and number(first) is not None and first not in _DIMENSIONS:
        return (
            f"the argument of {name} is the dimension to join, and a map has no dimension {first}"
        )
    return None
