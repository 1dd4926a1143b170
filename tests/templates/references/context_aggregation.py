"""ContextAggregation in float64: the values of all places first, image by image."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 64, 13, 17)),
    ((), (2, 3, 1, 1)),
    ((2,), (1, 40, 5, 2)),
    ((64,), (2, 8, 3, 9)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("a.conv", 1, 64, 1, 1),
    plain.conv_keys("k.conv", 1, 64, 1, 1),
    plain.conv_keys("v.conv", 64, 64, 1, 1),
    plain.conv_keys("m.conv", 64, 64, 1, 1),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 8450, 256: 132098, 1024: 2101250}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    a, k, v = (plain.conv(state, f"{name}.conv", x) for name in "akv")
    out = torch.empty_like(x)
    for image, result, gate, score, values in zip(x, out, a, k, v, strict=True):
        share = torch.exp(score - score.max())
        context = (values * share).sum((1, 2)) / share.sum()
        added = plain.conv(state, "m.conv", context[None, :, None, None])[0]
        result.copy_(image + added * plain.sigmoid(gate))
    return out


class _Layer(nn.Module):
    def __init__(self, planes, out_planes):
        super().__init__()
        self.conv = nn.Conv2d(planes, out_planes, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(self, in_channels, reduction=1):
        super().__init__()
        planes = max(in_channels // reduction, 1)
        self.a, self.k = _Layer(in_channels, 1), _Layer(in_channels, 1)
        self.v, self.m = _Layer(in_channels, planes), _Layer(planes, in_channels)

    def forward(self, x: Tensor) -> Tensor:
        n = x.shape[0]
        gate = torch.sigmoid(self.a(x))
        weights = torch.softmax(self.k(x).reshape(n, -1, 1), dim=1)
        values = self.v(x).flatten(2)
        context = torch.matmul(values, weights).unsqueeze(-1)
        return x + self.m(context) * gate
