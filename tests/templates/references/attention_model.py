"""attention_model in float64, on a map and its mirror image."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from . import plain
from .bifpn_add import OneMap, channels

__all__ = ["OneMap", "channels"]

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 8, 1, 1)),
    ((), (1, 1, 2, 3)),
    ((), (1, 128, 5, 2)),
    ((256,), (2, 40, 3, 6)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("inner.channel_att.conv", 1, 1, 3, bias=False),
    plain.conv_keys("inner.local_att.conv_1x1", 4, 64, 1, 1, bias=False),
    plain.norm_keys("inner.local_att.bn", 4),
    plain.conv_keys("inner.local_att.F_h", 64, 4, 1, 1, bias=False),
    plain.conv_keys("inner.local_att.F_w", 64, 4, 1, 1, bias=False),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 779, 256: 12325, 1024: 196741}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    x = x * _channels(state, x)[:, :, None, None] + x.flip(3)
    height, width = x.shape[2:]
    rows = _gate(state, "F_h", x.sum(3, keepdim=True) / width)
    columns = _gate(state, "F_w", x.sum(2, keepdim=True) / height)
    return x * rows * columns


def _channels(state: plain.State, x: Tensor) -> Tensor:
    """For each channel, a weighted sum of the means around it."""
    kernel = state["inner.channel_att.conv.weight"].flatten()
    reach = len(kernel) // 2
    count, channels = x.shape[:2]
    means = torch.zeros(count, channels + 2 * reach).double()
    means[:, reach : reach + channels] = x.sum((2, 3)) / math.prod(x.shape[2:])
    gates = [w * means[:, i : i + channels] for i, w in enumerate(kernel)]
    return plain.sigmoid(plain.total(gates))


def _gate(state: plain.State, name: str, line: Tensor) -> Tensor:
    hidden = plain.conv(state, "inner.local_att.conv_1x1", line)
    hidden = plain.relu(plain.norm(state, "inner.local_att.bn", hidden))
    return plain.sigmoid(plain.conv(state, f"inner.local_att.{name}", hidden))


class _Channels(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        size = int(abs((math.log2(channels) + 1) / 2))
        size = size if size % 2 else size + 1
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.conv = nn.Conv1d(1, 1, size, padding=(size - 1) // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.conv(self.avg_pool(x).squeeze(-1).transpose(1, 2))
        return x * torch.sigmoid(gate.transpose(1, 2).unsqueeze(-1)).expand_as(x)


class _Places(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_1x1 = nn.Conv2d(channels, channels // 16, 1, bias=False)
        self.bn, self.relu = nn.BatchNorm2d(channels // 16), nn.ReLU()
        self.F_h = nn.Conv2d(channels // 16, channels, 1, bias=False)
        self.F_w = nn.Conv2d(channels // 16, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        rows = x.mean(3, keepdim=True).permute(0, 1, 3, 2)
        columns = x.mean(2, keepdim=True)
        hidden = self.relu(self.bn(self.conv_1x1(torch.cat((rows, columns), 3))))
        rows, columns = hidden.split([height, width], 3)
        rows = torch.sigmoid(self.F_h(rows.permute(0, 1, 3, 2)))
        columns = torch.sigmoid(self.F_w(columns))
        return x * rows.expand_as(x) * columns.expand_as(x)


class Plain(nn.Module):
    """As a reader of the paper would write it."""

    def __init__(self, channels: list[int]) -> None:
        super().__init__()
        self.channel_att = _Channels(channels[0])
        self.local_att = _Places(channels[0])

    def forward(self, x: list[Tensor]) -> Tensor:
        return self.local_att(self.channel_att(x[0]) + x[1])


def Transcription(channels: list[int], ch: int | None = None) -> nn.Module:
    return OneMap(Plain(channels))
