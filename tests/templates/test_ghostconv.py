"""GhostConv alone: what it shares with the class of YOLOv5."""

from __future__ import annotations

import ast
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tools.real_forks import fork_copy

from . import support


def test_second_half_is_made_of_the_first() -> None:
    module = support.filled("ghostconv", 8)
    x = support.image(1, 8, 7, 5)
    with torch.no_grad():
        first, second = module(x).chunk(2, 1)
        assert torch.equal(module.cv1(x), first)
        assert torch.equal(module.cv2(first), second)


@pytest.mark.parametrize(("args", "side"), [((16, 32, 3, 2), 4), ((16, 32, 1, 1), 8)])
def test_channels_and_stride(args: tuple[int, ...], side: int) -> None:
    module = support.load_class("ghostconv")(*args)
    assert module(support.image(1, 16, 8, 8)).shape == (1, 32, side, side)


def test_an_odd_number_of_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="c2 even"):
        support.load_class("ghostconv")(16, 33)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The class of YOLOv5 7.0.14, run without the imports of its file."""
    fork = fork_copy("yolov5==7.0.14", tmp_path_factory.mktemp("ghost") / "fork")
    tree = ast.parse((Path(fork) / "models" / "common.py").read_text(encoding="utf-8"))
    wanted = {"autopad", "Conv", "GhostConv"}
    tree.body = [node for node in tree.body if getattr(node, "name", "") in wanted]
    names: dict[str, Any] = {"torch": torch, "nn": nn, "math": math}
    exec(compile(tree, "common.py", "exec"), names)
    return names["GhostConv"]


@pytest.mark.parametrize(
    "args", [(16, 32), (16, 32, 3), (16, 32, 3, 2), (8, 64, 5, 2), (32, 32, 1, 1, 2)]
)
def test_weights_of_yolov5_load_and_give_its_outputs(theirs: Any, args: tuple[int, ...]) -> None:
    torch.manual_seed(3)
    own, other = support.load_class("ghostconv")(*args).double(), theirs(*args).double()
    own.load_state_dict(other.state_dict())
    x = torch.randn(2, args[0], 9, 11, dtype=torch.float64)
    for train in (True, False):
        assert torch.equal(own.train(train)(x), other.train(train)(x))
