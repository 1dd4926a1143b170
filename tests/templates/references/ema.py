"""EMA in float64, both views whole, as the equations have them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 64, 5, 6)),
    ((), (2, 6, 1, 1)),
    ((), (1, 40, 1, 4)),
    ((), (1, 7, 2, 2)),
    ((1024,), (1, 32, 5, 2)),
    ((None, 8), (1, 48, 6, 7)),
    ((16, 1), (1, 16, 3, 3)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "gn.weight": (2,),
    "gn.bias": (2,),
    "conv1x1.weight": (2, 2, 1, 1),
    "conv1x1.bias": (2,),
    "conv3x3.weight": (2, 2, 3, 3),
    "conv3x3.bias": (2,),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 48, 256: 672, 1024: 10368}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """Group by group."""
    state = {key: value.double() for key, value in module.state_dict().items()}
    width = len(state["gn.weight"])
    parts = [_group(state, x[:, i : i + width]) for i in range(0, x.shape[1], width)]
    return torch.cat(parts, 1)


def _group(state: dict[str, Tensor], x: Tensor) -> Tensor:
    weight, bias = state["conv1x1.weight"][:, :, 0, 0], state["conv1x1.bias"][:, None]
    rows = torch.einsum("oc,nchw->noh", weight, x) / x.shape[3] + bias
    columns = torch.einsum("oc,nchw->now", weight, x) / x.shape[2] + bias
    u = torch.einsum("nchw,nch,ncw->nchw", x, rows.sigmoid(), columns.sigmoid())
    u = u - u.mean((2, 3), keepdim=True)
    u = u / (u.pow(2).mean((2, 3), keepdim=True) + 1e-5).sqrt()
    u = u * state["gn.weight"][:, None, None] + state["gn.bias"][:, None, None]
    v = _convolve(x, state["conv3x3.weight"]) + state["conv3x3.bias"][:, None, None]
    score = torch.zeros_like(x[:, 0])
    for one, other in ((u, v), (v, u)):
        share = one.mean((2, 3)).exp()
        share = share / share.sum(1, keepdim=True)
        score = score + torch.einsum("nc,nchw->nhw", share, other)
    return x / (1 + torch.exp(-score))[:, None]


def _convolve(x: Tensor, weight: Tensor) -> Tensor:
    height, width = x.shape[2:]
    padded = F.pad(x, (1, 1, 1, 1))
    out = torch.zeros_like(x)
    for a in range(3):
        for b in range(3):
            window = padded[:, :, a : a + height, b : b + width]
            out += torch.einsum("oc,nchw->nohw", weight[:, :, a, b], window)
    return out


class Transcription(nn.Module):
    """As the usual tutorials write it."""

    def __init__(self, channels: int, c2: int | None = None, factor: int = 32) -> None:
        super().__init__()
        self.groups = factor
        width = channels // factor
        self.softmax = nn.Softmax(-1)
        self.agp = nn.AdaptiveAvgPool2d((1, 1))
        self.pool_h = nn.AdaptiveAvgPool2d((None, 1))
        self.pool_w = nn.AdaptiveAvgPool2d((1, None))
        self.gn = nn.GroupNorm(width, width)
        self.conv1x1 = nn.Conv2d(width, width, kernel_size=1)
        self.conv3x3 = nn.Conv2d(width, width, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        group = x.reshape(n * self.groups, -1, h, w)
        line = torch.cat((self.pool_h(group), self.pool_w(group).permute(0, 1, 3, 2)), dim=2)
        rows, columns = torch.split(self.conv1x1(line), [h, w], dim=2)
        u = self.gn(group * rows.sigmoid() * columns.permute(0, 1, 3, 2).sigmoid())
        v = self.conv3x3(group)
        share_u = self.softmax(self.agp(u).reshape(len(group), 1, -1))
        share_v = self.softmax(self.agp(v).reshape(len(group), 1, -1))
        score = torch.matmul(share_u, v.flatten(2)) + torch.matmul(share_v, u.flatten(2))
        return (group * score.reshape(-1, 1, h, w).sigmoid()).reshape(n, c, h, w)
