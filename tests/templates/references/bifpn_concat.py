"""BiFPN_Concat in float64, on the two halves of a map's channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((1,), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((), (1, 7, 5, 4)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {"inner.w": (2,)}
OFFICIAL_PARAMS: dict[int, int] = {64: 2, 256: 2, 1024: 2}


def channels(count: int, *_: object) -> list[int]:
    """The channels of the inputs that are made of a map of ``count``."""
    return [count // 2, count - count // 2]


class OneMap(nn.Module):
    """The module, on inputs that are made of one map."""

    def __init__(self, inner: nn.Module, *_: object) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        half = x.shape[1] // 2
        return self.inner([x[:, :half], x[:, half:]])


def shares(w: Tensor) -> Tensor:
    """The share of each input."""
    positive = torch.stack([max(value, 0 * value) for value in w.double()])
    return positive / (positive.sum() + 1e-4)


def reference(module: nn.Module, x: Tensor) -> Tensor:
    share = shares(plain.state_of(module)["inner.w"])
    half = x.shape[1] // 2
    return torch.cat((x[:, :half] * share[0], x[:, half:] * share[1]), 1)


class Plain(nn.Module):
    """As a reader of the paper would write it, for any number of inputs."""

    def __init__(self, channels: list[int], dimension: int = 1) -> None:
        super().__init__()
        self.dimension = dimension
        self.w = nn.Parameter(torch.ones(len(channels)))

    def forward(self, x: list[Tensor]) -> Tensor:
        w = torch.relu(self.w)
        w = w / (w.sum() + 1e-4)
        return torch.cat([w[i] * x[i] for i in range(len(x))], self.dimension)


def Transcription(channels: list[int], *args: int) -> nn.Module:
    return OneMap(Plain(channels, *args))
