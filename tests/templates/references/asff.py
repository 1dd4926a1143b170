"""ASFF in float64, on three levels that are made of the map of one of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 4, 4)),
    ((1,), (1, 24, 6, 5)),
    ((2,), (1, 8, 13, 9)),
    ((0,), (2, 8, 1, 1)),
    ((1,), (1, 6, 1, 1)),
    ((2,), (1, 6, 1, 1)),
]


def _unit_keys(name: str, out: int, channels: int, side: int) -> dict[str, tuple[int, ...]]:
    return plain.merged(
        plain.conv_keys(f"inner.{name}.conv", out, channels, side, side, bias=False),
        plain.norm_keys(f"inner.{name}.batch_norm", out),
    )


OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    _unit_keys("stride_level_1", 64, 64, 3),
    _unit_keys("stride_level_2", 64, 64, 3),
    *(_unit_keys(f"weight_level_{i}", 16, 64, 1) for i in range(3)),
    plain.conv_keys("inner.weight_levels", 3, 48, 1, 1),
    _unit_keys("expand", 64, 64, 3),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 114291, 256: 1783539, 1024: 28367091}


def channels(count: int, *_: object) -> list[int]:
    """The channels of the inputs that are made of a map of ``count``."""
    return [count, count, count]


class OneMap(nn.Module):
    """The module, on levels that are made of one map: every other place, or each repeated."""

    def __init__(self, inner: nn.Module, level: int = 0) -> None:
        super().__init__()
        self.inner, self.level = inner, level

    def forward(self, x: Tensor) -> Tensor:
        if self.level == 0:
            twice = F.interpolate(x, scale_factor=2.0)
            return self.inner([x, twice, F.interpolate(x.flip(3), scale_factor=4.0)])
        half = x[:, :, ::2, ::2]
        if self.level == 1:
            return self.inner([half, x, F.interpolate(x.flip(3), scale_factor=2.0)])
        return self.inner([half[:, :, ::2, ::2], half, x])


def _repeated(x: Tensor, height: int, width: int) -> Tensor:
    """Each place as often as the size asks."""
    rows = [i * x.shape[2] // height for i in range(height)]
    columns = [i * x.shape[3] // width for i in range(width)]
    return x[:, :, rows][:, :, :, columns]


def _levels(x: Tensor, level: int) -> list[Tensor]:
    height, width = x.shape[2:]
    if level == 0:
        wide = _repeated(x.flip(3), 4 * height, 4 * width)
        return [x, _repeated(x, 2 * height, 2 * width), wide]
    half = x[:, :, ::2, ::2]
    if level == 1:
        return [half, x, _repeated(x.flip(3), 2 * height, 2 * width)]
    return [x[:, :, ::4, ::4], half, x]


def _unit(state: plain.State, name: str, x: Tensor, stride: int = 1) -> Tensor:
    reach = state[f"inner.{name}.conv.weight"].shape[2] // 2
    y = plain.conv(state, f"inner.{name}.conv", x, (reach, reach), stride=stride)
    y = plain.norm(state, f"inner.{name}.batch_norm", y)
    return torch.where(y > 0, y, 0.1 * y)


def _peaks(x: Tensor) -> Tensor:
    """The maxima of 3x3 windows, two apart."""
    n, c, height, width = x.shape
    padded = torch.full((n, c, height + 2, width + 2), -torch.inf).double()
    padded[:, :, 1:-1, 1:-1] = x
    rows, columns = (height + 1) // 2, (width + 1) // 2
    out = torch.zeros(n, c, rows, columns).double()
    for i in range(rows):
        for j in range(columns):
            window = padded[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            out[:, :, i, j] = window.amax((2, 3))
    return out


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state, level, size = plain.state_of(module), module.level, x.shape[2:]
    first, second, third = _levels(x, level)
    if level == 0:
        second = _unit(state, "stride_level_1", second, 2)
        third = _unit(state, "stride_level_2", _peaks(third), 2)
    else:
        first = _repeated(_unit(state, "compress_level_0", first), *size)
    if level == 1:
        third = _unit(state, "stride_level_2", third, 2)
    if level == 2:
        second = _repeated(second, *size)
    levels = (first, second, third)
    told = [_unit(state, f"weight_level_{i}", part) for i, part in enumerate(levels)]
    share = plain.softmax(plain.conv(state, "inner.weight_levels", torch.cat(told, 1)), 1)
    mixed = plain.total([part * share[:, i : i + 1] for i, part in enumerate(levels)])
    return _unit(state, "expand", mixed)


class _Conv(nn.Module):
    def __init__(self, channels: int, out: int, side: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, side, stride, side // 2, bias=False)
        self.batch_norm, self.leaky = nn.BatchNorm2d(out), nn.LeakyReLU(0.1)

    def forward(self, x: Tensor) -> Tensor:
        return self.leaky(self.batch_norm(self.conv(x)))


class Plain(nn.Module):
    """As the paper says it, for the deepest level."""

    def __init__(self, channels: list[int], level: int = 0) -> None:
        super().__init__()
        assert level == 0
        out = channels[0]
        self.stride_level_1 = _Conv(channels[1], out, 3, 2)
        self.stride_level_2 = _Conv(channels[2], out, 3, 2)
        self.weight_level_0 = _Conv(out, 16, 1)
        self.weight_level_1 = _Conv(out, 16, 1)
        self.weight_level_2 = _Conv(out, 16, 1)
        self.weight_levels = nn.Conv2d(48, 3, 1)
        self.expand = _Conv(out, out, 3)

    def forward(self, x: list[Tensor]) -> Tensor:
        second = self.stride_level_1(x[1])
        third = self.stride_level_2(F.max_pool2d(x[2], 3, stride=2, padding=1))
        told = (self.weight_level_0(x[0]), self.weight_level_1(second), self.weight_level_2(third))
        share = F.softmax(self.weight_levels(torch.cat(told, 1)), 1)
        mixed = x[0] * share[:, 0:1] + second * share[:, 1:2] + third * share[:, 2:]
        return self.expand(mixed)


def Transcription(channels: list[int], level: int = 0) -> nn.Module:
    return OneMap(Plain(channels, level), level)
