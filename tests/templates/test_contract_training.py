"""What training asks of every template: the stride probe, YOLO's own set-up, every optimizer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from . import support

Grouping = Callable[[nn.Module], list[nn.Parameter]]
each = pytest.mark.parametrize("folder", support.folders())


def by_attribute(model: nn.Module) -> list[nn.Parameter]:
    """YOLOv5 v5.0 to v6.0 and YOLOv7: biases, then weights of norms and of everything else."""
    biases, norms, weights = [], [], []
    for _, part in model.named_modules():
        if isinstance(getattr(part, "bias", None), nn.Parameter):
            biases.append(part.bias)
        if isinstance(part, nn.BatchNorm2d):
            norms.append(part.weight)
        elif isinstance(getattr(part, "weight", None), nn.Parameter):
            weights.append(part.weight)
    return [*biases, *norms, *weights]


def by_kind_of_norm(model: nn.Module) -> list[nn.Parameter]:
    """YOLOv5 v6.1 and v6.2: every class of torch.nn with Norm in its name counts as one."""
    kinds = tuple(kind for name, kind in nn.__dict__.items() if "Norm" in name)
    biases, norms, weights = [], [], []
    for part in model.modules():
        if isinstance(getattr(part, "bias", None), nn.Parameter):
            biases.append(part.bias)
        if isinstance(part, kinds):
            norms.append(part.weight)
        elif isinstance(getattr(part, "weight", None), nn.Parameter):
            weights.append(part.weight)
    return [*biases, *norms, *weights]


def by_own_parameters(model: nn.Module) -> list[nn.Parameter]:
    """YOLOv5 v7.0 and later: whatever a module holds itself, by any name."""
    return [value for part in model.modules() for value in part.parameters(recurse=False)]


def like_yolo(module: nn.Module) -> nn.Module:
    """What YOLOv5 does to every model after it is built."""
    for part in module.modules():
        if type(part) is nn.BatchNorm2d:
            part.eps, part.momentum = 1e-3, 0.03
        elif type(part) in (nn.Hardswish, nn.LeakyReLU, nn.ReLU, nn.ReLU6, nn.SiLU):
            part.inplace = True
    return module


@each
@pytest.mark.parametrize("grouping", [by_attribute, by_kind_of_norm, by_own_parameters])
def test_every_optimizer_sees_every_parameter_once(folder: str, grouping: Grouping) -> None:
    module = support.build(folder, 64, *support.usual(folder))
    # A norm without weights would put None into a group, and torch would refuse it.
    assert sorted(map(id, grouping(module))) == sorted(map(id, module.parameters()))


@each
def test_an_old_optimizer_moves_every_parameter(folder: str) -> None:
    module = support.build(folder, support.narrow(folder), *support.usual(folder)).train()
    support.randomise(module, 3)
    values = dict(module.named_parameters())
    before = {name: value.detach().clone() for name, value in values.items()}
    x = support.image(2, support.narrow(folder), 9, 8).requires_grad_()
    module(x).square().sum().backward()
    gradients = {name: value.grad for name, value in values.items()}
    if values:
        torch.optim.SGD(by_attribute(module), lr=0.1).step()
    for name, value in values.items():
        gradient = gradients[name]
        assert gradient is not None, name
        # A step below half the spacing of float32 at the value (a gradient of noise) is none.
        expected = before[name].add(gradient, alpha=-0.1)
        assert torch.equal(value, before[name]) == torch.equal(expected, before[name]), name


@each
@pytest.mark.parametrize("side", [8, 4, 2, 1])
def test_stride_probe(folder: str, side: int) -> None:
    """One image in train mode, down to the 1x1 map of YOLOv5's 32-pixel pass."""
    if not support.takes_sides(folder, side):
        return
    module = like_yolo(support.build(folder, 64, *support.usual(folder))).train()
    x = support.image(1, 64, side, side).requires_grad_()
    out = module(x)
    assert out.shape == (1, 64, *support.sides_after(folder, side, side))
    assert torch.isfinite(out).all()
    out.sum().backward()
    assert all(value.grad is not None for value in module.parameters())


@each
@pytest.mark.parametrize("training", [False, True])
def test_in_place_activations_change_nothing(folder: str, training: bool) -> None:
    """YOLO sets inplace after construction; neither the input nor a gradient may suffer."""
    plain = support.filled(folder, support.narrow(folder), *support.usual(folder))
    yolo = support.filled(folder, support.narrow(folder), *support.usual(folder))
    for part in yolo.modules():
        if hasattr(part, "inplace"):
            part.inplace = True
    found = []
    for module in (plain, yolo):
        x = support.image(2, support.narrow(folder), 9, 8)
        inner = (x * 1.0).requires_grad_()
        out = module.train(training)(inner)
        out.square().sum().backward()
        assert torch.equal(inner, x)
        found.append([out.detach(), inner.grad, *(v.grad for v in module.parameters())])
    for near, far in zip(*found, strict=True):
        assert near is not None and far is not None
        assert support.gap(near, far) < 1e-5 or float((near - far).abs().max()) < 1e-6


@each
def test_running_statistics_are_finite_after_any_batch(folder: str) -> None:
    module = support.build(folder, support.narrow(folder), *support.usual(folder)).train()
    for shape in ((1, 1, 1), (2, 1, 1), (1, 4, 4)):
        if not support.takes_sides(folder, *shape[1:]):
            continue
        module(support.image(shape[0], support.narrow(folder), *shape[1:]))
    for name, value in module.state_dict().items():
        assert torch.isfinite(value.double()).all(), name
