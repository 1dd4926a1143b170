"""SHSA in float64: the norm over all values of an image, then the attention of all places."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 64, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 40, 1, 1)),
    ((), (2, 32, 1, 1)),
    ((8, 12), (2, 16, 5, 3)),
    ((64, 2), (1, 18, 4, 6)),
    ((16, 64), (1, 64, 2, 7)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    {"pre_norm.weight": (32,), "pre_norm.bias": (32,)},
    plain.conv_keys("qkv.c", 64, 32, 1, 1, bias=False),
    plain.norm_keys("qkv.bn", 64),
    plain.conv_keys("proj.1.c", 64, 64, 1, 1, bias=False),
    plain.norm_keys("proj.1.bn", 64),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 6464, 256: 68288, 1024: 1052864}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    taken, passed = x[:, : module.pdim], x[:, module.pdim :]
    count = taken[0].numel()
    apart = taken - (taken.sum((1, 2, 3)) / count)[:, None, None, None]
    spread = ((apart * apart).sum((1, 2, 3)) / count)[:, None, None, None]
    gain, shift = (state[f"pre_norm.{name}"][:, None, None] for name in ("weight", "bias"))
    u = apart / (spread + 1e-5).sqrt() * gain + shift
    qkv = plain.norm(state, "qkv.bn", plain.conv(state, "qkv.c", u))
    q, k, v = qkv.flatten(2).split((module.qk_dim, module.qk_dim, module.pdim), 1)
    seen = plain.attention(q, k, v, module.qk_dim**-0.5).reshape(taken.shape)
    y = plain.relu(torch.cat((seen, passed), 1))
    return plain.norm(state, "proj.1.bn", plain.conv(state, "proj.1.c", y))


class _Conv(nn.Sequential):
    def __init__(self, channels: int, out_channels: int, gain: float) -> None:
        super().__init__()
        self.c = nn.Conv2d(channels, out_channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)
        nn.init.constant_(self.bn.weight, gain)


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(self, dim, qk_dim=16, pdim=32):
        super().__init__()
        self.parts = (min(pdim, dim), dim - min(pdim, dim))
        self.split = (qk_dim, qk_dim, self.parts[0])
        self.scale = qk_dim**-0.5
        self.pre_norm = nn.GroupNorm(1, self.parts[0])
        self.qkv = _Conv(self.parts[0], sum(self.split), 1.0)
        self.proj = nn.Sequential(nn.ReLU(), _Conv(dim, dim, 0.0))

    def forward(self, x: Tensor) -> Tensor:
        x_1, x_2 = x.split(self.parts, 1)
        q, k, v = (part.flatten(2) for part in self.qkv(self.pre_norm(x_1)).split(self.split, 1))
        weights = torch.softmax(q.transpose(1, 2) @ k * self.scale, -1)
        out = (v @ weights.transpose(1, 2)).reshape(x_1.shape)
        return self.proj(torch.cat((out, x_2), 1))
