"""ResBlock_CBAM in float64, its convolutions tap by tap."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tests.templates import support

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 8, 1, 1)),
    ((2,), (1, 16, 7, 6)),
    ((1, True), (2, 12, 5, 4)),
    ((2, True, 1), (1, 6, 3, 1)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("bottleneck.0", 64, 64, 1, 1, bias=False),
    plain.norm_keys("bottleneck.1", 64),
    plain.conv_keys("bottleneck.3", 64, 64, 3, 3, bias=False),
    plain.norm_keys("bottleneck.4", 64),
    plain.conv_keys("bottleneck.6", 64, 64, 1, 1, bias=False),
    plain.norm_keys("bottleneck.7", 64),
    plain.conv_keys("cbam.channel_attention.fc", 64, 64, 1, 1),
    plain.conv_keys("cbam.spatial_attention.cv1", 1, 2, 7, 7, bias=False),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 49698, 256: 788322, 1024: 12590178}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    _, _, stride, downsampling, *_ = (*support.built_with(module), 1, False)[:4]
    y = _leaky(plain.norm(state, "bottleneck.1", plain.conv(state, "bottleneck.0", x)))
    y = plain.conv(state, "bottleneck.3", y, (1, 1), stride=stride)
    y = _leaky(plain.norm(state, "bottleneck.4", y))
    y = plain.norm(state, "bottleneck.7", plain.conv(state, "bottleneck.6", y))
    means = y.sum((2, 3), keepdim=True) / (y.shape[2] * y.shape[3])
    y = y * plain.sigmoid(plain.conv(state, "cbam.channel_attention.fc", means))
    pooled = torch.stack((y.sum(1) / y.shape[1], y.amax(1)), 1)
    y = y * plain.sigmoid(plain.conv(state, "cbam.spatial_attention.cv1", pooled, (3, 3)))
    if downsampling or stride > 1:
        x = plain.conv(state, "downsample.0", x, stride=stride)
        x = plain.norm(state, "downsample.1", x)
    return plain.relu(y + x)


def _leaky(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, 0.1 * x)


class _Channels(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.fc(self.pool(x)))


class _Places(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cv1 = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        pooled = torch.cat((x.mean(1, keepdim=True), x.max(1, keepdim=True)[0]), 1)
        return x * torch.sigmoid(self.cv1(pooled))


class _Gates(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channel_attention, self.spatial_attention = _Channels(channels), _Places()

    def forward(self, x: Tensor) -> Tensor:
        return self.spatial_attention(self.channel_attention(x))


class Transcription(nn.Module):
    """A bottleneck as tutorials write it, with the two gates behind it."""

    def __init__(
        self,
        in_places: int,
        places: int,
        stride: int = 1,
        downsampling: bool = False,
        expansion: int = 1,
    ) -> None:
        super().__init__()
        out = places * expansion
        self.bottleneck = nn.Sequential(
            nn.Conv2d(in_places, places, 1, bias=False),
            nn.BatchNorm2d(places),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(places, places, 3, stride, 1, bias=False),
            nn.BatchNorm2d(places),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(places, out, 1, bias=False),
            nn.BatchNorm2d(out),
        )
        self.cbam = _Gates(out)
        self.downsample = None
        if downsampling:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_places, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        out = self.cbam(self.bottleneck(x))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)
