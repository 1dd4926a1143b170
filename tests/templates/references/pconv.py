"""PConv in float64: the 3x3 convolution tap by tap, on the first channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((3,), (1, 10, 5, 4)),
    ((1,), (1, 6, 3, 7)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.conv_keys(
    "partial_conv3", 16, 16, 3, 3, bias=False
)
OFFICIAL_PARAMS: dict[int, int] = {64: 2304, 256: 36864, 1024: 589824}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    return partial(plain.state_of(module), "partial_conv3", x)


def partial(state: plain.State, name: str, x: Tensor) -> Tensor:
    out = x.clone()
    part = state[f"{name}.weight"].shape[0]
    out[:, :part] = plain.conv(state, name, x[:, :part], (1, 1))
    return out


class Transcription(nn.Module):
    """Two parts of the channels, one of them convolved."""

    def __init__(self, dim: int, n_div: int = 4) -> None:
        super().__init__()
        self.part = dim // n_div
        self.partial_conv3 = nn.Conv2d(self.part, self.part, 3, 1, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        convolved, untouched = x[:, : self.part], x[:, self.part :]
        return torch.cat((self.partial_conv3(convolved), untouched), 1)
