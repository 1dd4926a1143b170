"""MHSA in float64: scores of all pairs of places, the positions added to the keys."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((14, 14, 2), (1, 16, 2, 3)),
    ((5, 7, 4, True), (2, 16, 7, 5)),
    ((6, 3, 1, True), (1, 8, 6, 12)),
    ((4, 4, 2, True), (1, 8, 1, 1)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    *(plain.conv_keys(name, 64, 64, 1, 1) for name in ("query", "key", "value"))
)
OFFICIAL_PARAMS: dict[int, int] = {64: 12480, 256: 197376, 1024: 3148800}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    key = plain.conv(state, "key", x)
    if "rel_h_weight" in state:
        down = _stretched(state["rel_h_weight"][0, :, :, 0].flatten(0, 1), x.shape[2])
        across = _stretched(state["rel_w_weight"][0, :, :, :, 0].flatten(0, 1), x.shape[3])
        key = key + down[:, :, None] + across[:, None, :]
    q, k, v = (
        plain.heads_of(part, module.heads)
        for part in (plain.conv(state, "query", x), key, plain.conv(state, "value", x))
    )
    return plain.attention(q, k, v, 1.0).reshape(x.shape)


def _stretched(line: Tensor, size: int) -> Tensor:
    """Linear interpolation between the centres of equal cells, constant beyond the outer ones."""
    length = line.shape[1]
    columns = []
    for i in range(size):
        at = min(max((i + 0.5) * length / size - 0.5, 0.0), length - 1.0)
        low = int(at)
        high = min(low + 1, length - 1)
        columns.append(line[:, low] * (1 - (at - low)) + line[:, high] * (at - low))
    return torch.stack(columns, 1)


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(self, n_dims, width=14, height=14, heads=4, pos_emb=False):
        super().__init__()
        self.heads, depth = heads, n_dims // heads
        self.query, self.key, self.value = (nn.Conv2d(n_dims, n_dims, 1) for _ in range(3))
        self.pos_emb = pos_emb
        if pos_emb:
            self.rel_h_weight = nn.Parameter(torch.randn(1, heads, depth, 1, height))
            self.rel_w_weight = nn.Parameter(torch.randn(1, heads, depth, width, 1))

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        q = self.query(x).view(n, self.heads, c // self.heads, -1)
        k = self.key(x).view(n, self.heads, c // self.heads, -1)
        v = self.value(x).view(n, self.heads, c // self.heads, -1)
        energy = torch.matmul(q.transpose(2, 3), k)
        if self.pos_emb:
            r = (self.rel_h_weight.transpose(3, 4) + self.rel_w_weight.transpose(3, 4)).flatten(3)
            energy = energy + torch.matmul(q.transpose(2, 3), r)
        attention = torch.softmax(energy, -1)
        return torch.matmul(v, attention.transpose(2, 3)).view(n, c, h, w)
