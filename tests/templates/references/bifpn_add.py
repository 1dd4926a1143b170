"""BiFPN_Add in float64, on a map and its mirror image."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain
from .bifpn_concat import shares

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((), (1, 7, 5, 4)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    {"inner.w": (2,)}, plain.conv_keys("inner.conv", 64, 64, 1, 1)
)
OFFICIAL_PARAMS: dict[int, int] = {64: 4162, 256: 65794, 1024: 1049602}


def channels(count: int, *_: object) -> list[int]:
    """The channels of the inputs that are made of a map of ``count``."""
    return [count, count]


class OneMap(nn.Module):
    """The module, on inputs that are made of one map."""

    def __init__(self, inner: nn.Module, *_: object) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner([x, x.flip(3)])


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    share = shares(state["inner.w"])
    mixed = share[0] * x + share[1] * x.flip(3)
    return plain.conv(state, "inner.conv", plain.silu(mixed))


class Plain(nn.Module):
    """As a reader of the paper would write it, for inputs of the same channels."""

    def __init__(self, channels: list[int]) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(len(channels)))
        self.act, self.conv = nn.SiLU(), nn.Conv2d(channels[0], channels[0], 1)

    def forward(self, x: list[Tensor]) -> Tensor:
        w = torch.relu(self.w)
        w = w / (w.sum() + 1e-4)
        total = w[0] * x[0]
        for i in range(1, len(x)):
            total = total + w[i] * x[i]
        return self.conv(self.act(total))


def Transcription(channels: list[int]) -> nn.Module:
    return OneMap(Plain(channels))
