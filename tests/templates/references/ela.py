"""ELA in float64, the convolution tap by tap."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 64, 5, 6)),
    ((), (2, 3, 1, 1)),
    ((), (1, 16, 1, 1)),
    ((7, 1), (1, 40, 5, 2)),
    ((5, 8), (1, 16, 3, 9)),
    ((5, 1, 32), (2, 32, 6, 5)),
    ((3, None, 4), (1, 6, 4, 4)),
    ((7, 1, 16, False), (2, 16, 4, 5)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "conv1x1.0.weight": (64, 64, 1),
    "conv1x1.0.bias": (64,),
    "conv1x1.1.weight": (64,),
    "conv1x1.1.bias": (64,),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 4288, 256: 66304, 1024: 1051648}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """One gate for each row, one for each column."""
    state = {key[8:]: value.double() for key, value in module.state_dict().items()}
    groups = module.conv1x1[1].num_groups
    rows = _gate(state, groups, x.sum(3) / x.shape[3])
    columns = _gate(state, groups, x.sum(2) / x.shape[2])
    return torch.einsum("nchw,nch,ncw->nchw", x, rows, columns)


def _gate(state: dict[str, Tensor], norm_groups: int, line: Tensor) -> Tensor:
    count, channels, length = line.shape
    width, taps = state["0.weight"].shape[1:]
    kernel = state["0.weight"].reshape(channels // width, width, width, taps)
    padded = F.pad(line, (taps // 2, taps // 2)).reshape(count, channels // width, width, -1)
    out = torch.zeros(count, channels // width, width, length, dtype=torch.float64)
    for tap in range(taps):
        window = padded[..., tap : tap + length]
        out += torch.einsum("goi,ngil->ngol", kernel[..., tap], window)
    out = out.reshape(count, channels, length)
    out = out + state["0.bias"][:, None] if "0.bias" in state else out
    out = out.chunk(norm_groups, 1)
    normal = []
    for part in out:
        part = part - part.mean((1, 2), keepdim=True)
        normal.append(part / (part.pow(2).mean((1, 2), keepdim=True) + 1e-5).sqrt())
    score = torch.cat(normal, 1) * state["1.weight"][:, None] + state["1.bias"][:, None]
    return 1 / (1 + torch.exp(-score))


class Transcription(nn.Module):
    """As the usual tutorials write it."""

    def __init__(
        self,
        channels: int,
        kernel_size: int = 1,
        group_width: int | None = None,
        norm_groups: int = 16,
    ) -> None:
        super().__init__()
        groups = channels // (group_width or channels)
        self.pool_h = nn.AdaptiveAvgPool2d((None, 1))
        self.pool_w = nn.AdaptiveAvgPool2d((1, None))
        self.conv1x1 = nn.Sequential(
            nn.Conv1d(channels, channels, kernel_size, padding=kernel_size // 2, groups=groups),
            nn.GroupNorm(norm_groups, channels),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        rows = self.conv1x1(self.pool_h(x).reshape(n, c, h)).reshape(n, c, h, 1)
        columns = self.conv1x1(self.pool_w(x).reshape(n, c, w)).reshape(n, c, 1, w)
        return x * rows * columns
