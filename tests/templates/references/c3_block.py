"""C3 with an attention inside in float64: sums for its convolutions, the attention by its own."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from .. import support
from . import plain

_CONVS = {"cv1": (32, 64, 1), "cv2": (32, 64, 1), "cv3": (64, 64, 1)}
_INSIDE = {"m.0.cv1": (32, 32, 1), "m.0.cv2": (32, 32, 3)}
C3_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    *(
        plain.merged(
            plain.conv_keys(f"{name}.conv", out, channels, side, side, bias=False),
            plain.norm_keys(f"{name}.bn", out),
        )
        for name, (out, channels, side) in {**_CONVS, **_INSIDE}.items()
    )
)


class Reference:
    """What the reference of a template with a file of its own holds, made from its attention's."""

    def __init__(self, folder: str) -> None:
        self.wraps: str = support.manifest(folder)["wraps"]
        self.inner = support.reference(self.wraps)
        self.CASES: list[tuple[tuple[Any, ...], tuple[int, ...]]] = [
            ((), (2, 32, 8, 8)),
            ((False,), (1, 48, 13, 9)),
            ((True, 2, 0.25), (2, 64, 6, 5)),
            ((True, 1, 1.0), (1, 16, 1, 1)),
        ]

    @cached_property
    def OFFICIAL_KEYS_64(self) -> dict[str, tuple[int, ...]]:
        inside = support.build(self.wraps, 32).state_dict()
        shapes = {f"m.0.attention.{key}": tuple(value.shape) for key, value in inside.items()}
        return {**C3_KEYS_64, **shapes}

    @cached_property
    def OFFICIAL_PARAMS(self) -> dict[int, int]:
        found = {}
        for channels in (64, 256):
            half = channels // 2
            norms = 2 * (4 * half + channels)
            weights = 2 * channels * half + channels * channels + 10 * half * half
            inside = support.build(self.wraps, half).parameters()
            found[channels] = weights + norms + sum(value.numel() for value in inside)
        return found

    def reference(self, module: Any, x: Tensor) -> Tensor:
        state = plain.state_of(module)
        a = _unit(state, "cv1", x)
        for k, bottleneck in enumerate(module.m):
            groups = bottleneck.cv2.conv.groups
            y = _unit(state, f"m.{k}.cv2", _unit(state, f"m.{k}.cv1", a), 1, groups)
            y = self.inner.reference(bottleneck.attention, y)
            a = a + y if bottleneck.add else y
        return _unit(state, "cv3", torch.cat((a, _unit(state, "cv2", x)), 1))

    def Transcription(self, *args: Any) -> nn.Module:
        return _Plain(self.wraps, self.inner.Transcription, *args)


def _unit(state: plain.State, name: str, x: Tensor, around: int = 0, groups: int = 1) -> Tensor:
    full = plain.conv(state, f"{name}.conv", x, (around, around), groups=groups)
    return plain.silu(plain.norm(state, f"{name}.bn", full))


class _Conv(nn.Module):
    def __init__(self, channels: int, out: int, side: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, side, padding=side // 2, bias=False)
        self.bn, self.act = nn.BatchNorm2d(out), nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class _Bottleneck(nn.Module):
    def __init__(self, hidden: int, attention: nn.Module) -> None:
        super().__init__()
        self.cv1, self.cv2 = _Conv(hidden, hidden, 1), _Conv(hidden, hidden, 3)
        self.attention = attention

    def forward(self, x: Tensor) -> Tensor:
        return x + self.attention(self.cv2(self.cv1(x)))


class _Plain(nn.Module):
    """The usual C3, for the default arguments."""

    def __init__(self, wraps: str, kind: Any, c1: int, c2: int, n: int = 1) -> None:
        super().__init__()
        hidden = c2 // 2
        supplied = [hidden] * support.CHANNEL_ARGUMENTS[support.manifest(wraps)["rule"]]
        self.cv1, self.cv2 = _Conv(c1, hidden, 1), _Conv(c1, hidden, 1)
        self.cv3 = _Conv(2 * hidden, c2, 1)
        self.m = nn.Sequential(*(_Bottleneck(hidden, kind(*supplied)) for _ in range(n)))

    def forward(self, x: Tensor) -> Tensor:
        return self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), 1))
