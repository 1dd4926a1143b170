"""MLCA in float64, tile by tile and gate by gate."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 64, 10, 15)),
    ((), (2, 3, 1, 1)),
    ((), (1, 256, 2, 3)),
    ((3,), (1, 40, 5, 2)),
    ((4, 1, 0, 0.9), (1, 16, 9, 4)),
    ((1, 3, 2, 0), (2, 8, 6, 5)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "conv.weight": (1, 1, 3),
    "conv_local.weight": (1, 1, 3),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 6, 256: 10, 1024: 10}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """Every place takes the mean gate of the tiles that it lies in."""
    state = {key: value.double().flatten() for key, value in module.state_dict().items()}
    side, (height, width) = module.local_size, x.shape[2:]
    tiles = _means(x, side, side)
    line = tiles.permute(0, 2, 3, 1).flatten(1)  # all channels of a tile, then the next tile's
    local = 1 / (1 + torch.exp(-_along(line, state["conv_local.weight"])))
    local = local.reshape(len(x), side, side, -1).permute(0, 3, 1, 2)
    whole = 1 / (1 + torch.exp(-_along(tiles.mean((2, 3)), state["conv.weight"])))
    share = module.local_weight
    gate = share * local + (1 - share) * whole[:, :, None, None]
    return x * _means(gate, height, width)


def _along(line: Tensor, weight: Tensor) -> Tensor:
    padded = F.pad(line, (len(weight) // 2,) * 2)
    taps = [padded[:, i : i + line.shape[1]] * factor for i, factor in enumerate(weight)]
    return torch.stack(taps).sum(0)


def _means(x: Tensor, rows: int, columns: int) -> Tensor:
    """Adaptive pooling: part i of n reads from floor(i size / n) to ceil((i + 1) size / n)."""
    height, width = x.shape[2:]
    out = torch.empty(*x.shape[:2], rows, columns, dtype=torch.float64)
    for i in range(rows):
        for j in range(columns):
            down = slice(i * height // rows, math.ceil((i + 1) * height / rows))
            across = slice(j * width // columns, math.ceil((j + 1) * width / columns))
            out[:, :, i, j] = x[:, :, down, across].mean((2, 3))
    return out


class Transcription(nn.Module):
    """As the usual tutorials write it."""

    def __init__(
        self,
        in_size: int,
        local_size: int = 5,
        gamma: int = 2,
        b: int = 1,
        local_weight: float = 0.5,
    ) -> None:
        super().__init__()
        self.local_size, self.local_weight = local_size, local_weight
        length = int(abs(math.log(in_size, 2) + b) / gamma)
        length = length if length % 2 else length + 1
        self.conv = nn.Conv1d(1, 1, length, padding=(length - 1) // 2, bias=False)
        self.conv_local = nn.Conv1d(1, 1, length, padding=(length - 1) // 2, bias=False)
        self.local_pool = nn.AdaptiveAvgPool2d(local_size)
        self.global_pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        side = self.local_size
        tiles = self.local_pool(x)
        whole = self.global_pool(tiles).reshape(n, c, 1).transpose(1, 2)
        whole = self.conv(whole).reshape(n, c, 1, 1).sigmoid()
        local = self.conv_local(tiles.reshape(n, c, -1).transpose(1, 2).reshape(n, 1, -1))
        local = local.reshape(n, side * side, c).transpose(1, 2).reshape(n, c, side, side)
        whole = F.adaptive_avg_pool2d(whole, [side, side])
        gate = whole * (1 - self.local_weight) + local.sigmoid() * self.local_weight
        return x * F.adaptive_avg_pool2d(gate, [h, w])
