"""LocalWindowAttention in float64: each window of the padded map computed by itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 8, 1, 1)),
    ((), (2, 12, 7, 7)),
    ((8, 2), (1, 16, 3, 10)),
    ((4, 6, 1.5, 14, 3, (3, 7)), (1, 24, 5, 9)),
    ((8, 1, 4.0, 4, 7, (5,)), (2, 16, 4, 6)),
    ((8, 2, 4.0, 14, 1, (1, 3)), (1, 16, 1, 1)),
]

_DISTANCES = 49
OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    {"attn.attention_biases": (4, _DISTANCES)},
    {"attn.attention_bias_idxs": (_DISTANCES, _DISTANCES)},
    *(plain.conv_keys(f"attn.qkvs.{i}.c", 48, 16, 1, 1, bias=False) for i in range(4)),
    *(plain.norm_keys(f"attn.qkvs.{i}.bn", 48) for i in range(4)),
    *(plain.conv_keys(f"attn.dws.{i}.c", 16, 1, 5, 5, bias=False) for i in range(4)),
    *(plain.norm_keys(f"attn.dws.{i}.bn", 16) for i in range(4)),
    plain.conv_keys("attn.proj.1.c", 64, 64, 1, 1, bias=False),
    plain.norm_keys("attn.proj.1.bn", 64),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 9604, 256: 93316, 1024: 1349764}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    height, width = x.shape[2:]
    size = module.window
    high, wide = (-(-side // size) * size for side in (height, width))
    padded = torch.zeros(*x.shape[:2], high, wide).double()
    padded[:, :, :height, :width] = x
    out = torch.zeros_like(padded)
    for top in range(0, high, size):
        for left in range(0, wide, size):
            window = (..., slice(top, top + size), slice(left, left + size))
            out[window] = _window(state, module.attn.heads, module.attn.key_dim, padded[window])
    return out[:, :, :height, :width]


def _window(state: plain.State, heads: int, key_dim: int, x: Tensor) -> Tensor:
    parts, found = x.chunk(heads, 1), []
    before = torch.zeros_like(parts[0])
    for head, part in enumerate(parts):
        mixed = plain.conv(state, f"attn.qkvs.{head}.c", part + before)
        mixed = plain.norm(state, f"attn.qkvs.{head}.bn", mixed)
        q, k, v = mixed.split((key_dim, key_dim, part.shape[1]), 1)
        side = state[f"attn.dws.{head}.c.weight"].shape[2] // 2
        q = plain.conv(state, f"attn.dws.{head}.c", q, (side, side), groups=key_dim)
        q = plain.norm(state, f"attn.dws.{head}.bn", q)
        scores = torch.einsum("ndhw,ndij->nhwij", q, k) * key_dim**-0.5
        scores = scores + _distances(state["attn.attention_biases"][head], x.shape[2])
        weights = plain.softmax(scores.flatten(3), -1).reshape(scores.shape)
        before = torch.einsum("nhwij,ncij->nchw", weights, v)
        found.append(before)
    y = plain.relu(torch.cat(found, 1))
    return plain.norm(state, "attn.proj.1.bn", plain.conv(state, "attn.proj.1.c", y))


def _distances(table: Tensor, size: int) -> Tensor:
    """The number of every pair of places of a window, (rows, columns, rows, columns)."""
    found = torch.zeros(size, size, size, size).double()
    for i in range(size):
        for j in range(size):
            for k in range(size):
                for m in range(size):
                    found[i, j, k, m] = table[abs(i - k) * size + abs(j - m)]
    return found


class _Conv(nn.Sequential):
    def __init__(self, channels, out_channels, side=1, groups=1, gain=1.0):
        super().__init__()
        around = side // 2
        self.c = nn.Conv2d(channels, out_channels, side, 1, around, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)
        nn.init.constant_(self.bn.weight, gain)


class _Cascade(nn.Module):
    def __init__(self, dim, key_dim, heads, size, kernels):
        super().__init__()
        self.split = (key_dim, key_dim, dim // heads)
        self.qkvs = nn.ModuleList(_Conv(dim // heads, sum(self.split)) for _ in range(heads))
        self.dws = nn.ModuleList(_Conv(key_dim, key_dim, kernels[i], key_dim) for i in range(heads))
        self.proj = nn.Sequential(nn.ReLU(), _Conv(dim, dim, gain=0.0))
        self.attention_biases = nn.Parameter(torch.zeros(heads, size * size))
        down, across = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
        down, across = down.flatten(), across.flatten()
        index = (down[:, None] - down).abs() * size + (across[:, None] - across).abs()
        self.register_buffer("attention_bias_idxs", index)

    def forward(self, x: Tensor) -> Tensor:
        biases = self.attention_biases[:, self.attention_bias_idxs]
        parts, found = x.chunk(len(self.qkvs), 1), []
        for i, part in enumerate(parts):
            u = part + found[-1] if found else part
            q, k, v = self.qkvs[i](u).split(self.split, 1)
            q, k, v = self.dws[i](q).flatten(2), k.flatten(2), v.flatten(2)
            scores = q.transpose(1, 2) @ k * self.split[0] ** -0.5 + biases[i]
            out = v @ torch.softmax(scores, -1).transpose(1, 2)
            found.append(out.reshape(part.shape))
        return self.proj(torch.cat(found, 1))


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(
        self,
        dim,
        key_dim=16,
        num_heads=4,
        attn_ratio=4.0,
        resolution=14,
        window_resolution=7,
        kernels=(5, 5, 5, 5),
    ):
        super().__init__()
        self.size = min(window_resolution, resolution)
        self.attn = _Cascade(dim, key_dim, num_heads, self.size, kernels)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        size = self.size
        x = functional.pad(x, (0, -w % size, 0, -h % size))
        rows, columns = x.shape[2] // size, x.shape[3] // size
        x = x.reshape(n, c, rows, size, columns, size).permute(0, 2, 4, 1, 3, 5)
        x = self.attn(x.reshape(-1, c, size, size))
        x = x.reshape(n, rows, columns, c, size, size).permute(0, 3, 1, 4, 2, 5)
        x = x.reshape(n, c, rows * size, columns * size)
        return x[:, :, :h, :w].contiguous()
