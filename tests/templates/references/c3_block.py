"""C3, C2f or C3k2 with a module inside, in float64: sums for convolutions, the inner by its own."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from .. import support
from . import plain

# By block: the outer convolutions at 64 channels, and those of a bottleneck, as (out, in, side).
_OUTER = {
    "c3": {"cv1": (32, 64, 1), "cv2": (32, 64, 1), "cv3": (64, 64, 1)},
    "c2f": {"cv1": (64, 64, 1), "cv2": (64, 96, 1)},
    "c3k2": {"cv1": (64, 64, 1), "cv2": (64, 96, 1)},
}
_INSIDE = {
    "c3": {"m.0.cv1": (32, 32, 1), "m.0.cv2": (32, 32, 3)},
    "c2f": {"m.0.cv1": (32, 32, 3), "m.0.cv2": (32, 32, 3)},
    "c3k2": {"m.0.cv1": (16, 32, 3), "m.0.cv2": (32, 16, 3)},
}
# A C3k of C3k2, in place of its bottleneck.
_C3K = {
    "m.0.cv1": (16, 32, 1),
    "m.0.cv2": (16, 32, 1),
    "m.0.cv3": (32, 32, 1),
    **{f"m.0.m.{k}.{name}": (16, 16, 3) for k in (0, 1) for name in ("cv1", "cv2")},
}


def keys_64(convolutions: dict[str, tuple[int, int, int]]) -> dict[str, tuple[int, ...]]:
    """The tensors of convolutions with BN, by name."""
    return plain.merged(
        *(
            plain.merged(
                plain.conv_keys(f"{name}.conv", out, channels, side, side, bias=False),
                plain.norm_keys(f"{name}.bn", out),
            )
            for name, (out, channels, side) in convolutions.items()
        )
    )


C3_KEYS_64: dict[str, tuple[int, ...]] = keys_64({**_OUTER["c3"], **_INSIDE["c3"]})


class Reference:
    """What the reference of a template with a file of its own holds, made from its inner's."""

    def __init__(self, folder: str) -> None:
        manifest = support.manifest(folder)
        self.block: str = manifest["block"]
        self.inside: str = manifest.get("inside", "attention")
        self.wraps: str = manifest["wraps"]
        words = manifest.get("given", "")
        # Here the row's groups are 1.
        self.given: tuple[Any, ...] = ast.literal_eval(
            f"({words.replace('groups', '1')},)" if words else "()"
        )
        self.inner = support.reference(self.wraps)
        groups = 2 if self.inside == "attention" or "groups" in words else 1
        self.CASES: list[tuple[tuple[Any, ...], tuple[int, ...]]] = [
            ((), (2, 32, 8, 8)),
            ((False,), (1, 48, 13, 9)),
            ((True, groups, 0.25), (2, 64, 6, 5)),
            ((True, 1, 1.0), (1, 16, 1, 1)),
        ]
        if self.block == "c3k2":  # c3k, e, attn, g, shortcut
            self.CASES = [
                ((), (2, 32, 8, 8)),
                ((True,), (1, 48, 13, 9)),
                ((False, 0.25, False, 2, False), (2, 64, 6, 5)),
                ((True, 0.25, False, 2, True), (1, 64, 5, 6)),
                ((True, 1.0, False, 1, False), (1, 16, 1, 1)),
            ]

    @property
    def place(self) -> str:
        """Where the inner module's tensors are, in the first bottleneck."""
        return {"attention": "m.0.attention", "convolution": "m.0.cv2", "bottleneck": "m.0"}[
            self.inside
        ]

    @cached_property
    def OFFICIAL_KEYS_64(self) -> dict[str, tuple[int, ...]]:
        inside = support.build(self.wraps, 32, *self.given).state_dict()
        shapes = {f"{self.place}.{key}": tuple(value.shape) for key, value in inside.items()}
        convolutions = {**_OUTER[self.block], **_INSIDE[self.block]}
        own = keys_64({k: v for k, v in convolutions.items() if not k.startswith(self.place)})
        return {**own, **shapes}

    @property
    def c3k_keys_64(self) -> dict[str, tuple[int, ...]]:
        """The keys with c3k=True, where the attention is in each bottleneck of a C3k."""
        inside = support.build(self.wraps, 16, *self.given).state_dict()
        shapes = {
            f"m.0.m.{k}.attention.{key}": tuple(value.shape)
            for k in (0, 1)
            for key, value in inside.items()
        }
        return {**keys_64({**_OUTER["c3k2"], **_C3K}), **shapes}

    @cached_property
    def OFFICIAL_PARAMS(self) -> dict[int, int]:
        """Weights and norms counted by hand: those of the block, and of the inner module."""
        found = {}
        for channels in (64, 256):
            half = channels // 2
            point, wide = half * half + 2 * half, 9 * half * half + 2 * half
            if self.block == "c3":
                outer = 2 * (channels * half + 2 * half) + channels * channels + 2 * channels
                bottleneck = {"attention": point + wide, "convolution": point, "bottleneck": 0}
            else:
                outer = channels * channels + 3 * half * channels + 4 * channels
                bottleneck = {"attention": 2 * wide, "convolution": wide, "bottleneck": 0}
            if self.block == "c3k2":  # half of them lie between its two convolutions
                bottleneck = {"attention": 2 * 9 * half * (half // 2) + 2 * (half + half // 2)}
            inside = support.build(self.wraps, half, *self.given).parameters()
            total = outer + bottleneck[self.inside]
            found[channels] = total + sum(value.numel() for value in inside)
        return found

    def reference(self, module: Any, x: Tensor) -> Tensor:
        state = plain.state_of(module)
        first = _unit(state, "cv1", x)
        maps = [first] if self.block == "c3" else [*first.chunk(2, 1)]
        for k, bottleneck in enumerate(module.m):
            maps.append(self._bottleneck(state, f"m.{k}", bottleneck, maps[-1]))
        if self.block == "c3":
            return _unit(state, "cv3", torch.cat((maps[-1], _unit(state, "cv2", x)), 1))
        return _unit(state, "cv2", torch.cat(maps, 1))

    def _bottleneck(self, state: plain.State, name: str, bottleneck: Any, a: Tensor) -> Tensor:
        if self.inside == "bottleneck":
            return self.inner.reference(bottleneck, a)
        if hasattr(bottleneck, "cv3"):  # a C3k
            y = _unit(state, f"{name}.cv1", a)
            for k, inner in enumerate(bottleneck.m):
                y = self._bottleneck(state, f"{name}.m.{k}", inner, y)
            return _unit(state, f"{name}.cv3", torch.cat((y, _unit(state, f"{name}.cv2", a)), 1))
        side = bottleneck.cv1.conv.kernel_size[0]
        y = _unit(state, f"{name}.cv1", a, side // 2)
        if self.inside == "attention":
            y = _unit(state, f"{name}.cv2", y, 1, bottleneck.cv2.conv.groups)
        inner = bottleneck.attention if self.inside == "attention" else bottleneck.cv2
        y = self.inner.reference(inner, y)
        return a + y if bottleneck.add else y

    def Transcription(self, *args: Any) -> nn.Module:
        return _Plain(self, *args)


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
    """The usual one, with an attention at its end or another second convolution."""

    def __init__(self, first: nn.Module, second: nn.Module, attention: nn.Module | None) -> None:
        super().__init__()
        self.cv1, self.cv2 = first, second
        if attention is not None:
            self.attention = attention
        self.has_attention = attention is not None

    def forward(self, x: Tensor) -> Tensor:
        y = self.cv2(self.cv1(x))
        return self.attention(y) if self.has_attention else y


class _Plain(nn.Module):
    """The usual C3, C2f or C3k2, for the default arguments."""

    def __init__(self, form: Reference, c1: int, c2: int, n: int = 1) -> None:
        super().__init__()
        hidden = c2 // 2
        self.is_c3 = form.block == "c3"
        self.adds = form.block != "c2f" and form.inside != "bottleneck"
        if self.is_c3:
            self.cv1, self.cv2 = _Conv(c1, hidden, 1), _Conv(c1, hidden, 1)
            self.cv3 = _Conv(2 * hidden, c2, 1)
        else:
            self.cv1, self.cv2 = _Conv(c1, 2 * hidden, 1), _Conv((2 + n) * hidden, c2, 1)
        self.m = nn.ModuleList(_step(form, hidden) for _ in range(n))

    def forward(self, x: Tensor) -> Tensor:
        first = self.cv1(x)
        maps = [first] if self.is_c3 else [*first.chunk(2, 1)]
        for step in self.m:
            y = step(maps[-1])
            maps.append(maps[-1] + y if self.adds else y)
        if self.is_c3:
            return self.cv3(torch.cat((maps[-1], self.cv2(x)), 1))
        return self.cv2(torch.cat(maps, 1))


def _step(form: Reference, hidden: int) -> nn.Module:
    count = support.CHANNEL_ARGUMENTS[support.manifest(form.wraps)["rule"]]
    inner: nn.Module = form.inner.Transcription(*[hidden] * count, *form.given)
    if form.inside == "bottleneck":
        return inner
    side = 1 if form.block == "c3" else 3
    if form.inside == "attention":
        between = hidden // 2 if form.block == "c3k2" else hidden
        return _Bottleneck(_Conv(hidden, between, side), _Conv(between, hidden, 3), inner)
    return _Bottleneck(_Conv(hidden, hidden, side), inner, None)
