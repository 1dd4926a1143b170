"""Estimate the cost of a layer from its manifest: attention weights and multiply-adds."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yamlmod.registry.measured import measured
from yamlmod.registry.template import Template

_HEADS = ("heads", "n_heads", "num_heads")
_COPIES = 3  # of the weights in training: scores, weights, gradient
_BYTES = 4
_DONE: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


@dataclass(frozen=True)
class Cost:
    """Cost per image and layer: attention weights, and multiply-adds of a forward pass."""

    weights: int
    multiply_adds: int

    @property
    def bytes(self) -> int:
        """Peak memory of the attention weights in training, in float32."""
        return self.weights * _COPIES * _BYTES


def cost(template: Template, args: Sequence[Any], channels: int, height: int, width: int) -> Cost:
    """Estimate the cost of a layer of ``channels`` on a map of that size; 0 if unknown."""
    places = height * width
    if not template.weights:
        return Cost(0, _measured(template, channels, places))
    given = {**_arguments(template, args), "places": places, "height": height, "width": width}
    weights = _value(ast.parse(template.weights, mode="eval").body, given)
    heads = next((given[name] for name in _HEADS if name in given), 1)
    return Cost(weights, 2 * weights * channels // max(heads, 1))


def _arguments(template: Template, args: Sequence[Any]) -> dict[str, int]:
    found = {}
    for position, argument in enumerate(template.arguments):
        value = args[position] if position < len(args) else _literal(argument.default)
        if isinstance(value, int):
            found[argument.name] = value
    return found


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None


def _value(node: ast.expr, names: Mapping[str, int]) -> int:
    if isinstance(node, ast.BinOp):
        return _DONE[type(node.op)](_value(node.left, names), _value(node.right, names))
    if isinstance(node, ast.Name):
        return max(names[node.id], 1)
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    raise ValueError(ast.dump(node))


def _measured(template: Template, channels: int, places: int) -> int:
    """Multiply-adds, scaled from the nearest measured shape."""
    found = measured(template)
    if found is None:
        return 0
    best: tuple[float, float] | None = None
    for shape, millions in found.mmacs.items():
        count, height, width = map(int, shape.split("x"))
        scaled = millions * (channels / count) ** 2 * places / (height * width)
        distance = abs(channels - count)
        if best is None or distance < best[0]:
            best = distance, scaled
    return 0 if best is None else int(best[1] * 1e6)
