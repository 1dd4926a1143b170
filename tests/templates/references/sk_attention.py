"""SK attention in float64: the branches tap by tap, the mixture value by value."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 8, 1, 1)),
    ((), (2, 8, 2, 3)),
    (((3, 5), 4, 2, 4), (2, 16, 6, 5)),
    (([1], 16, 1, 32), (1, 8, 4, 4)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    *(
        plain.merged(
            plain.conv_keys(f"convs.{k}.conv", 64, 64, 2 * k + 1, 2 * k + 1),
            plain.norm_keys(f"convs.{k}.bn", 64),
            plain.conv_keys(f"fcs.{k}", 64, 32),
        )
        for k in range(4)
    ),
    plain.conv_keys("fc", 32, 64),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 355360, 256: 5550112, 1024: 88424512}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    maps = []
    for k in range(len(module.convs)):
        side = state[f"convs.{k}.conv.weight"].shape[-1]
        groups = x.shape[1] // state[f"convs.{k}.conv.weight"].shape[1]
        around = (side // 2, side // 2)
        full = plain.conv(state, f"convs.{k}.conv", x, around, groups=groups)
        maps.append(plain.relu(plain.norm(state, f"convs.{k}.bn", full)))
    code = plain.linear(state, "fc", plain.total(maps).mean((2, 3)))
    scores = torch.stack([plain.linear(state, f"fcs.{k}", code) for k in range(len(maps))])
    return (plain.softmax(scores, 0)[..., None, None] * torch.stack(maps)).sum(0)


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(self, channel=512, kernels=(1, 3, 5, 7), reduction=16, group=1, L=32):
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Sequential(
                OrderedDict(
                    conv=nn.Conv2d(channel, channel, side, padding=side // 2, groups=group),
                    bn=nn.BatchNorm2d(channel),
                    relu=nn.ReLU(),
                )
            )
            for side in kernels
        )
        depth = max(L, channel // reduction)
        self.fc = nn.Linear(channel, depth)
        self.fcs = nn.ModuleList(nn.Linear(depth, channel) for _ in kernels)

    def forward(self, x: Tensor) -> Tensor:
        maps = torch.stack([conv(x) for conv in self.convs])
        code = self.fc(maps.sum(0).mean((2, 3)))
        weights = torch.softmax(torch.stack([fc(code) for fc in self.fcs]), 0)
        return (weights[..., None, None] * maps).sum(0)
