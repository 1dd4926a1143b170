"""PPA in float64: patches one after the other, their values in one line each."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 32, 1, 1)),
    ((), (2, 10, 3, 5)),
    ((), (1, 2, 2, 7)),
    ((0.1,), (1, 48, 9, 4)),
]


def _unit_keys(name: str, out: int, channels: int, side: int) -> dict[str, tuple[int, ...]]:
    return plain.merged(
        plain.conv_keys(f"{name}.conv", out, channels, side, side),
        plain.norm_keys(f"{name}.norm", out),
    )


def _patch_keys(name: str, side: int) -> dict[str, tuple[int, ...]]:
    return plain.merged(
        {f"{name}.prompt": (64,), f"{name}.top_down_transform": (64, 64)},
        plain.conv_keys(f"{name}.mlp1", 32, side * side),
        plain.conv_keys(f"{name}.norm", 32),
        plain.conv_keys(f"{name}.mlp2", 64, 32),
        plain.conv_keys(f"{name}.conv", 64, 64, 1, 1),
    )


OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    _unit_keys("skip", 64, 64, 1),
    *(_unit_keys(f"c{i}", 64, 64, 3) for i in (1, 2, 3)),
    plain.conv_keys("sa.conv2d", 1, 2, 7, 7),
    plain.conv_keys("cn.conv.0", 1, 1, 3, bias=False),
    _patch_keys("lga2", 2),
    _patch_keys("lga4", 4),
    plain.norm_keys("bn1", 64),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 137382, 256: 2171240, 1024: 34636904}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    skip = _unit(state, "skip", x, 0)
    parts = [skip, _patches(state, "lga2", skip, 2), _patches(state, "lga4", skip, 4)]
    for name in ("c1", "c2", "c3"):
        x = plain.relu(_unit(state, name, x, 1))
        parts.append(x)
    y = plain.total(parts)
    y = y * _channels(state, y)[:, :, None, None]
    pooled = torch.stack((y.sum(1) / y.shape[1], y.amax(1)), 1)
    y = y * plain.sigmoid(plain.conv(state, "sa.conv2d", pooled, (3, 3)))
    return plain.relu(plain.norm(state, "bn1", y))


def _unit(state: plain.State, name: str, x: Tensor, reach: int) -> Tensor:
    return plain.norm(state, f"{name}.norm", plain.conv(state, f"{name}.conv", x, (reach, reach)))


def _patches(state: plain.State, name: str, x: Tensor, side: int) -> Tensor:
    n, c, height, width = x.shape
    rows, columns = max(height // side, 1), max(width // side, 1)
    full = torch.zeros(n, c, max(height, side), max(width, side)).double()
    full[:, :, :height, :width] = x
    told = torch.zeros(n, c, rows, columns).double()
    for i in range(rows):
        for j in range(columns):
            patch = full[:, :, i * side : (i + 1) * side, j * side : (j + 1) * side]
            means = patch.reshape(n, side * side, c).sum(2) / c
            told[:, :, i, j] = _word(state, name, means)
    return plain.conv(state, f"{name}.conv", _spread(told, height, width))


def _word(state: plain.State, name: str, means: Tensor) -> Tensor:
    """What one patch says, (N, C)."""
    hidden = plain.linear(state, f"{name}.mlp1", means)
    hidden = hidden - hidden.mean(1, keepdim=True)
    hidden = hidden / ((hidden * hidden).mean(1, keepdim=True) + 1e-5).sqrt()
    hidden = hidden * state[f"{name}.norm.weight"] + state[f"{name}.norm.bias"]
    word = plain.linear(state, f"{name}.mlp2", hidden)
    word = word * plain.softmax(word, 1)
    aim = state[f"{name}.prompt"]
    like = (word * aim).sum(1) / ((word * word).sum(1) * (aim * aim).sum()).sqrt()
    word = word * like.clamp(min=0)[:, None]
    return torch.einsum("nc,cd->nd", word, state[f"{name}.top_down_transform"])


def _spread(x: Tensor, height: int, width: int) -> Tensor:
    """Every new place from the two nearest old ones along each axis."""
    for axis, size in ((2, height), (3, width)):
        old = x.shape[axis]
        slices = []
        for i in range(size):
            at = min(max((i + 0.5) * old / size - 0.5, 0.0), old - 1.0)
            low = math.floor(at)
            near, far = x.select(axis, low), x.select(axis, min(low + 1, old - 1))
            slices.append(near * (1 - at + low) + far * (at - low))
        x = torch.stack(slices, axis)
    return x


def _channels(state: plain.State, x: Tensor) -> Tensor:
    """For each channel, a gate from the means around it."""
    kernel = state["cn.conv.0.weight"].flatten()
    reach = len(kernel) // 2
    count, channels = x.shape[:2]
    means = torch.zeros(count, channels + 2 * reach).double()
    means[:, reach : reach + channels] = x.sum((2, 3)) / (x.shape[2] * x.shape[3])
    gates = [w * means[:, i : i + channels] for i, w in enumerate(kernel)]
    return plain.sigmoid(plain.total(gates))


class _Conv(nn.Module):
    def __init__(self, channels: int, out: int, side: int, act: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, side, padding=side // 2)
        self.norm = nn.BatchNorm2d(out)
        self.act = nn.ReLU() if act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.conv(x)))


class _Patches(nn.Module):
    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.side = side
        self.prompt = nn.Parameter(torch.randn(channels))
        self.top_down_transform = nn.Parameter(torch.eye(channels))
        self.mlp1 = nn.Linear(side * side, channels // 2)
        self.norm = nn.LayerNorm(channels // 2)
        self.mlp2 = nn.Linear(channels // 2, channels)
        self.conv = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        n, c, height, width = x.shape
        side = self.side
        patches = F.unfold(x, side, stride=side)  # N, C * side * side, places
        patches = patches.transpose(1, 2).reshape(n, -1, side * side, c).mean(-1)
        word = self.mlp2(self.norm(self.mlp1(patches)))
        word = word * torch.softmax(word, -1)
        like = F.normalize(word, dim=-1) @ F.normalize(self.prompt, dim=0).unsqueeze(-1)
        word = (word * like.clamp(0, 1)) @ self.top_down_transform
        word = word.transpose(1, 2).reshape(n, c, height // side, width // side)
        word = F.interpolate(word, (height, width), mode="bilinear", align_corners=False)
        return self.conv(word)


class _Channels(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        size = int(abs((math.log2(channels) + 1) / 2))
        size = size if size % 2 else size + 1
        self.pool = nn.AdaptiveAvgPool2d(1)
        conv = nn.Conv1d(1, 1, size, padding=size // 2, bias=False)
        self.conv = nn.Sequential(conv, nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        gate = self.conv(self.pool(x).flatten(2).transpose(1, 2))
        return x * gate.transpose(1, 2).unsqueeze(-1)


class _Places(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        pooled = torch.cat((x.mean(1, keepdim=True), x.max(1, keepdim=True)[0]), 1)
        return x * torch.sigmoid(self.conv2d(pooled))


class Transcription(nn.Module):
    """The branches one after the other, their sum, and the gates."""

    def __init__(self, in_features: int, filters: int, drop: float = 0.0) -> None:
        super().__init__()
        self.skip = _Conv(in_features, filters, 1, False)
        self.c1 = _Conv(in_features, filters, 3, True)
        self.c2 = _Conv(filters, filters, 3, True)
        self.c3 = _Conv(filters, filters, 3, True)
        self.sa, self.cn = _Places(), _Channels(filters)
        self.lga2, self.lga4 = _Patches(filters, 2), _Patches(filters, 4)
        self.bn1, self.drop = nn.BatchNorm2d(filters), nn.Dropout2d(drop)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        skip = self.skip(x)
        first = self.c1(x)
        second = self.c2(first)
        third = self.c3(second)
        y = first + second + third + skip + self.lga2(skip) + self.lga4(skip)
        y = self.drop(self.sa(self.cn(y)))
        return self.relu(self.bn1(y))
