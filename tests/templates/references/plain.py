"""Operators written out as sums in float64, for the references of the templates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

State = dict[str, Tensor]


def state_of(module: nn.Module) -> State:
    return {key: value.double() for key, value in module.state_dict().items()}


def conv(
    state: State,
    name: str,
    x: Tensor,
    padding: tuple[int, int] = (0, 0),
    *,
    dilation: int = 1,
    stride: int = 1,
    groups: int = 1,
) -> Tensor:
    """The convolution stored under ``name``, tap by tap, with zeros beyond the edge."""
    weight = state[f"{name}.weight"]
    weight = weight.reshape(*weight.shape, *(1,) * (4 - weight.dim()))
    out_channels, depth, rows, columns = weight.shape
    count, _, height, width = x.shape
    down, across = padding
    padded = torch.zeros(count, x.shape[1], height + 2 * down, width + 2 * across).double()
    padded[:, :, down : down + height, across : across + width] = x
    padded = padded.unflatten(1, (groups, depth))
    kernel = weight.unflatten(0, (groups, out_channels // groups))
    high = padded.shape[3] - dilation * (rows - 1)
    wide = padded.shape[4] - dilation * (columns - 1)
    total = torch.zeros(count, groups, out_channels // groups, high, wide).double()
    for i in range(rows):
        for j in range(columns):
            top, left = i * dilation, j * dilation
            seen = padded[..., top : top + high, left : left + wide]
            total += torch.einsum("god,ngdhw->ngohw", kernel[..., i, j], seen)
    out = total.flatten(1, 2)[:, :, ::stride, ::stride]
    bias = state.get(f"{name}.bias")
    return out if bias is None else out + bias[:, None, None]


def norm(state: State, name: str, x: Tensor, eps: float = 1e-5) -> Tensor:
    """BatchNorm with its running statistics."""
    mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    out = (x - mean[:, None, None]) / (var[:, None, None] + eps) ** 0.5
    return out * state[f"{name}.weight"][:, None, None] + state[f"{name}.bias"][:, None, None]


def linear(state: State, name: str, x: Tensor) -> Tensor:
    out = torch.einsum("oc,nc->no", state[f"{name}.weight"], x)
    return out + state.get(f"{name}.bias", torch.zeros(()).double())


def sigmoid(x: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-x))


def relu(x: Tensor) -> Tensor:
    return x.clamp_min(0)


def gelu(x: Tensor) -> Tensor:
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


def silu(x: Tensor) -> Tensor:
    return x * sigmoid(x)


def softmax(x: Tensor, axis: int) -> Tensor:
    weights = torch.exp(x - x.amax(axis, keepdim=True))
    return weights / weights.sum(axis, keepdim=True)


def norm_keys(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    """The five tensors of a BatchNorm."""
    parts = ("weight", "bias", "running_mean", "running_var")
    keys: dict[str, tuple[int, ...]] = {f"{name}.{part}": (channels,) for part in parts}
    return {**keys, f"{name}.num_batches_tracked": ()}


def conv_keys(name: str, *shape: int, bias: bool = True) -> dict[str, tuple[int, ...]]:
    """The weight of a convolution, and its bias."""
    return {f"{name}.weight": shape, **({f"{name}.bias": shape[:1]} if bias else {})}


def merged(*parts: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {key: shape for part in parts for key, shape in part.items()}


def heads_of(x: Tensor, heads: int) -> Tensor:
    """(N, C, H, W) to (N, heads, d, places)."""
    return x.flatten(2).unflatten(1, (heads, -1))


def attention(q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
    """Softmax attention of (..., d, places), the softmax over the keys."""
    scores = torch.einsum("...di,...dj->...ij", q, k) * scale
    return torch.einsum("...ij,...dj->...di", softmax(scores, -1), v)


def total(parts: Sequence[Tensor]) -> Tensor:
    return torch.stack(tuple(parts)).sum(0)
