"""Branches follow the inputs of their layer, and weights are named as modules hold them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from tests.runtime.nets import Net  # noqa: E402
from tests.templates import support  # noqa: E402
from yamlmod.runtime.yamlmod_worker.checkpoints.checkpoint import open_checkpoint  # noqa: E402
from yamlmod.runtime.yamlmod_worker.checkpoints.state import find_state  # noqa: E402
from yamlmod.runtime.yamlmod_worker.remap.branches import (  # noqa: E402
    Branches,
    Joint,
    match_inputs,
)
from yamlmod.runtime.yamlmod_worker.remap.inputs import fed_layer  # noqa: E402
from yamlmod.runtime.yamlmod_worker.remap.moving import Moves  # noqa: E402
from yamlmod.runtime.yamlmod_worker.remap.names import (  # noqa: E402
    own_names,
    shapes_of,
    weights_of,
)


class Pyramid(nn.Module):
    """Maps of an image at some strides, of as many channels each."""

    def __init__(self, strides: tuple[int, ...]) -> None:
        super().__init__()
        self.strides = strides

    def forward(self, x: Any) -> Any:
        return [nn.functional.avg_pool2d(x, stride) for stride in self.strides]


class Listed(nn.Module):
    """As YOLOv5 and YOLOv7: lists by input, rows of anchors, and one part that all share."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.m = nn.ModuleList(nn.Conv2d(3, 4, 1) for _ in range(inputs))
        self.im = nn.ModuleList(nn.Sequential(nn.Conv2d(4, 4, 1)) for _ in range(inputs))
        self.scales = nn.ParameterList([nn.Parameter(torch.rand(1)) for _ in range(inputs)])
        self.shared = nn.Conv2d(4, 4, 1)
        self.register_buffer("anchors", torch.rand(inputs, 3, 2))

    def forward(self, x: Any) -> Any:
        done = []
        for i, part in enumerate(x):
            done.append(self.shared(self.im[i](self.m[i](part))) * self.scales[i])
        return done


class Detached(nn.Module):
    """As YOLOv10: a second list that gets the same maps without their gradient."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.cv2 = nn.ModuleList(nn.Sequential(nn.Conv2d(3, 4, 1)) for _ in range(inputs))
        self.one2one_cv2 = copy.deepcopy(self.cv2)

    def forward(self, x: Any) -> Any:
        once = [conv(part.detach()) for conv, part in zip(self.one2one_cv2, x, strict=True)]
        return [once, [conv(part) for conv, part in zip(self.cv2, x, strict=True)]]


class Flat(nn.Module):
    """One list with two modules for each input, one after another."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(3, 4, 1) for _ in range(2 * inputs))

    def forward(self, x: Any) -> Any:
        return [(self.convs[2 * i](part), self.convs[2 * i + 1](part)) for i, part in enumerate(x)]


class Named(nn.Module):
    """Attributes that differ in a number, and a number of other modules that are no list."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.inputs = inputs
        for number in range(inputs):
            setattr(self, f"stem{number}", nn.Conv2d(3, 4, 1))
        self.cv1, self.cv2 = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)

    def forward(self, x: Any) -> Any:
        stems = [getattr(self, f"stem{i}")(part) for i, part in enumerate(x)]
        return [self.cv2(self.cv1(part)) for part in stems]


class Trained(nn.Module):
    """Fails in evaluation; and a list that no run shows."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.m = nn.ModuleList(nn.Conv2d(3, 4, 1) for _ in range(inputs))
        self.unused = nn.ModuleList(nn.Conv2d(3, 4, 1) for _ in range(inputs))

    def forward(self, x: Any) -> Any:
        if not self.training:
            raise RuntimeError("only in training")
        return [conv(part) for conv, part in zip(self.m, x, strict=True)]


class Broken(nn.Module):
    """Cannot be run at all: the lists are of the length of its inputs."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.m = nn.ModuleList(nn.Conv2d(3, 4, 1) for _ in range(inputs))

    def forward(self, x: Any) -> Any:
        raise RuntimeError("never")


class Dual(nn.Module):
    """As YOLOv9: the second half of the inputs has lists of its own."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        half = inputs // 2
        self.cv2 = nn.ModuleList(nn.Conv2d(3, 4, 1) for _ in range(half))
        self.cv4 = nn.ModuleList(nn.Conv2d(3, 4, 1) for _ in range(half))
        self.register_buffer("anchors", torch.rand(half, 3, 2))

    def forward(self, x: Any) -> Any:
        half = len(x) // 2
        return [(self.cv2[i](x[i]), self.cv4[i](x[half + i])) for i in range(half)]


def _net(kind: Callable[[int], nn.Module], strides: tuple[int, ...]) -> Any:
    return Net(Pyramid(strides), kind(len(strides)))


def _moves(kind: Callable[[int], nn.Module], before: Any, after: Any) -> Any:
    """Where the tensors of a head go when its maps change from some strides to others."""
    old, new = _net(kind, before), _net(kind, after)
    nothing: list[int | None] = [None] * len(after)
    joint = Joint(1, 1, [0] * len(before), [0] * len(before), nothing, ([], []))
    fed = fed_layer(old, 1, len(before)), fed_layer(new, 1, len(after))
    branches = Branches(joint, *fed)
    tensors: Any = weights_of(old)
    moves = Moves(tensors, shapes_of(new), {0: 0, 1: 1}, [branches])
    return {item.name.removeprefix("model.1."): item for item in moves.moved}


