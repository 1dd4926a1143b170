"""CAA in float64: every window summed, every convolution tap by tap."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 8, 1, 1)),
    ((), (2, 3, 2, 3)),
    ((5, 3), (2, 16, 6, 5)),
    ((1, 21), (1, 8, 4, 9)),
    ((13, 13, False), (2, 8, 5, 9)),
]

_STRIPS = {"h_conv.conv": (64, 1, 1, 11), "v_conv.conv": (64, 1, 11, 1)}
OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    *(plain.conv_keys(f"{name}.conv", 64, 64, 1, 1, bias=False) for name in ("conv1", "conv2")),
    *(plain.norm_keys(f"{name}.bn", 64) for name in ("conv1", "conv2")),
    *(plain.conv_keys(name, *shape) for name, shape in _STRIPS.items()),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 9984, 256: 138240, 1024: 2125824}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    box = {"box.weight": torch.full((x.shape[1], 1, 7, 7), 1 / 49).double()}
    gate = _unit(state, "conv1", plain.conv(box, "box", x, (3, 3), groups=x.shape[1]))
    for name in ("h_conv", "v_conv"):
        sides = state[f"{name}.conv.weight"].shape[2:]
        around = (sides[0] // 2, sides[1] // 2)
        gate = plain.conv(state, f"{name}.conv", gate, around, groups=x.shape[1])
    return x * plain.sigmoid(_unit(state, "conv2", gate))


def _unit(state: plain.State, name: str, x: Tensor) -> Tensor:
    full = plain.conv(state, f"{name}.conv", x)
    if f"{name}.bn.weight" not in state:
        return full
    return plain.silu(plain.norm(state, f"{name}.bn", full, 1e-3))


class _Unit(nn.Module):
    def __init__(self, channels, kernel, groups, normed):
        super().__init__()
        around = tuple(side // 2 for side in kernel)
        self.conv = nn.Conv2d(
            channels, channels, kernel, padding=around, groups=groups, bias=not normed
        )
        self.bn = nn.BatchNorm2d(channels, eps=1e-3, momentum=0.03) if normed else nn.Identity()
        self.act = nn.SiLU() if normed else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(self, channels, h_kernel_size=11, v_kernel_size=11):
        super().__init__()
        self.avg_pool = nn.AvgPool2d(7, 1, 3)
        self.conv1 = _Unit(channels, (1, 1), 1, True)
        self.h_conv = _Unit(channels, (1, h_kernel_size), channels, False)
        self.v_conv = _Unit(channels, (v_kernel_size, 1), channels, False)
        self.conv2 = _Unit(channels, (1, 1), 1, True)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.conv2(self.v_conv(self.h_conv(self.conv1(self.avg_pool(x))))).sigmoid()
        return x * gate
