"""Choose the channels of a copied row: which of its args are channels, and by what they change."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.model.document import Row
from yamlmod.model.known_modules import MODULES
from yamlmod.model.network import Network

_LEAST = 16
"""A smaller number in the args of a class that is not known is no number of channels."""
_SHARED = (Fraction(2, 5), Fraction(4, 5))


def node_channels(model: Network, layer: int) -> int:
    """Return the channels of a layer as the YAML counts them; refuse where they are not known."""
    nominal = model.shapes[layer].nominal
    if nominal is None:
        row = model.rows[layer]
        raise Refusal(
            "unknown-channels",
            f"the channels of {model.document.describe(layer)} are not known, so those of the new "
            "scale cannot be derived",
            place=model.document.place(row.start, row.end),
            hint="yamlmod does not know a module before it",
        )
    return nominal


def finer_ratio(model: Network, up: int, deeper: int, taps: tuple[int, int]) -> Fraction:
    """Return by what the channels of the next finer scale differ from those of the finest one.

    As the backbone's own do; equal where the neck has the same channels at every scale.
    """
    if node_channels(model, up) == node_channels(model, deeper):
        return Fraction(1)
    here, finer = (model.shapes[layer].nominal for layer in taps)
    if here and finer and _SHARED[0] <= Fraction(finer, here) <= _SHARED[1]:
        return Fraction(finer, here)
    return Fraction(1, 2)


def scaled(channels: int, ratio: Fraction) -> int:
    """Return channels times a ratio; a multiple of 8 where it is no whole number."""
    value = channels * ratio
    return int(value) if value.denominator == 1 else max(8, round(value / 8) * 8)


def new_widths(
    model: Network, row: Row, ratio: Fraction, given: dict[int, int] | None = None
) -> list[tuple[int, int]]:
    """Return (argument, channels) of a copy of ``row``; ``given`` holds channels that are known."""
    changes = []
    for position in _positions(model, row):
        old = row.args[position]
        new = (given or {}).get(old, scaled(old, ratio))
        if position == 0:
            new = _buildable(model, row.module, new, old)
        if new != old:
            changes.append((position, new))
    return changes


def _buildable(model: Network, module: str, new: int, old: int) -> int:
    """Return channels that the class can have at every scale of the file, doubled if need be."""
    step = MODULES[module].step if module in MODULES else 1
    scales = [scale for scale in model.shapes.scales if scale.own]
    while new < old and any(scale.scaled(new) % step for scale in scales):
        new *= 2
    return new


def _positions(model: Network, row: Row) -> list[int]:
    kind = model.kind(row.module)
    numbers = [i for i, value in enumerate(row.args) if _is_number(value)]
    if kind is None or kind.channels == "resnet":
        if any(row.args[i] >= _LEAST for i in numbers) or _has_list(row.args):
            raise Refusal(
                "unknown-channels",
                f"{model.document.describe(row.index)} has to be copied for the new scale, and "
                "which of its args are channels is not known",
                place=model.document.place(*row.spans[3]),
                hint="`yamlmod new` describes a class of your own to the registry",
            )
        return []
    known = MODULES.get(row.module)
    if kind.channels in ("scaled", "arg0", "arg1"):
        wanted = known.widths if known is not None else (0,)
        # A Conv of as many groups as channels stays one.
        same = [i for i in numbers if i not in wanted and row.args[i] == row.args[0] >= _LEAST]
        return [i for i in numbers if i in (*wanted, *same)]
    if kind.channels == "same" and numbers[:1] == [0]:
        is_width = row.args[0] == model.shapes[row.index].nominal and row.args[0] >= _LEAST
        return [0] if is_width else []
    return []


def _is_number(value: Any) -> bool:
    return type(value) is int


def _has_list(args: tuple[Any, ...]) -> bool:
    return any(isinstance(value, list) and any(map(_is_number, value)) for value in args)
