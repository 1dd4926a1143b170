"""More classes than --from has: believed where the file has such a head."""

from __future__ import annotations

from typing import Any

import pytest

from yamlmod.runtime.yamlmod_worker.checkpoints.meanings import Storage, Tensor
from yamlmod.runtime.yamlmod_worker.checkpoints.state import State
from yamlmod.runtime.yamlmod_worker.refused import Refused
from yamlmod.runtime.yamlmod_worker.remap.classes import check_classes, check_layers, extra_classes

_HEAD = "model.9."


def _network(classes: int, width: int = 4096) -> dict[str, tuple[int, ...]]:
    """Return shapes of a head of three outputs by class, and of as many that do not grow."""
    grow = {f"{_HEAD}m.{i}.weight": (3 * (classes + 5), width, 1, 1) for i in range(3)}
    return {"model.0.w": (8, 3), **grow, **{f"{_HEAD}box.{i}": (64, width) for i in range(3)}}


def _state(
    shapes: dict[str, tuple[int, ...]],
    classes: int | None,
    one: bool = False,
    kind: str = "float16",
) -> State:
    tensors = {}
    for index, (name, shape) in enumerate(shapes.items()):
        storage = Storage("0" if one else str(index), kind, 1 << 40)
        tensors[name] = Tensor(storage, kind, 0, shape, (1,) * len(shape))
    return State(tensors, "", [], classes, None)


def _check(state: State, own: Any) -> list[int]:
    """Return which numbers of classes were built beside that of --from."""
    built: list[int] = []

    def build(classes: int) -> dict[str, tuple[int, ...]]:
        built.append(classes)
        return _network(classes)

    if extra_classes(state, own, _HEAD):
        check_classes(state, own, _HEAD, _network(own), build)
    return built


@pytest.mark.parametrize(("classes", "own"), [(None, 80), (80, 80), (5, 80), (1, 80)])
def test_no_more_classes_need_no_proof(classes: int | None, own: int) -> None:
    assert _check(_state({}, classes), own) == []


@pytest.mark.parametrize("own", [1, 3, 80])
def test_a_head_that_is_in_the_file_is_believed(own: int) -> None:
    assert _check(_state(_network(1203), 1203), own) in ([], [own + 1])


def _one(shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return {**_network(80), f"{_HEAD}m.0.weight": shape}


_LIES = {
    "no head": _state({"model.0.w": (40_000, 3)}, 40_000),
    "the head of --from": _state(_network(80), 40_000),
    "one tensor of many rows": _state({f"{_HEAD}x": (40_000,)}, 40_000),
    "one output of many rows": _state(_one((120_015, 4096, 1, 1)), 40_000),
    "a row that is short": _state(_one((40_000,)), 40_000),
    "narrow rows": _state(dict.fromkeys(_network(80), (120015, 1, 1, 1)), 40_000),
    "one storage for all": _state(_network(40_000), 40_000, one=True),
    "bytes for numbers": _state(_network(40_000), 40_000, kind="int8"),
}


@pytest.mark.parametrize("name", _LIES)
@pytest.mark.parametrize("own", [1, 80])
def test_a_head_that_is_not_in_the_file_is_not_built(name: str, own: int) -> None:
    with pytest.raises(Refused, match="a head of that size is not in the file") as error:
        _check(_LIES[name], own)
    assert "nc: 40000" in error.value.hint


def test_layers_that_are_not_there() -> None:
    check_layers(_state(_network(80), 80).tensors, 10, "x.yaml")
    with pytest.raises(Refused, match=r"not of x\.yaml: it has the tensor model\.9\."):
        check_layers(_state(_network(80), 80).tensors, 9, "x.yaml")
