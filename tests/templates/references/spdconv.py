"""SPDConv in float64: the four parts picked place by place."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((1,), (1, 5, 6, 3)),
    ((5,), (1, 6, 7, 4)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("conv.conv", 64, 256, 3, 3, bias=False), plain.norm_keys("conv.bn", 64)
)
OFFICIAL_PARAMS: dict[int, int] = {64: 147584, 256: 2359808, 1024: 37750784}


def sides(side: int, *_: object) -> int:
    return -(-side // 2)


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    n, c, height, width = x.shape
    deep = torch.zeros(n, 4 * c, sides(height), sides(width), dtype=torch.float64)
    for row in range(height):
        for column in range(width):
            first = c * (row % 2 + 2 * (column % 2))
            deep[:, first : first + c, row // 2, column // 2] = x[:, :, row, column]
    reach = state["conv.conv.weight"].shape[2] // 2
    out = plain.conv(state, "conv.conv", deep, (reach, reach))
    return plain.silu(plain.norm(state, "conv.bn", out, module.conv.bn.eps))


class _Conv(nn.Module):
    def __init__(self, channels: int, out: int, k: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, k, padding=k // 2, bias=False)
        self.bn = nn.BatchNorm2d(out)
        self.act = nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class Transcription(nn.Module):
    """Four slices beside each other, after a row of zeros where a side is odd."""

    def __init__(self, c1: int, c2: int, k: int = 3) -> None:
        super().__init__()
        self.conv = _Conv(4 * c1, c2, k)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2))
        parts = (x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2])
        return self.conv(torch.cat(parts, 1))
