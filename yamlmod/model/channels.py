"""Static output channels and strides, at every scale of a file; no torch, nothing is built."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from yamlmod.model.document import Document, Row
from yamlmod.model.graph import Graph, names_outputs, outputs_per_cell
from yamlmod.model.known_modules import (
    FIVE_SIZES,
    KNOWN,
    OF_ONE_INPUT,
    ONE_SIZE,
    Kind,
)
from yamlmod.model.refs import IMAGE


class Scale(NamedTuple):
    """One width of a file: `n`, `s`... of `scales:`, or the file's own width_multiple."""

    name: str
    width: float
    max_channels: float
    # False for the widths of YOLOv5's family that a file with a width of its own can be set to.
    own: bool = True

    def scaled(self, nominal: int) -> int:
        """Return nominal channels at this width, as make_divisible(c * width, 8) gives them."""
        return math.ceil(min(nominal, self.max_channels) * self.width / 8) * 8


FAMILY: Mapping[str, float] = {"n": 0.25, "s": 0.5, "m": 0.75, "l": 1.0, "x": 1.25}
"""The widths of YOLOv5's sizes, which its users set in `width_multiple`."""

_FACTORS = (2, 4, 8)
# P8.
_MOST_STRIDE = 256

NOMINAL = Scale("nominal", 1.0, math.inf)


class Shape(NamedTuple):
    """A layer's output: channels as the YAML counts them, at each scale, and stride to the image.

    None where a module on the way is not known.
    """

    nominal: int | None
    real: tuple[int | None, ...]
    stride: float | None


@dataclass(frozen=True, repr=False)
class Shapes:
    """The shapes of all layers of a document, and the scales they were taken at."""

    scales: tuple[Scale, ...]
    layers: tuple[Shape, ...]

    def __getitem__(self, layer: int) -> Shape:
        if layer == IMAGE:
            return Shape(3, (3,) * len(self.scales), 1.0)
        return self.layers[layer]


def file_scales(settings: Mapping[str, Any], modules: Collection[str]) -> tuple[Scale, ...]:
    """Return the scales of a file: its `scales:` table, else its own width and YOLOv5's sizes.

    Those only for a network of its blocks: YOLOv7 has the same keys, and one size.
    """
    table = settings.get("scales")
    if isinstance(table, dict):
        rows = {str(k): v for k, v in table.items() if isinstance(v, list) and len(v) >= 2}
        found = tuple(
            _scale(name, row[1], row[2] if len(row) > 2 else None) for name, row in rows.items()
        )
        if found:
            return found
    own = _scale("file", settings.get("width_multiple", 1.0), None)
    if "width_multiple" not in settings or "depth_multiple" not in settings:
        return (own,)
    is_family = any(name in FIVE_SIZES or name.startswith("C3") for name in modules)
    if not is_family or not ONE_SIZE.isdisjoint(modules):
        return (own,)
    return (own, *(Scale(name, width, math.inf, False) for name, width in FAMILY.items()))


def _scale(name: str, width: Any, limit: Any) -> Scale:
    usable = isinstance(width, (int, float)) and 0 < width < 100
    bounded = isinstance(limit, (int, float)) and limit > 0
    return Scale(name, float(width) if usable else 1.0, float(limit) if bounded else math.inf)


def infer_shapes(
    document: Document, graph: Graph, extra: Mapping[str, Kind] | None = None
) -> Shapes:
    """Return every layer's channels and stride; ``extra`` adds kinds by module name."""
    scales = file_scales(document.settings, {row.module for row in document.rows})
    kinds = {**KNOWN, **(extra or {})}
    done: list[Shape] = []
    shapes = Shapes(scales, ())
    for row, reads in zip(document.rows, graph.reads, strict=True):
        shapes = Shapes(scales, tuple(done))
        inputs = [shapes[read.target] for read in reads]
        kind = kinds.get(row.module)
        if kind is None or not inputs:
            done.append(Shape(None, (None,) * len(scales), None))
            continue
        width = range(len(scales))
        done.append(
            Shape(
                _channels(kind, row, [s.nominal for s in inputs], NOMINAL, document),
                tuple(
                    _channels(kind, row, [s.real[i] for s in inputs], scales[i], document)
                    for i in width
                ),
                bounded_stride(kind, row, [s.stride for s in inputs]),
            )
        )
    return Shapes(scales, tuple(done))


