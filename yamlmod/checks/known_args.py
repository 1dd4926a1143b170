"""Check the args of modules that every family has: how many, and what is first."""

from __future__ import annotations

from typing import Any

from yamlmod.checks.subject import number
from yamlmod.model.document import Row
from yamlmod.model.known_modules import MODULES, KnownModule

_DIMENSIONS = range(-4, 4)


def objection(row: Row) -> str | None:
    """Return what is wrong with the args of a known module, None where nothing is."""
    name = f"layer {row.index} {row.module}"
    if row.module == "nn.Upsample" and row.args and number(row.args[0]) is not None:
        return f"the first of the args of {name} is the size of the map; its scale stands second"
    known = MODULES.get(row.module)
    if known is None or known.args is None:
        return None
    least, most = known.args
    if not least <= len(row.args) <= most:
        count = str(least) if least == most else f"{least} to {most}"
        return f"{name} has {len(row.args)} args, and {row.module} takes {count}"
    return _first(row, known, name) if row.args else None


def _first(row: Row, known: KnownModule, name: str) -> str | None:
    first: Any = row.args[0]
    if known.kind is not None and known.kind.channels == "scaled":
        # A name such as `nc`, or `na*(nc+5)`, is worked out by the parser.
        if not isinstance(first, str) and (number(first) or 0) < 1:
            return f"the first of the args of {name} is {first}; its output channels belong there"
        second = number(row.args[1]) if len(row.args) > 1 else None
        if known.switch and second is not None and second > 1:
            return f"the second of the args of {name} is {second}; it is a switch, True or False"
    if row.module == "Concat" and number(first) is not None and first not in _DIMENSIONS:
        return (
            f"the argument of {name} is the dimension to join, and a map has no dimension {first}"
        )
    return None
