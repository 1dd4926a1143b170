"""SGE in float64, group by group."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 64, 5, 6)),
    ((), (2, 3, 1, 1)),
    ((), (1, 40, 1, 4)),
    ((8,), (1, 48, 6, 7)),
    ((16,), (2, 16, 2, 3)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {"weight": (1, 8, 1, 1), "bias": (1, 8, 1, 1)}
OFFICIAL_PARAMS: dict[int, int] = {64: 16, 256: 64, 1024: 128}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """The agreement of every place with its group's mean, normalised."""
    state = {key: value.double().flatten() for key, value in module.state_dict().items()}
    places = x.shape[2] * x.shape[3]
    out = []
    groups = x.chunk(len(state["weight"]), 1)
    for part, weight, bias in zip(groups, state["weight"], state["bias"], strict=True):
        score = torch.einsum("nchw,nc->nhw", part, part.sum((2, 3)) / places)
        score = score - score.mean((1, 2), keepdim=True)
        deviation = (score.pow(2).sum((1, 2), keepdim=True) / max(places - 1, 1)).sqrt()
        score = score / (deviation + 1e-5) * weight + bias
        out.append(part / (1 + torch.exp(-score))[:, None])
    return torch.cat(out, 1)


class Transcription(nn.Module):
    """As the usual tutorials write it."""

    def __init__(self, channels: int, groups: int | None = None) -> None:
        super().__init__()
        self.groups = min(64, channels // 8) if groups is None else groups
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.weight = nn.Parameter(torch.zeros(1, self.groups, 1, 1))
        self.bias = nn.Parameter(torch.ones(1, self.groups, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        x = x.reshape(n * self.groups, -1, h, w)
        score = (x * self.avg_pool(x)).sum(dim=1, keepdim=True).reshape(len(x), -1)
        score = score - score.mean(dim=1, keepdim=True)
        score = score / (score.std(dim=1, keepdim=True) + 1e-5)
        score = score.reshape(n, self.groups, h, w) * self.weight + self.bias
        x = x * torch.sigmoid(score.reshape(n * self.groups, 1, h, w))
        return x.reshape(n, c, h, w)
