"""What only FocusedLinearAttention must do: its table on every map, its powers, its names."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch
from torch import nn

from . import support

FOLDER = "focused_linear_attention"


@pytest.mark.parametrize("sides", [(6, 9), (3, 4), (1, 1), (20, 7)])
def test_table_is_interpolated_as_torch_does_it(sides: tuple[int, int]) -> None:
    table = support.build(FOLDER, 16, (6, 9)).positional_encoding
    nn.init.normal_(table.weight)
    square = table.weight.transpose(1, 2).reshape(1, 16, 6, 9)
    expected = nn.functional.interpolate(square, size=sides, mode="bilinear")
    assert support.gap(table.resized(*sides), expected.flatten(2)) < 1e-5


def test_table_for_graphs_is_that_of_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph serves all sizes: it interpolates, also where the map has those of the table."""
    module, x = support.filled(FOLDER, 16, (6, 9)), support.image(2, 16, 6, 9)
    nn.init.normal_(module.positional_encoding.weight)
    room = vars(sys.modules[type(module).__module__])
    with torch.no_grad():
        expected = module(x)
        monkeypatch.setitem(room, "_FocusedLinearAttention_is_recorded", lambda: True)
        assert support.gap(module(x), expected) < 1e-5


@pytest.mark.parametrize("power", [1, 3, 8])
@pytest.mark.parametrize("size", [0.0, 1e-4, 1e4])
def test_no_power_leaves_the_range_of_float32(power: int, size: float) -> None:
    module = support.filled(FOLDER, 64, (20, 20), 8, True, None, 0.0, 0.0, power)
    x = (support.image(1, 64, 6, 5) * size).requires_grad_()
    out = module(x)
    out.sum().backward()
    assert torch.isfinite(out).all() and torch.isfinite(x.grad).all()


def test_names_of_bare_parameters_are_kept() -> None:
    model = nn.Sequential(support.build(FOLDER, 16))
    assert {"0.scale", "0.positional_encoding"} < set(model.state_dict())
    seen = {
        id(value)
        for part in model.modules()
        for value in (getattr(part, "weight", None), getattr(part, "bias", None))
        if isinstance(value, nn.Parameter)
    }
    assert seen == set(map(id, model.parameters()))


@pytest.mark.parametrize(
    ("channels", "args", "row"),
    [
        (20, (), "[[20, 20], 5]"),
        (16, (20,), "[[20, 20]]"),
        (16, ([20],), "[[20, 20]]"),
        (16, ([20, 0],), "[]"),
        (16, ([20, 20], 512), "[]"),
        (16, ([20, 20], 8, True, None, 0.0, 0.0, 3, 4), "[]"),
    ],
)
def test_refusals_name_the_row_to_write(channels: int, args: tuple[Any, ...], row: str) -> None:
    with pytest.raises((TypeError, ValueError)) as refusal:
        support.build(FOLDER, channels, *args)
    assert str(refusal.value).endswith(f"write the row [-1, 1, FocusedLinearAttention, {row}]")
