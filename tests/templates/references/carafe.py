"""CARAFE in float64: every new point from its window, one point after the other."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 5, 9)),
    ((), (2, 8, 1, 1)),
    ((4, 3, 2), (1, 6, 4, 5)),
    ((2, 1, 1, 1, 1, 8), (2, 5, 3, 2)),
    ((2, 7, 4, 5, 2, 16), (1, 8, 6, 5)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("channel_compressor", 64, 64, 1, 1),
    plain.conv_keys("content_encoder", 100, 64, 3, 3),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 61860, 256: 74148, 1024: 123300}


def sides(side: int, scale_factor: int = 2, *_: object) -> int:
    return scale_factor * side


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    scale, side, groups = module.scale, module.side, module.groups
    encoder = module.content_encoder
    scores = plain.conv(
        state,
        "content_encoder",
        plain.conv(state, "channel_compressor", x),
        encoder.padding,
        dilation=encoder.dilation[0],
    )
    n, c, height, width = x.shape
    padded = torch.zeros(n, c, height + side - 1, width + side - 1, dtype=torch.float64)
    reach = side // 2
    padded[:, :, reach : reach + height, reach : reach + width] = x
    out = torch.zeros(n, c, scale * height, scale * width, dtype=torch.float64)
    for row in range(scale * height):
        for column in range(scale * width):
            top, left = row // scale, column // scale
            point = row % scale * scale + column % scale
            found = scores[:, point :: scale * scale, top, left].reshape(n, groups, side, side)
            weights = plain.softmax(found.flatten(2), 2).reshape(n, groups, 1, side, side)
            window = padded[:, :, top : top + side, left : left + side]
            parts = window.reshape(n, groups, c // groups, side, side) * weights
            out[:, :, row, column] = parts.sum((3, 4)).reshape(n, c)
    return out


class Transcription(nn.Module):
    """Windows by unfold, repeated for the new points, times their weights, and summed."""

    def __init__(
        self,
        channels: int,
        scale_factor: int = 2,
        up_kernel: int = 5,
        up_group: int = 1,
        encoder_kernel: int = 3,
        encoder_dilation: int = 1,
        compressed_channels: int = 64,
    ) -> None:
        super().__init__()
        self.scale, self.side, self.groups = scale_factor, up_kernel, up_group
        self.channel_compressor = nn.Conv2d(channels, compressed_channels, 1)
        self.content_encoder = nn.Conv2d(
            compressed_channels,
            up_kernel**2 * up_group * scale_factor**2,
            encoder_kernel,
            padding=(encoder_kernel - 1) * encoder_dilation // 2,
            dilation=encoder_dilation,
        )

    def forward(self, x: Tensor) -> Tensor:
        n, c, height, width = x.shape
        taps, rows, columns = self.side**2, self.scale * height, self.scale * width
        weights = self.content_encoder(self.channel_compressor(x))
        weights = F.pixel_shuffle(weights, self.scale)
        weights = weights.reshape(n, self.groups, 1, taps, rows, columns).softmax(3)
        windows = F.unfold(x, self.side, padding=self.side // 2)
        windows = windows.reshape(n, c * taps, height, width)
        windows = F.interpolate(windows, scale_factor=self.scale, mode="nearest")
        windows = windows.reshape(n, self.groups, c // self.groups, taps, rows, columns)
        return (windows * weights).sum(3).reshape(n, c, rows, columns)
