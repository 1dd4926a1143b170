"""GhostConv in float64: both convolutions tap by tap."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((3,), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((3, 2), (1, 6, 7, 4)),
    ((5, 1, 2), (1, 8, 4, 6)),
    ((1, 1, 1, False), (1, 6, 3, 5)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("cv1.conv", 32, 64, 1, 1, bias=False),
    plain.norm_keys("cv1.bn", 32),
    plain.conv_keys("cv2.conv", 32, 1, 5, 5, bias=False),
    plain.norm_keys("cv2.bn", 32),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 2976, 256: 36480, 1024: 539136}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state, cv1 = plain.state_of(module), module.cv1
    side = cv1.conv.kernel_size[0]
    y = plain.conv(
        state,
        "cv1.conv",
        x,
        (side // 2, side // 2),
        stride=cv1.conv.stride[0],
        groups=cv1.conv.groups,
    )
    first = _act(cv1, plain.norm(state, "cv1.bn", y, cv1.bn.eps))
    cheap = plain.conv(state, "cv2.conv", first, (2, 2), groups=first.shape[1])
    second = _act(module.cv2, plain.norm(state, "cv2.bn", cheap, module.cv2.bn.eps))
    return torch.cat((first, second), 1)


def _act(unit: nn.Module, x: Tensor) -> Tensor:
    return plain.silu(x) if isinstance(unit.act, nn.SiLU) else x


class _Conv(nn.Module):
    def __init__(self, c1: int, c2: int, k: int, s: int, g: int, act: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2, groups=g, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = nn.SiLU() if act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class Transcription(nn.Module):
    """A convolution, and a depthwise one of what it gives."""

    def __init__(
        self, c1: int, c2: int, k: int = 1, s: int = 1, g: int = 1, act: bool = True
    ) -> None:
        super().__init__()
        self.cv1 = _Conv(c1, c2 // 2, k, s, g, act)
        self.cv2 = _Conv(c2 // 2, c2 // 2, 5, 1, c2 // 2, act)

    def forward(self, x: Tensor) -> Tensor:
        y = self.cv1(x)
        return torch.cat((y, self.cv2(y)), 1)
