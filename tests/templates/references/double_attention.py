"""DoubleAttention in float64, image by image and in the paper's order."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 3, 1, 1)),
    ((8, 5), (2, 16, 6, 9)),
    ((24, 1), (1, 8, 2, 3)),
    ((16, 4, False), (2, 16, 5, 4)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    *(plain.conv_keys(f"conv{name}", 128, 64, 1, 1) for name in "ABV"),
    plain.conv_keys("conv_reconstruct", 64, 128, 1, 1),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 33216, 256: 131712, 1024: 525696}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    out = []
    for image in x:
        features, gather, spread = (_at_places(state, f"conv{name}", image) for name in "ABV")
        found = torch.einsum("mp,np->mn", features, plain.softmax(gather, 1))
        mixed = torch.einsum("mn,np->mp", found, plain.softmax(spread, 0))
        mixed = mixed.reshape(-1, *image.shape[1:])
        if "conv_reconstruct.weight" in state:
            mixed = _at_places(state, "conv_reconstruct", mixed).reshape(image.shape)
        out.append(mixed)
    return torch.stack(out)


def _at_places(state: plain.State, name: str, image: Tensor) -> Tensor:
    weight = state[f"{name}.weight"][:, :, 0, 0]
    return weight @ image.flatten(1) + state[f"{name}.bias"][:, None]


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(self, in_channels, c_m=128, c_n=128, reconstruct=True):
        super().__init__()
        self.c_m, self.c_n = c_m, c_n
        self.convA = nn.Conv2d(in_channels, c_m, 1)
        self.convB = nn.Conv2d(in_channels, c_n, 1)
        self.convV = nn.Conv2d(in_channels, c_n, 1)
        self.conv_reconstruct = nn.Conv2d(c_m, in_channels, 1) if reconstruct else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        n, _, h, w = x.shape
        features = self.convA(x).reshape(n, self.c_m, h * w)
        gather = torch.softmax(self.convB(x).reshape(n, self.c_n, h * w), dim=-1)
        spread = torch.softmax(self.convV(x).reshape(n, self.c_n, h * w), dim=1)
        found = torch.bmm(features, gather.permute(0, 2, 1))
        mixed = torch.matmul(found, spread).reshape(n, self.c_m, h, w)
        return self.conv_reconstruct(mixed)
