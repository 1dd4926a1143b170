"""SEAM in float64, round by round."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 8, 1, 1)),
    ((), (2, 3, 2, 3)),
    ((3,), (2, 16, 6, 5)),
    ((2, 4), (1, 8, 4, 9)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("DCovN.0.0.fn.0", 64, 1, 3, 3),
    plain.norm_keys("DCovN.0.0.fn.2", 64),
    plain.conv_keys("DCovN.0.1", 64, 64, 1, 1),
    plain.norm_keys("DCovN.0.3", 64),
    {"fc.0.weight": (4, 64), "fc.2.weight": (64, 4)},
)
OFFICIAL_PARAMS: dict[int, int] = {64: 5568, 256: 77568, 1024: 1195008}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state, u = plain.state_of(module), x
    for k in range(len(module.DCovN)):
        near = plain.gelu(plain.conv(state, f"DCovN.{k}.0.fn.0", u, (1, 1), groups=x.shape[1]))
        u = u + plain.norm(state, f"DCovN.{k}.0.fn.2", near)
        u = plain.norm(state, f"DCovN.{k}.3", plain.gelu(plain.conv(state, f"DCovN.{k}.1", u)))
    hidden = plain.relu(plain.linear(state, "fc.0", u.mean((2, 3))))
    weight = torch.exp(plain.sigmoid(plain.linear(state, "fc.2", hidden)))
    return x * weight[:, :, None, None]


class _Residual(nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x: Tensor) -> Tensor:
        return self.fn(x) + x


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(self, c1, c2, n=1, reduction=16):
        super().__init__()
        rounds = []
        for _ in range(n):
            depthwise = nn.Conv2d(c2, c2, 3, padding=1, groups=c2)
            inner = nn.Sequential(depthwise, nn.GELU(), nn.BatchNorm2d(c2))
            pointwise = (nn.Conv2d(c2, c2, 1), nn.GELU(), nn.BatchNorm2d(c2))
            rounds.append(nn.Sequential(_Residual(inner), *pointwise))
        self.DCovN = nn.Sequential(*rounds)
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        hidden = max(1, c2 // reduction)
        self.fc = nn.Sequential(
            nn.Linear(c2, hidden, bias=False),
            nn.ReLU(),
            nn.Linear(hidden, c2, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        n, c, _, _ = x.shape
        y = self.fc(self.avg_pool(self.DCovN(x)).view(n, c)).view(n, c, 1, 1)
        return x * torch.exp(y).expand_as(x)
