"""Deformable attention in float64: every point read from its four neighbours one by one."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import plain

_REST = (True, True, False, False)
CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 7, 9)),
    ((), (2, 8, 1, 1)),
    ((), (1, 8, 2, 1)),
    ((None, 4, 2, 0.0, 0.0, 2, 2.0, *_REST, 5), (2, 16, 9, 6)),
    ((None, 2, 1, 0.0, 0.0, 3, -1.0, *_REST, 3), (1, 8, 7, 8)),
    (([20, 20], 8, 8, 0.0, 0.0, 1, 1.5, False, *_REST[1:], 1, False), (1, 16, 5, 4)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("conv_offset.0", 16, 1, 3, 3),
    {"conv_offset.1.norm.weight": (16,), "conv_offset.1.norm.bias": (16,)},
    {"conv_offset.3.weight": (2, 16, 1, 1)},
    *(plain.conv_keys(f"proj_{name}", 64, 64, 1, 1) for name in ("q", "k", "v", "out")),
    plain.conv_keys("rpe_table", 64, 1, 3, 3),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 17504, 256: 266624, 1024: 4212224}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    q = plain.conv(state, "proj_q", x)
    sampled = []
    for group in range(module.groups):
        depth = x.shape[1] // module.groups
        part = slice(group * depth, (group + 1) * depth)
        sampled.append(_read(x[:, part], _points(state, module, q[:, part])))
    k, v = (plain.conv(state, f"proj_{name}", torch.cat(sampled, 1)) for name in "kv")
    scale = (x.shape[1] // module.heads) ** -0.5
    out = plain.attention(*(plain.heads_of(part, module.heads) for part in (q, k, v)), scale)
    out = out.reshape(x.shape)
    if "rpe_table.weight" in state:
        out = out + plain.conv(state, "rpe_table", q, (1, 1), groups=x.shape[1])
    return plain.conv(state, "proj_out", out)


def _points(state: plain.State, module: nn.Module, q: Tensor) -> Tensor:
    """Pixel coordinates (N, 2, rows, columns) on the map."""
    side = state["conv_offset.0.weight"].shape[2]
    around = side // 2 if side != module.stride else 0
    setting = {"stride": module.stride, "groups": q.shape[1]}
    full = plain.conv(state, "conv_offset.0", q, (around, around), **setting)
    centred = full - full.mean(1, keepdim=True)
    full = centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt()
    weight, bias = state["conv_offset.1.norm.weight"], state["conv_offset.1.norm.bias"]
    full = plain.gelu(full * weight[:, None, None] + bias[:, None, None])
    offset = plain.conv(state, "conv_offset.3", full)
    points = torch.zeros_like(offset)
    for axis in range(2):
        count, pixels = offset.shape[2 + axis], q.shape[2 + axis]
        gaps = max(count - 1, 1)
        centres = (torch.arange(count).double() + 0.5) / gaps * 2 - 1
        centres = centres[:, None] if axis == 0 else centres
        if module.factor < 0:
            place = (offset[:, axis] + centres).clamp(-1, 1)
        else:
            place = torch.tanh(offset[:, axis]) * module.factor / gaps + centres
        points[:, axis] = (place + 1) / 2 * (pixels - 1)
    return points


def _read(x: Tensor, points: Tensor) -> Tensor:
    n, depth, height, width = x.shape
    out = torch.zeros(n, depth, *points.shape[2:]).double()
    for image in range(n):
        for i in range(points.shape[2]):
            for j in range(points.shape[3]):
                y, z = (float(value) for value in points[image, :, i, j])
                for a in (math.floor(y), math.floor(y) + 1):
                    for b in (math.floor(z), math.floor(z) + 1):
                        if 0 <= a < height and 0 <= b < width:
                            share = (1 - abs(y - a)) * (1 - abs(z - b))
                            out[image, :, i, j] += share * x[image, :, a, b]
    return out


class _Norm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Transcription(nn.Module):
    """The equations with the operators that tutorials use; the position term is always there."""

    def __init__(
        self,
        channel,
        q_size=None,
        n_heads=8,
        n_groups=4,
        attn_drop=0.0,
        proj_drop=0.0,
        stride=1,
        offset_range_factor=4.0,
        use_pe=True,
        dwc_pe=True,
        no_off=False,
        fixed_pe=False,
        ksize=3,
        log_cpb=False,
    ):
        super().__init__()
        self.heads, self.groups, self.factor = n_heads, n_groups, offset_range_factor
        depth, around = channel // n_groups, ksize // 2 if ksize != stride else 0
        self.conv_offset = nn.Sequential(
            nn.Conv2d(depth, depth, ksize, stride, around, groups=depth),
            _Norm(depth),
            nn.GELU(),
            nn.Conv2d(depth, 2, 1, bias=False),
        )
        for name in ("proj_q", "proj_k", "proj_v", "proj_out"):
            setattr(self, name, nn.Conv2d(channel, channel, 1))
        self.rpe_table = nn.Conv2d(channel, channel, 3, padding=1, groups=channel)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        q = self.proj_q(x)
        offset = self.conv_offset(q.reshape(n * self.groups, -1, h, w))
        rows, columns = offset.shape[2:]
        sizes = torch.tensor([rows - 1.0, columns - 1.0]).to(x).view(1, 2, 1, 1)
        offset = offset.tanh() * self.factor / sizes
        down = (torch.arange(rows).to(x) + 0.5) / (rows - 1) * 2 - 1
        across = (torch.arange(columns).to(x) + 0.5) / (columns - 1) * 2 - 1
        reference_points = torch.stack(torch.meshgrid(down, across, indexing="ij"))
        points = (offset + reference_points).permute(0, 2, 3, 1)[..., [1, 0]]
        grouped = x.reshape(n * self.groups, -1, h, w)
        sampled = functional.grid_sample(grouped, points, align_corners=True)
        sampled = sampled.reshape(n, c, rows, columns)
        q_heads = q.reshape(n * self.heads, -1, h * w)
        k = self.proj_k(sampled).reshape(n * self.heads, -1, rows * columns)
        v = self.proj_v(sampled).reshape(n * self.heads, -1, rows * columns)
        weights = torch.einsum("bcm,bcn->bmn", q_heads, k) * (c // self.heads) ** -0.5
        out = torch.einsum("bmn,bcn->bcm", torch.softmax(weights, 2), v).reshape(n, c, h, w)
        return self.proj_out(out + self.rpe_table(q))
