"""LSK block in float64: both halves joined, then pooled over all their channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((), (1, 2, 2, 3)),
    ((), (1, 16, 20, 25)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("conv0", 64, 1, 5, 5),
    plain.conv_keys("conv_spatial", 64, 1, 7, 7),
    plain.conv_keys("conv1", 32, 64, 1, 1),
    plain.conv_keys("conv2", 32, 64, 1, 1),
    plain.conv_keys("conv_squeeze", 2, 2, 7, 7),
    plain.conv_keys("conv", 64, 32, 1, 1),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 11334, 256: 118470, 1024: 1652934}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state, channels = plain.state_of(module), x.shape[1]
    near = plain.conv(state, "conv0", x, (2, 2), groups=channels)
    far = plain.conv(state, "conv_spatial", near, (9, 9), groups=channels, dilation=3)
    halves = [plain.conv(state, "conv1", near), plain.conv(state, "conv2", far)]
    both = torch.cat(halves, 1)
    pooled = torch.stack((both.mean(1), both.max(1).values), 1)
    share = plain.sigmoid(plain.conv(state, "conv_squeeze", pooled, (3, 3)))
    mixed = plain.total([half * share[:, k, None] for k, half in enumerate(halves)])
    return x * plain.conv(state, "conv", mixed)


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(self, dim):
        super().__init__()
        self.conv0 = nn.Conv2d(dim, dim, 5, padding=2, groups=dim)
        self.conv_spatial = nn.Conv2d(dim, dim, 7, padding=9, groups=dim, dilation=3)
        self.conv1 = nn.Conv2d(dim, dim // 2, 1)
        self.conv2 = nn.Conv2d(dim, dim // 2, 1)
        self.conv_squeeze = nn.Conv2d(2, 2, 7, padding=3)
        self.conv = nn.Conv2d(dim // 2, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        near = self.conv0(x)
        a, b = self.conv1(near), self.conv2(self.conv_spatial(near))
        both = torch.cat((a, b), 1)
        pooled = torch.cat((both.mean(1, keepdim=True), both.max(1, keepdim=True)[0]), 1)
        share = self.conv_squeeze(pooled).sigmoid()
        return x * self.conv(a * share[:, 0:1] + b * share[:, 1:2])
