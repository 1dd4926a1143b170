"""ECA in float64, gate by gate."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 1, 1, 1)),
    ((1,), (1, 6, 3, 2)),
    ((7,), (2, 5, 4, 4)),
    ((None,), (1, 256, 4, 3)),
    ((None,), (1, 3, 4, 3)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {"conv.weight": (1, 1, 3)}
OFFICIAL_PARAMS: dict[int, int] = {64: 3, 256: 3, 1024: 3}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """Every gate as a sum over the channels around its own."""
    weight = module.state_dict()["conv.weight"].double().flatten()
    pooled = x.sum((2, 3)) / (x.shape[2] * x.shape[3])
    out = torch.empty_like(x)
    for channel in range(x.shape[1]):
        score = torch.zeros_like(pooled[:, 0])
        for tap, factor in enumerate(weight):
            other = channel + tap - len(weight) // 2
            if 0 <= other < x.shape[1]:
                score = score + factor * pooled[:, other]
        out[:, channel] = x[:, channel] / (1 + torch.exp(-score))[:, None, None]
    return out


class Transcription(nn.Module):
    """As the usual tutorials write it."""

    def __init__(self, channel: int, k_size: int = 3) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.conv = nn.Conv1d(1, 1, k_size, padding=(k_size - 1) // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.avg_pool(x).squeeze(-1).transpose(1, 2)
        gate = torch.sigmoid(self.conv(pooled)).transpose(1, 2).unsqueeze(-1)
        return x * gate.expand_as(x)
