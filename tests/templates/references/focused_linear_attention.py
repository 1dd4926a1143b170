"""FocusedLinearAttention in float64: the weights of all pairs of places written out."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    (((3, 5), 2), (1, 12, 3, 5)),
    (((6, 9), 4, False), (2, 16, 4, 12)),
    (((4, 4), 1, True, None, 0.0, 0.0, 1, 1), (1, 8, 5, 4)),
    (((1, 2), 2, True, 0.5, 0.0, 0.0, 8, 3), (2, 8, 6, 3)),
    (((7, 7), 2, True, None, 0.0, 0.0, 4, 7), (1, 24, 7, 7)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    {"scale": (1, 1, 64), "positional_encoding": (1, 400, 64)},
    {"qkv.weight": (192, 64), "qkv.bias": (192,)},
    {"proj.weight": (64, 64), "proj.bias": (64,)},
    plain.conv_keys("dwc", 8, 1, 5, 5),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 42512, 256: 366656, 1024: 4612352}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    n, c, height, width = x.shape
    q, k, v = plain.conv(state, "qkv", x).chunk(3, 1)
    table = state["positional_encoding"][0].T
    table = table.reshape(1, c, module.positional_encoding.height, -1)
    k = k + functional.interpolate(table, size=(height, width), mode="bilinear")
    scale = torch.log1p(torch.exp(state["scale"])).reshape(c, 1, 1)
    q, k = (_focused(part, scale, module.power) for part in (q, k))
    q, k, seen = (plain.heads_of(part, module.heads) for part in (q, k, v))
    alike = torch.einsum("nmdi,nmdj->nmij", q, k)
    # The 1e-6 stands beside the mean of a row.
    alike = alike / (alike.sum(3, keepdim=True) + 1e-6 * height * width)
    out = torch.einsum("nmij,nmdj->nmdi", alike, seen).reshape(x.shape)
    depth, side = state["dwc.weight"].shape[0], state["dwc.weight"].shape[2] // 2
    shared = v.reshape(n * module.heads, depth, height, width)
    out = out + plain.conv(state, "dwc", shared, (side, side), groups=depth).reshape(x.shape)
    return plain.conv(state, "proj", out)


def _focused(z: Tensor, scale: Tensor, power: int) -> Tensor:
    u = (plain.relu(z) + 1e-6) / scale
    powers = torch.ones_like(u)
    for _ in range(power):
        powers = powers * u
    lengths = [(part * part).sum(1, keepdim=True).sqrt() for part in (u, powers)]
    return powers * lengths[0] / lengths[1]


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(
        self,
        dim,
        window_size=(20, 20),
        num_heads=8,
        qkv_bias=True,
        qk_scale=None,
        attn_drop=0.0,
        proj_drop=0.0,
        focusing_factor=3,
        kernel_size=5,
    ):
        super().__init__()
        depth = dim // num_heads
        self.heads, self.power, self.sides = num_heads, focusing_factor, window_size
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)
        self.dwc = nn.Conv2d(depth, depth, kernel_size, padding=kernel_size // 2, groups=depth)
        self.scale = nn.Parameter(torch.zeros(1, 1, dim))
        self.positional_encoding = nn.Parameter(
            torch.zeros(1, window_size[0] * window_size[1], dim)
        )

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        q, k, v = self.qkv(x.flatten(2).transpose(1, 2)).chunk(3, -1)
        table = self.positional_encoding
        if (h, w) != tuple(self.sides):
            table = table.transpose(1, 2).reshape(1, c, *self.sides)
            table = functional.interpolate(table, size=(h, w), mode="bilinear")
            table = table.flatten(2).transpose(1, 2)
        scale = functional.softplus(self.scale)
        q, k = (self._focused((torch.relu(part) + 1e-6) / scale) for part in (q, k + table))
        q, k, v = (part.reshape(n, h * w, self.heads, -1).transpose(1, 2) for part in (q, k, v))
        below = q @ k.mean(2, keepdim=True).transpose(2, 3) + 1e-6
        out = q @ (k.transpose(2, 3) @ v / (h * w)) / below
        out = out.transpose(2, 3).reshape(n, c, h, w)
        local = self.dwc(v.transpose(2, 3).reshape(n * self.heads, -1, h, w))
        out = out + local.reshape(n, c, h, w)
        out = self.proj(out.flatten(2).transpose(1, 2))
        return out.transpose(1, 2).reshape(n, c, h, w)

    def _focused(self, u: Tensor) -> Tensor:
        powers = u**self.power
        return powers / powers.norm(dim=-1, keepdim=True) * u.norm(dim=-1, keepdim=True)
