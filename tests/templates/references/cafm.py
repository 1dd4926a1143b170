"""CAFM in float64: layers on a depth of 1 tap by tap, slots by their place in memory."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 7, 9)),
    ((), (2, 8, 1, 1)),
    ((), (1, 6, 2, 3)),
    ((1,), (1, 5, 4, 5)),
    ((4, True), (2, 16, 5, 6)),
    ((8, True), (1, 8, 6, 4)),
]


def _keys(name: str, *shape: int, bias: bool = False) -> dict[str, tuple[int, ...]]:
    return plain.conv_keys(name, *shape, bias=bias)


OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    {"temperature": (2, 1, 1)},
    _keys("qkv", 192, 64, 1, 1, 1),
    _keys("qkv_dwconv", 192, 1, 3, 3, 3),
    _keys("project_out", 64, 64, 1, 1, 1),
    _keys("fc", 9, 6, 1, 1, 1, bias=True),
    _keys("dep_conv", 64, 9, 3, 3, 3, bias=True),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 37249, 256: 345409, 1024: 4527169}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = {}
    for key, value in plain.state_of(module).items():
        # A layer on a depth of 1 with zeros around it sees the middle of its kernel.
        state[key] = value[:, :, value.shape[2] // 2] if value.dim() == 5 else value
    n, c, height, width = x.shape
    qkv = plain.conv(state, "qkv", x)
    qkv = plain.conv(state, "qkv_dwconv", qkv, (1, 1), groups=3 * c)
    heads = module.num_heads
    q, k, v = (plain.heads_of(part, heads) for part in qkv.chunk(3, 1))
    q, k = (part / part.square().sum(3, keepdim=True).sqrt() for part in (q, k))
    scores = torch.einsum("nhip,nhjp->nhij", q, k) * state["temperature"]
    out = torch.einsum("nhij,nhjp->nhip", plain.softmax(scores, 3), v)
    out = plain.conv(state, "project_out", out.reshape(n, c, height, width))
    return out + plain.conv(state, "dep_conv", _mixed(state, qkv, heads), (1, 1), groups=c // heads)


def _mixed(state: plain.State, qkv: Tensor, heads: int) -> Tensor:
    """What dep_conv sees: number by number, by the index that a slot has in memory."""
    n, total, height, width = qkv.shape
    slots, depth, places = 3 * heads, total // (3 * heads), height * width
    flat = qkv.contiguous().reshape(n, -1)
    weight, bias = state["fc.weight"].reshape(9, slots), state["fc.bias"]
    out = torch.zeros(n, depth, 9, places).double()
    for place in range(places):
        for channel in range(depth):
            first = place * slots * depth + channel
            seen = flat[:, first : first + slots * depth : depth]  # one number for each slot
            out[:, channel, :, place] = seen @ weight.T + bias
    return out.reshape(n, depth * 9, height, width)


class Transcription(nn.Module):
    """The equations with the operators that tutorials use: 3D layers on a depth of 1."""

    def __init__(self, dim, num_heads=2, bias=False):
        super().__init__()
        self.heads = num_heads
        depth = dim // num_heads
        self.temperature = nn.Parameter(torch.ones(num_heads, 1, 1))
        self.qkv = nn.Conv3d(dim, dim * 3, 1, bias=bias)
        self.qkv_dwconv = nn.Conv3d(dim * 3, dim * 3, 3, padding=1, groups=dim * 3, bias=bias)
        self.project_out = nn.Conv3d(dim, dim, 1, bias=bias)
        self.fc = nn.Conv3d(3 * num_heads, 9, 1)
        self.dep_conv = nn.Conv3d(9 * depth, dim, 3, padding=1, groups=depth)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        qkv = self.qkv_dwconv(self.qkv(x.unsqueeze(2))).squeeze(2)
        slots = qkv.reshape(n, h * w, 3 * self.heads, -1).permute(0, 2, 1, 3)
        mixed = self.fc(slots.unsqueeze(2)).squeeze(2)  # n, 9, places, depth
        mixed = mixed.permute(0, 3, 1, 2).reshape(n, -1, h, w)
        local = self.dep_conv(mixed.unsqueeze(2)).squeeze(2)
        q, k, v = (part.reshape(n, self.heads, -1, h * w) for part in qkv.chunk(3, 1))
        q, k = functional.normalize(q, dim=-1), functional.normalize(k, dim=-1)
        weights = torch.softmax(q @ k.transpose(-2, -1) * self.temperature, dim=-1)
        out = (weights @ v).reshape(n, c, h, w)
        return self.project_out(out.unsqueeze(2)).squeeze(2) + local
