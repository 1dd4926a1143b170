"""CPCA in float64: strips tap by tap, the shared convolution three times."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 8, 1, 1)),
    ((), (2, 3, 2, 3)),
    ((8,), (2, 16, 6, 25)),
]

_SIDES = {f"dconv{a}_{b}": (a, b) for a, b in ((5, 5), *((1, n) for n in (7, 11, 21)))}
_SIDES |= {f"dconv{n}_1": (n, 1) for n in (7, 11, 21)}
OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("ca.fc1", 16, 64, 1, 1),
    plain.conv_keys("ca.fc2", 64, 16, 1, 1),
    *(plain.conv_keys(name, 64, 1, *sides) for name, sides in _SIDES.items()),
    plain.conv_keys("conv", 64, 64, 1, 1),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 13328, 256: 127040, 1024: 1687808}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    first = plain.gelu(plain.conv(state, "conv", x))
    weight = plain.total([_weight(state, first.mean((2, 3))), _weight(state, first.amax((2, 3)))])
    first = first * weight[:, :, None, None]
    base = _strip(state, "dconv5_5", first)
    strips = [_strip(state, f"dconv{n}_1", _strip(state, f"dconv1_{n}", base)) for n in (7, 11, 21)]
    return plain.conv(
        state, "conv", plain.conv(state, "conv", plain.total([base, *strips])) * first
    )


def _weight(state: plain.State, pooled: Tensor) -> Tensor:
    flat = {key: value.flatten(1) if value.dim() == 4 else value for key, value in state.items()}
    hidden = plain.relu(plain.linear(flat, "ca.fc1", pooled))
    return plain.sigmoid(plain.linear(flat, "ca.fc2", hidden))


def _strip(state: plain.State, name: str, x: Tensor) -> Tensor:
    high, wide = _SIDES[name]
    return plain.conv(state, name, x, (high // 2, wide // 2), groups=x.shape[1])


class _Channels(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, hidden, 1), nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        mean, peak = functional.adaptive_avg_pool2d(x, 1), functional.adaptive_max_pool2d(x, 1)
        first = torch.sigmoid(self.fc2(torch.relu(self.fc1(mean))))
        return first + torch.sigmoid(self.fc2(torch.relu(self.fc1(peak))))


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(self, channels, channelAttention_reduce=4):
        super().__init__()
        self.ca = _Channels(channels, max(1, channels // channelAttention_reduce))
        for name, (a, b) in _SIDES.items():
            strip = nn.Conv2d(channels, channels, (a, b), padding=(a // 2, b // 2), groups=channels)
            setattr(self, name, strip)
        self.conv = nn.Conv2d(channels, channels, 1)
        self.act = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.conv(x))
        x = self.ca(x) * x
        base = self.dconv5_5(x)
        parts = [
            self.dconv7_1(self.dconv1_7(base)),
            self.dconv11_1(self.dconv1_11(base)),
            self.dconv21_1(self.dconv1_21(base)),
        ]
        return self.conv(self.conv(parts[0] + parts[1] + parts[2] + base) * x)