_P345, _P45, _P2345 = (8, 16, 32), (16, 32), (4, 8, 16, 32)
# New places of the branches of P3, P4 and P5; those that are gone have None.
_CHANGES = [(_P345, _P45, (None, 0, 1)), (_P345, _P2345, (1, 2, 3)), (_P345, (8, 32), (0, None, 1))]


@pytest.mark.parametrize(("before", "after", "places"), _CHANGES)
@pytest.mark.parametrize(
    ("kind", "lists"),
    [
        (Listed, ("m.{}.weight", "im.{}.0.bias", "scales.{}")),
        (Detached, ("cv2.{}.0.weight", "one2one_cv2.{}.0.weight")),
        (Named, ("stem{}.weight",)),
        (Trained, ("m.{}.weight", "unused.{}.weight")),
    ],
)
def test_branches_follow_their_stride(
    kind: Any, lists: tuple[str, ...], before: Any, after: Any, places: tuple[int | None, ...]
) -> None:
    moved = _moves(kind, before, after)
    for name in lists:
        for old, new in enumerate(places):
            target = None if new is None else "model.1." + name.format(new)
            assert moved[name.format(old)].target == target, (name, old)
            assert ("stride" in moved[name.format(old)].reason) == (new is None)
    for name in {"shared.weight", "cv1.weight", "cv2.weight"} & set(moved):
        assert moved[name].target == "model.1." + name


def test_a_list_of_two_for_each_input() -> None:
    moved = _moves(Flat, _P345, _P45)
    targets = [moved[f"convs.{i}.bias"].target for i in range(6)]
    assert targets == [None, None, *(f"model.1.convs.{i}.bias" for i in range(4))]


def test_the_second_half_of_the_inputs() -> None:
    moved = _moves(Dual, (*_P345, *_P345), (*_P45, *_P45))
    for name in ("cv2.{}.weight", "cv4.{}.weight"):
        targets = [moved[name.format(i)].target for i in range(3)]
        assert targets == [None, *(f"model.1.{name.format(i)}" for i in range(2))]
    assert moved["anchors"].rows == [(1, 0), (2, 1)]


def test_rows_of_anchors() -> None:
    dropped = _moves(Listed, _P345, _P45)["anchors"]
    assert (dropped.rows, dropped.complete, dropped.left) == ([(1, 0), (2, 1)], False, 6)
    added = _moves(Listed, _P345, _P2345)["anchors"]
    assert (added.rows, added.complete, added.left) == ([(0, 1), (1, 2), (2, 3)], True, 0)
    swapped = _moves(Listed, _P345, (4, 8, 16))["anchors"]
    assert swapped.rows == [(0, 1), (1, 2)]


@pytest.mark.parametrize(
    ("sources", "origins", "before", "after", "wanted"),
    [
        # the same layers, no strides known
        ([17, 20, 23], [20, 23], [None] * 3, [None] * 2, [None, 0, 1]),
        # an auxiliary branch only is dropped: two of one stride, told apart by their layers
        ([1, 2, 3, 4], [1, 2, 4], [8, 16, 8, 16], [8, 16, 16], [0, 1, None, 2]),
        # nothing known: as many as before stay in order
        ([1, 2], [None, None], [None] * 2, [None] * 2, [0, 1]),
        # another layer of the same stride
        ([1, 2], [None, 2], [8, 16], [8, 16], [0, 1]),
        # the layer went on to another stride, and another layer has its own
        ([1, 2], [1, 2, None], [8, 16], [8, 32, 16], [0, 2]),
    ],
)
def test_inputs_are_matched(
    sources: Any, origins: Any, before: Any, after: Any, wanted: Any
) -> None:
    joint = Joint(1, 1, sources, sources, origins, (before, after))
    same = [origins.index(source) if source in origins else None for source in sources]
    assert match_inputs(joint, same, before, after) == wanted


def test_a_head_that_cannot_be_run() -> None:
    old, new = _net(Broken, _P345), _net(Broken, _P45)
    joint = Joint(1, 1, [5, 6, 7], [5, 6, 7], [6, 7], ([8.0, 16.0, 32.0], [16.0, 32.0]))
    branches = Branches(joint, fed_layer(old, 1, 3), fed_layer(new, 1, 2))
    assert [branches.place(f"m.{i}.weight").name for i in range(3)] == [
        None,
        "m.0.weight",
        "m.1.weight",
    ]


class Renamed(nn.Module):
    """Writes another name into a state dict than it has."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(3))

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        destination[prefix[:-1]] = self.weight if keep_vars else self.weight.detach()


def test_names_of_a_state_dict_are_translated() -> None:
    module = nn.ModuleDict({"gamma": Renamed(), "conv": nn.Conv2d(1, 1, 1)})
    assert list(weights_of(module)) == ["gamma.weight", "conv.weight", "conv.bias"]
    state = module.state_dict()
    assert "gamma" in state
    assert list(own_names(module, dict(state))) == list(weights_of(module))
    assert own_names(module, {"gamma.weight": 1, "other": 2}) == {"gamma.weight": 1, "other": 2}


@pytest.mark.parametrize("folder", support.all_folders())
def test_every_module_has_the_names_that_its_pickle_has(folder: str, tmp_path: Path) -> None:
    """A network is written and read back: both sides must name each tensor alike."""
    module = support.build(folder, 64, *support.usual(folder))
    network, path = Net(nn.Conv2d(3, 3, 1), module), str(tmp_path / "net.pt")
    torch.save({"model": network}, path)
    assert list(find_state(open_checkpoint(path)).tensors) == list(weights_of(network))
    torch.save({"model": network.state_dict()}, path)
    stated = find_state(open_checkpoint(path)).tensors
    assert set(own_names(network, stated)) == set(weights_of(network))
