"""Tensors of outputs and of weights: found, compared and named in one way for every worker."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import yamlmod

torch = pytest.importorskip("torch")

from yamlmod.runtime.yamlmod_worker.tensors import (  # noqa: E402
    carried_name,
    class_name,
    difference,
    finite,
    layer_of,
    short_name,
    tensors,
)

_WORKER = Path(yamlmod.__file__).parent / "runtime" / "yamlmod_worker"
_NAN, _INF = float("nan"), float("inf")


def _t(*numbers: float) -> Any:
    return torch.tensor(numbers)


def test_every_tensor_is_found_in_order() -> None:
    a, b, c = _t(1), _t(2), _t(3)
    output = [a, {"x": (b, None), "y": {"z": [c]}}, 4, "text"]
    assert [int(part) for part in tensors(output)] == [1, 2, 3]
    assert tensors(None) == tensors(torch.Size([1, 2])) == []


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.0, 2.0], [1.0, 1.0], 0.5),
        ([1.0, _NAN], [1.0, 2.0], _INF),
        ([1.0, 2.0], [1.0, _NAN], _INF),
        ([_INF], [_INF], _INF),
        ([1.0], [1.0, 1.0], _INF),
        ([], [], 0.0),
    ],
)
def test_how_far_two_outputs_differ(
    first: list[float], second: list[float], expected: float
) -> None:
    assert difference([_t(*first)], [_t(*second)]) == pytest.approx(expected)
    assert difference([], []) == 0.0
    assert difference([_t(1.0)], []) == _INF


def test_numbers_that_are_none() -> None:
    assert finite([_t(1.0), torch.tensor([1])])
    assert not finite([_t(1.0), _t(_NAN)])
    assert not finite([_t(_INF)])


@pytest.mark.parametrize(
    ("name", "layer", "carried"),
    [
        ("model.3.conv.weight", 3, "model.4.conv.weight"),
        ("model.5.m.0.cv1.bn.bias", 5, None),
        ("model.3.", 3, "model.4."),
        ("model.3.a\nb", 3, "model.4.a\nb"),
        ("anchors", None, "anchors"),
        ("model.x.weight", None, "model.x.weight"),
        ("other.model.3.weight", None, "other.model.3.weight"),
    ],
)
def test_a_name_follows_its_layer(name: str, layer: int | None, carried: str | None) -> None:
    assert layer_of(name) == layer
    assert carried_name(name, {3: 4}) == carried


def test_classes_are_named_as_in_a_yaml() -> None:
    assert class_name(torch.nn.Upsample()) == "nn.Upsample"
    assert short_name("models.common.Conv") == "Conv"


def test_no_other_file_reads_these_names() -> None:
    pattern = re.compile(r"model\\\.\(\\d")
    files = [p.name for p in _WORKER.rglob("*.py") if pattern.search(p.read_text("utf-8"))]
    assert files == ["tensors.py"]
