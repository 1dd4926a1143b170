"""ShuffleAttention in float64, channel by channel."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 64, 5, 6)),
    ((), (2, 6, 1, 1)),
    ((), (1, 2, 1, 4)),
    ((8,), (1, 48, 6, 7)),
    ((3,), (2, 36, 3, 3)),
    ((1,), (1, 16, 4, 5)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "cweight": (1, 2, 1, 1),
    "cbias": (1, 2, 1, 1),
    "sweight": (1, 2, 1, 1),
    "sbias": (1, 2, 1, 1),
    "gn.weight": (2,),
    "gn.bias": (2,),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 12, 256: 12, 1024: 48}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """Channel i of the line goes to 2 i, or behind the middle to 2 (i - C / 2) + 1."""
    state = {key: value.double().flatten() for key, value in module.state_dict().items()}
    width, half = len(state["cweight"]), x.shape[1] // 2
    out = torch.full_like(x, float("nan"))
    for i in range(x.shape[1]):
        plane, k = x[:, i], i % width
        mean = plane.mean((1, 2), keepdim=True)
        if i // width % 2:  # the second half of a group
            spread = (plane - mean).pow(2).mean((1, 2), keepdim=True)
            score = (plane - mean) / (spread + 1e-5).sqrt()
            score = score * state["gn.weight"][k] + state["gn.bias"][k]
            score = state["sweight"][k] * score + state["sbias"][k]
        else:
            score = state["cweight"][k] * mean + state["cbias"][k]
        out[:, 2 * i if i < half else 2 * (i - half) + 1] = plane / (1 + torch.exp(-score))
    return out


class Transcription(nn.Module):
    """As the usual tutorials write it."""

    def __init__(self, channel: int, groups: int = 64) -> None:
        super().__init__()
        self.groups = groups if channel % (2 * groups) == 0 else channel // 4
        width = channel // (2 * self.groups)
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.cweight = nn.Parameter(torch.zeros(1, width, 1, 1))
        self.cbias = nn.Parameter(torch.ones(1, width, 1, 1))
        self.sweight = nn.Parameter(torch.zeros(1, width, 1, 1))
        self.sbias = nn.Parameter(torch.ones(1, width, 1, 1))
        self.gn = nn.GroupNorm(width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        first, second = x.reshape(n * self.groups, -1, h, w).chunk(2, dim=1)
        gate = self.cweight * self.avg_pool(first) + self.cbias
        first = first * torch.sigmoid(gate)
        gate = self.sweight * self.gn(second) + self.sbias
        second = second * torch.sigmoid(gate)
        out = torch.cat((first, second), dim=1).reshape(n, c, h, w)
        out = out.reshape(n, 2, -1, h, w).permute(0, 2, 1, 3, 4)
        return out.reshape(n, c, h, w)
