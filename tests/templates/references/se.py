"""SE in float64, channel by channel."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 3, 1, 1)),
    ((4,), (1, 40, 5, 2)),
    ((63,), (1, 64, 3, 3)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {"fc.0.weight": (4, 64), "fc.2.weight": (64, 4)}
OFFICIAL_PARAMS: dict[int, int] = {64: 512, 256: 8192, 1024: 131072}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """The gates of one image as two sums over channels."""
    state = {key: value.double() for key, value in module.state_dict().items()}
    pooled = x.sum((2, 3)) / (x.shape[2] * x.shape[3])
    hidden = torch.einsum("hc,nc->nh", state["fc.0.weight"], pooled).clamp(min=0)
    score = torch.einsum("ch,nh->nc", state["fc.2.weight"], hidden)
    return x / (1 + torch.exp(-score))[:, :, None, None]


class Transcription(nn.Module):
    """As the usual tutorials write it."""

    def __init__(self, channel: int, reduction: int = 16) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channel, channel // reduction, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(channel // reduction, channel, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        gate = self.fc(self.avg_pool(x).flatten(1))
        return x * gate.reshape(*gate.shape, 1, 1)
