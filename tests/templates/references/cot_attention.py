"""CoT attention in float64: all taps' values are made, then averaged."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 8, 1, 1)),
    ((), (2, 4, 2, 3)),
    ((5,), (2, 16, 6, 5)),
    ((1,), (1, 8, 4, 9)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("key_embed.0", 64, 16, 3, 3, bias=False),
    plain.norm_keys("key_embed.1", 64),
    plain.conv_keys("value_embed.0", 64, 64, 1, 1, bias=False),
    plain.norm_keys("value_embed.1", 64),
    plain.conv_keys("attention_embed.0", 32, 128, 1, 1, bias=False),
    plain.norm_keys("attention_embed.1", 32),
    plain.conv_keys("attention_embed.3", 576, 32, 1, 1),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 36736, 256: 577024, 1024: 9189376}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    around = (module.kernel_size // 2, module.kernel_size // 2)
    static = plain.conv(state, "key_embed.0", x, around, groups=4)
    static = plain.relu(plain.norm(state, "key_embed.1", static))
    hidden = plain.conv(state, "attention_embed.0", torch.cat((static, x), 1))
    hidden = plain.relu(plain.norm(state, "attention_embed.1", hidden))
    scores = plain.conv(state, "attention_embed.3", hidden)
    scores = scores.unflatten(1, (x.shape[1], -1)).mean(2).flatten(2)
    values = plain.norm(state, "value_embed.1", plain.conv(state, "value_embed.0", x))
    return static + plain.softmax(scores, -1).reshape(x.shape) * values


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(self, dim=512, kernel_size=3):
        super().__init__()
        self.taps = kernel_size * kernel_size
        self.key_embed = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size, padding=kernel_size // 2, groups=4, bias=False),
            nn.BatchNorm2d(dim),
            nn.ReLU(),
        )
        self.value_embed = nn.Sequential(nn.Conv2d(dim, dim, 1, bias=False), nn.BatchNorm2d(dim))
        self.attention_embed = nn.Sequential(
            nn.Conv2d(2 * dim, dim // 2, 1, bias=False),
            nn.BatchNorm2d(dim // 2),
            nn.ReLU(),
            nn.Conv2d(dim // 2, self.taps * dim, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        static = self.key_embed(x)
        values = self.value_embed(x).view(n, c, -1)
        scores = self.attention_embed(torch.cat((static, x), 1))
        scores = scores.view(n, c, self.taps, h, w).mean(2).view(n, c, -1)
        return static + (torch.softmax(scores, -1) * values).view(n, c, h, w)
