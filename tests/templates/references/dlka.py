"""DLKA in float64: every tap reads the whole map, with a share for every row and column."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 7, 9)),
    ((), (2, 8, 1, 1)),
    ((), (1, 3, 2, 1)),
    ((), (1, 8, 21, 25)),
]


def _keys(name: str, channels: int, side: int) -> dict[str, tuple[int, ...]]:
    return plain.merged(
        plain.conv_keys(f"{name}.offset_net", 2 * side * side, channels, side, side),
        plain.conv_keys(f"{name}.deform_conv", channels, 1, side, side, bias=False),
    )


OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("proj_1", 64, 64, 1, 1),
    _keys("spatial_gating_unit.conv0", 64, 5),
    _keys("spatial_gating_unit.conv_spatial", 64, 7),
    plain.conv_keys("spatial_gating_unit.conv1", 64, 64, 1, 1),
    plain.conv_keys("proj_2", 64, 64, 1, 1),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 404692, 256: 1765780, 1024: 9421972}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    u = plain.gelu(plain.conv(state, "proj_1", x))
    out = _deformed(state, "spatial_gating_unit.conv0", u, 1)
    out = _deformed(state, "spatial_gating_unit.conv_spatial", out, 3)
    out = u * plain.conv(state, "spatial_gating_unit.conv1", out)
    return x + plain.conv(state, "proj_2", out)


def _deformed(state: plain.State, name: str, x: Tensor, dilation: int) -> Tensor:
    weight = state[f"{name}.deform_conv.weight"][:, 0]
    side, (height, width) = weight.shape[-1], x.shape[2:]
    half = side // 2
    edge = (half * dilation, half * dilation)
    offset = plain.conv(state, f"{name}.offset_net", x, edge, dilation=dilation)
    rows, columns = torch.arange(height).double(), torch.arange(width).double()
    out = torch.zeros_like(x)
    for i in range(side):
        for j in range(side):
            first = 2 * (i * side + j)
            y = offset[:, first] + rows[:, None] + (i - half) * dilation
            z = offset[:, first + 1] + columns + (j - half) * dilation
            high = (1 - (y[..., None] - rows).abs()).clamp_min(0)  # shares of all rows
            wide = (1 - (z[..., None] - columns).abs()).clamp_min(0)
            seen = torch.einsum("nija,nijb,ncab->ncij", high, wide, x)
            out += weight[:, i, j, None, None] * seen
    return out


class _Deformed(nn.Module):
    def __init__(self, channels, side, dilation):
        super().__init__()
        self.dilation, edge = dilation, dilation * (side // 2)
        self.offset_net = nn.Conv2d(
            channels, 2 * side * side, side, padding=edge, dilation=dilation
        )
        self.deform_conv = nn.Conv2d(channels, channels, side, groups=channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        weight = self.deform_conv.weight
        side = weight.shape[-1]
        offset = self.offset_net(x).reshape(n, side * side, 2, h, w)
        taps = (torch.arange(side).to(x) - side // 2) * self.dilation
        tap_down, tap_across = torch.meshgrid(taps, taps, indexing="ij")
        rows, columns = torch.meshgrid(torch.arange(h).to(x), torch.arange(w).to(x), indexing="ij")
        y = offset[:, :, 0] + rows + tap_down.reshape(-1, 1, 1)
        z = offset[:, :, 1] + columns + tap_across.reshape(-1, 1, 1)
        grid = torch.stack(((2 * z + 1) / w - 1, (2 * y + 1) / h - 1), -1)
        grid = grid.reshape(n, side * side * h, w, 2)
        seen = functional.grid_sample(x, grid, align_corners=False)
        seen = seen.reshape(n, c, side * side, h, w)
        return (seen * weight.reshape(c, side * side, 1, 1)).sum(2)


class _Gate(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv0, self.conv_spatial = _Deformed(channels, 5, 1), _Deformed(channels, 7, 3)
        self.conv1 = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.conv1(self.conv_spatial(self.conv0(x)))


class Transcription(nn.Module):
    """The equations with torch alone: every tap is a map read by grid_sample."""

    def __init__(self, d_model):
        super().__init__()
        self.proj_1 = nn.Conv2d(d_model, d_model, 1)
        self.activation = nn.GELU()
        self.spatial_gating_unit = _Gate(d_model)
        self.proj_2 = nn.Conv2d(d_model, d_model, 1)

    def forward(self, x: Tensor) -> Tensor:
        out = self.spatial_gating_unit(self.activation(self.proj_1(x)))
        return self.proj_2(out) + x
