"""EffectiveSE in float64."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 1, 1, 1)),
    ((1024,), (1, 40, 5, 2)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {"fc.weight": (64, 64, 1, 1), "fc.bias": (64,)}
OFFICIAL_PARAMS: dict[int, int] = {64: 4160, 256: 65792, 1024: 1049600}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """A gate grows evenly from 0 at -3 to 1 at 3."""
    state = {key: value.double() for key, value in module.state_dict().items()}
    pooled = x.sum((2, 3)) / (x.shape[2] * x.shape[3])
    score = torch.einsum("oc,nc->no", state["fc.weight"][:, :, 0, 0], pooled) + state["fc.bias"]
    gate = torch.where(score < -3, torch.zeros_like(score), score / 6 + 0.5)
    gate = torch.where(score > 3, torch.ones_like(score), gate)
    return x * gate[:, :, None, None]


class Transcription(nn.Module):
    """As the usual tutorials write it."""

    def __init__(self, channel: int, reduction: int = 4) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Conv2d(channel, channel, kernel_size=1, padding=0)

    def forward(self, x: Tensor) -> Tensor:
        score = self.fc(self.avg_pool(x))
        return x * (F.relu6(score + 3.0) / 6.0)
