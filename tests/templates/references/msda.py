"""MSDA in float64: every window walked place by place."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 9)),
    ((), (2, 8, 1, 1)),
    ((), (1, 16, 2, 3)),
    ((4, True, 0.3, 0.0, 0.0, 5, (1, 2)), (2, 8, 6, 5)),
    ((3, False, None, 0.0, 0.0, 1, [4, 1, 2]), (1, 9, 4, 5)),
    ((1, False, None, 0.0, 0.0, 3, (2,)), (1, 4, 7, 3)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "qkv.weight": (192, 64, 1, 1),
    "proj.weight": (64, 64),
    "proj.bias": (64,),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 16448, 256: 262400, 1024: 4195328}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    n, c, height, width = x.shape
    heads, reach = module.num_heads, module.kernel_size // 2
    q, k, v = plain.conv(state, "qkv", x).reshape(n, 3, heads, -1, height, width).unbind(1)
    out = torch.zeros_like(q)
    for head, step in enumerate(shared(heads, module.dilation)):
        offsets = [step * t for t in range(-reach, reach + 1)]
        for i in range(height):
            for j in range(width):
                keys, values = (_seen(part[:, head], i, j, offsets) for part in (k, v))
                scores = torch.einsum("nd,ndp->np", q[:, head, :, i, j], keys) * module.scale
                weights = plain.softmax(scores, 1)
                out[:, head, :, i, j] = torch.einsum("np,ndp->nd", weights, values)
    places = out.reshape(n, c, -1).permute(0, 2, 1).flatten(0, 1)
    return plain.linear(state, "proj", places).reshape(n, -1, c).permute(0, 2, 1).reshape(x.shape)


def shared(heads: int, dilation: tuple[int, ...]) -> list[int]:
    """The dilation of every head: shares differ by one at most, the larger ones first."""
    shares = [0] * len(dilation)
    for head in range(heads):
        shares[head % len(dilation)] += 1
    return [step for step, count in zip(dilation, shares, strict=True) for _ in range(count)]


def _seen(part: Tensor, i: int, j: int, offsets: list[int]) -> Tensor:
    """What lies around a place, with nought beyond the edge."""
    _, _, height, width = part.shape
    columns = []
    for a in (i + offset for offset in offsets):
        for b in (j + offset for offset in offsets):
            inside = 0 <= a < height and 0 <= b < width
            columns.append(part[:, :, a, b] if inside else torch.zeros_like(part[:, :, 0, 0]))
    return torch.stack(columns, 2)


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(
        self,
        dim,
        num_heads=8,
        qkv_bias=False,
        qk_scale=None,
        attn_drop=0.0,
        proj_drop=0.0,
        kernel_size=3,
        dilation=(1, 2, 3),
    ):
        super().__init__()
        self.heads, self.kernel, self.dilation = num_heads, kernel_size, dilation
        self.scale = qk_scale or (dim // num_heads) ** -0.5
        self.qkv = nn.Conv2d(dim, 3 * dim, 1, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        q, k, v = self.qkv(x).reshape(n, 3, c, h, w).unbind(1)
        depth, first, parts = c // self.heads, 0, []
        steps = shared(self.heads, self.dilation)
        for step in self.dilation:
            count = steps.count(step)
            last = first + count * depth
            taken = (part[:, first:last] for part in (q, k, v))
            parts.append(self._local(*taken, count, depth, step))
            first = last
        out = torch.cat(parts, -1)
        return self.proj(out).permute(0, 3, 1, 2)

    def _local(self, q: Tensor, k: Tensor, v: Tensor, heads: int, depth: int, step: int) -> Tensor:
        n, _, h, w = q.shape
        edge = step * (self.kernel // 2)
        unfold = nn.Unfold(self.kernel, step, edge, 1)
        q = q.reshape(n, heads, depth, 1, h * w).permute(0, 1, 4, 3, 2)
        k = unfold(k).reshape(n, heads, depth, -1, h * w).permute(0, 1, 4, 2, 3)
        v = unfold(v).reshape(n, heads, depth, -1, h * w).permute(0, 1, 4, 3, 2)
        weights = torch.softmax(q @ k * self.scale, -1)
        return (weights @ v).transpose(1, 2).reshape(n, h, w, heads * depth)