def _channels(
    kind: Kind, row: Row, inputs: Sequence[int | None], scale: Scale, document: Document
) -> int | None:
    rule = kind.channels
    if rule == "scaled":
        return _scaled(row, scale, document)
    if rule in ("arg0", "arg1", "resnet"):
        return _argument_channels(rule, row)
    if rule == "sum":
        return None if None in inputs else sum(c for c in inputs if c is not None)
    source = inputs[_position(rule, row, len(inputs))]
    if source is None or rule in ("many", "head"):
        return None
    block = _integer_argument(row, 0, 2) ** 2
    return {
        "same": source,
        "first": source,
        "last": source,
        "level0": source,
        "half": source // 2,
        "times4": source * 4,
        "contract": source * block,
        "expand": source // block,
    }[rule]


def _position(rule: str, row: Row, count: int) -> int:
    """Return which input a rule means."""
    if rule == "level0":
        level = row.args[0] if row.args else 0
        return level if type(level) is int and 0 <= level < count else 0
    return -1 if rule == "last" else 0


def _scaled(row: Row, scale: Scale, document: Document) -> int | None:
    first = row.args[0] if row.args else None
    outputs = outputs_per_cell(document.settings)
    if names_outputs(first):
        return outputs
    if isinstance(first, bool) or not isinstance(first, int) or first < 1:
        return None
    # parse_model leaves a head's own output channels unscaled.
    return first if first == outputs or scale is NOMINAL else scale.scaled(first)


def _argument_channels(rule: str, row: Row) -> int | None:
    position = 0 if rule == "arg0" else 1
    value = row.args[position] if len(row.args) > position else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    if rule == "resnet" and not (len(row.args) > 3 and row.args[3] is True):
        return value * 4
    return value


def _integer_argument(row: Row, position: int, default: int) -> int:
    value = row.args[position] if len(row.args) > position else default
    usable = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1000
    return value if usable else default


def _factor(row: Row, position: int, default: int) -> float | None:
    """Return by what a map grows; less than 1 where it shrinks.

    A fork's own class by another factor than a power of two has another argument there.
    """
    value = row.args[position] if len(row.args) > position else default
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1000
    if not row.module.startswith("nn.") and value not in _FACTORS:
        return None
    return float(value) if usable else default


def _may_stride(kind: Kind, row: Row) -> bool:
    """Check for [c2, kernel, 2], the arguments of a strided Conv, where they say nothing of one.

    Some forks have a gate or a block of the same name that strides.
    """
    numbers = [value for value in row.args[:3] if type(value) is int]
    rule = kind.stride
    says = rule != "1" and not (rule.startswith("arg") and int(rule[3:]) >= len(row.args))
    return not says and len(numbers) == 3 and numbers[2] == 2


def _stride_argument(row: Row, position: int, default: int) -> int | None:
    """Return the stride that a row names, None where there is another value."""
    if position >= len(row.args):
        if default:
            return default
        position -= 1
    value = row.args[position] if position < len(row.args) else None
    return value if type(value) is int and 0 < value < 1000 else None


def _resnet_stride(row: Row) -> int | None:
    """Return the stride of [c1, c2, stride, is_first, n]; of args in another order nothing."""
    step, stem = (*row.args[2:4], None, None)[:2]
    if type(step) is not int or type(stem) is not bool:
        return None
    return 4 if stem else step


def bounded_stride(kind: Kind, row: Row, inputs: Sequence[float | None]) -> float | None:
    """Return the stride behind a row; one that no network has says that the module is another."""
    stride = stride_after(kind, row, inputs)
    return stride if stride is None or is_stride(stride) else None


def is_stride(stride: float) -> bool:
    """Check whether a network has such a stride: no map is a third of another."""
    return stride <= _MOST_STRIDE and stride % 3 != 0


def stride_after(kind: Kind, row: Row, inputs: Sequence[float | None]) -> float | None:
    """Return the stride after a row, None where it is not known."""
    first = inputs[_position(kind.stride, row, len(inputs))]
    mixed = kind.stride not in OF_ONE_INPUT and any(stride != first for stride in inputs)
    if first is None or mixed or kind.stride == "?" or kind.channels in ("head", "many"):
        return None
    if kind.stride in OF_ONE_INPUT:
        return first
    if _may_stride(kind, row):
        return None
    if kind.stride == "resnet" or kind.stride.startswith("arg"):
        step = (
            _resnet_stride(row)
            if kind.stride == "resnet"
            else _stride_argument(row, int(kind.stride[3:]), kind.default)
        )
        return None if step is None else first * step
    if kind.stride.startswith("up"):
        factor = _factor(row, int(kind.stride[2:]), kind.default)
        return None if factor is None else first / factor
    return first * int(kind.stride)
