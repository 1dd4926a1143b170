"""DySample in float64: every new point as a sum over the whole map, weighted by hat functions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 5, 9)),
    ((), (2, 8, 1, 1)),
    ((3, "lp", 2), (1, 6, 4, 5)),
    ((2, "pl"), (2, 16, 6, 3)),
    ((3, "pl", 1, True), (1, 18, 4, 1)),
    ((4, "lp", 8, True), (1, 16, 3, 2)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("offset", 32, 64, 1, 1), {"init_pos": (1, 32, 1, 1)}
)
OFFICIAL_PARAMS: dict[int, int] = {64: 2080, 256: 8224, 1024: 32800}


def sides(side: int, scale: int = 2, *_: object) -> int:
    return scale * side


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    n, c, height, width = x.shape
    scale, groups = module.scale, module.groups
    source = _shuffled(x, scale) if module.style == "pl" else x
    reach = plain.conv(state, "offset", source)
    if "scope.weight" in state:
        reach = 0.5 * reach / (1 + torch.exp(-plain.conv(state, "scope", source)))
    else:
        reach = 0.25 * reach
    if module.style == "lp":
        reach = _shuffled(reach, scale)
    reach = reach.reshape(n, 2, groups, scale * height, scale * width)
    start = state["init_pos"].reshape(2, groups, scale, scale)
    out = torch.zeros(n, c, scale * height, scale * width, dtype=torch.float64)
    for row in range(scale * height):
        for column in range(scale * width):
            first = start[:, :, row % scale, column % scale]
            across = column // scale + first[0] + reach[:, 0, :, row, column]
            down = row // scale + first[1] + reach[:, 1, :, row, column]
            hats = _hat(down, height).unsqueeze(3) * _hat(across, width).unsqueeze(2)
            parts = x.reshape(n, groups, c // groups, height, width) * hats.unsqueeze(2)
            out[:, :, row, column] = parts.sum((3, 4)).reshape(n, c)
    return out


def _hat(place: Tensor, size: int) -> Tensor:
    """What each line of the map contributes to a place that is kept on it."""
    gaps = place.clamp(0, size - 1).unsqueeze(-1) - torch.arange(size, dtype=torch.float64)
    return (1 - gaps.abs()).clamp(min=0)


def _shuffled(x: Tensor, scale: int) -> Tensor:
    """Pixel shuffle, one position of the small squares after the other."""
    n, c, height, width = x.shape
    out = x.new_zeros(n, c // scale**2, scale * height, scale * width)
    for a in range(scale):
        for b in range(scale):
            out[:, :, a::scale, b::scale] = x[:, a * scale + b :: scale**2]
    return out


class Transcription(nn.Module):
    """Offsets, a grid in the units of grid_sample, and grid_sample."""

    def __init__(
        self,
        in_channels: int,
        scale: int = 2,
        style: str = "lp",
        groups: int = 4,
        dyscope: bool = False,
    ) -> None:
        super().__init__()
        self.scale, self.style, self.groups = scale, style, groups
        wide = in_channels // scale**2 if style == "pl" else in_channels
        out = 2 * groups if style == "pl" else 2 * groups * scale**2
        self.offset = nn.Conv2d(wide, out, 1)
        if dyscope:
            self.scope = nn.Conv2d(wide, out, 1, bias=False)
        line = torch.arange(scale) / scale - (scale - 1) / (2 * scale)
        down, across = torch.meshgrid(line, line, indexing="ij")
        start = torch.stack((across, down)).unsqueeze(1).repeat(1, groups, 1, 1)
        self.register_buffer("init_pos", start.reshape(1, -1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        n, c, height, width = x.shape
        source = F.pixel_shuffle(x, self.scale) if self.style == "pl" else x
        reach = self.offset(source)
        if hasattr(self, "scope"):
            reach = 0.5 * torch.sigmoid(self.scope(source)) * reach
        else:
            reach = 0.25 * reach
        if self.style == "pl":
            reach = F.pixel_unshuffle(reach, self.scale)
        reach = (reach + self.init_pos).reshape(n, 2, -1, height, width)
        down, across = torch.meshgrid(
            torch.arange(height, dtype=x.dtype) + 0.5,
            torch.arange(width, dtype=x.dtype) + 0.5,
            indexing="ij",
        )
        places = torch.stack((across, down)).reshape(1, 2, 1, height, width) + reach
        sides = torch.tensor([width, height], dtype=x.dtype).reshape(1, 2, 1, 1, 1)
        # With five axes, the backward pass of pixel_shuffle fails on a CPU.
        places = F.pixel_shuffle((2 * places / sides - 1).flatten(0, 1), self.scale)
        places = places.unflatten(0, (n, 2)).permute(0, 2, 3, 4, 1).flatten(0, 1)
        parts = x.reshape(n * self.groups, -1, height, width)
        out = F.grid_sample(parts, places, padding_mode="border", align_corners=False)
        return out.reshape(n, c, self.scale * height, self.scale * width)
