"""ADown in float64: means and maxima as windows, the convolutions tap by tap."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 8, 2, 2)),
    ((), (1, 2, 3, 2)),
    ((), (1, 6, 7, 4)),
]
SMALLEST_SIDE = 2

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("cv1.conv", 32, 32, 3, 3, bias=False),
    plain.norm_keys("cv1.bn", 32),
    plain.conv_keys("cv2.conv", 32, 32, 1, 1, bias=False),
    plain.norm_keys("cv2.bn", 32),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 10368, 256: 164352, 1024: 2623488}


def sides(side: int, *_: object) -> int:
    return side // 2


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    means = (x[..., :-1, :-1] + x[..., 1:, :-1] + x[..., :-1, 1:] + x[..., 1:, 1:]) / 4
    half = x.shape[1] // 2
    one = _unit(state, "cv1", means[:, :half], (1, 1), 2, module.cv1.bn.eps)
    padded = torch.full((*means.shape[:2], means.shape[2] + 2, means.shape[3] + 2), -torch.inf)
    padded = padded.double()
    padded[..., 1:-1, 1:-1] = means
    rows, columns = sides(x.shape[2]), sides(x.shape[3])
    peaks = torch.zeros(x.shape[0], x.shape[1] - half, rows, columns, dtype=torch.float64)
    for row in range(rows):
        for column in range(columns):
            window = padded[:, half:, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
            peaks[:, :, row, column] = window.amax((2, 3))
    return torch.cat((one, _unit(state, "cv2", peaks, (0, 0), 1, module.cv2.bn.eps)), 1)


def _unit(
    state: plain.State, name: str, x: Tensor, padding: tuple[int, int], stride: int, eps: float
) -> Tensor:
    out = plain.conv(state, f"{name}.conv", x, padding, stride=stride)
    return plain.silu(plain.norm(state, f"{name}.bn", out, eps))


class _Conv(nn.Module):
    def __init__(self, channels: int, out: int, k: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, k, stride, k // 2, bias=False)
        self.bn = nn.BatchNorm2d(out)
        self.act = nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class Transcription(nn.Module):
    """Pooling, halves, and a convolution for each."""

    def __init__(self, c1: int, c2: int) -> None:
        super().__init__()
        self.cv1 = _Conv(c1 // 2, c2 // 2, 3, 2)
        self.cv2 = _Conv(c1 // 2, c2 // 2, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        one, other = F.avg_pool2d(x, 2, 1).chunk(2, 1)
        return torch.cat((self.cv1(one), self.cv2(F.max_pool2d(other, 3, 2, 1))), 1)
