"""Tiny networks whose FLOPs a hand can count, in the shape of YOLO's: layers with an index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Layer(nn.Module):
    """A layer that is one function: all of its work is functional."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Any:
        return self.function(x)


class Net(nn.Module):
    """Layers in a row, each known by its index as in a network that parse_model built."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.model = nn.Sequential(*layers)
        for index, layer in enumerate(self.model):
            layer.i, layer.f = index, -1  # type: ignore[assignment]
        self.stride = torch.tensor([8.0, 16.0, 32.0])

    def forward(self, x: Tensor) -> Any:
        return self.model(x)


class Attention(nn.Module):
    """nn.MultiheadAttention over the pixels of an image."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(channels, heads)

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).permute(2, 0, 1)
        return self.attention(tokens, tokens, tokens, need_weights=False)[0]


def tokens_of(x: Tensor) -> Tensor:
    return x.flatten(2).transpose(1, 2)


def bmm_attention(x: Tensor) -> Tensor:
    q = tokens_of(x)
    return torch.bmm(torch.bmm(q, q.transpose(1, 2)).softmax(-1), q)


def matmul_attention(x: Tensor) -> Tensor:
    q = tokens_of(x).unsqueeze(1)
    return (q @ q.transpose(2, 3)).softmax(-1) @ q


def einsum_attention(x: Tensor) -> Tensor:
    q = tokens_of(x)
    weights = torch.einsum("bic,bjc->bij", q, q).softmax(-1)
    return torch.einsum("bij,bjc->bic", weights, q)


def fused_attention(x: Tensor) -> Tensor:
    q = tokens_of(x).unsqueeze(1)
    return F.scaled_dot_product_attention(q, q, q)


# An image of 8 channels and 4 x 6 pixels: 24 tokens of 8 numbers. A multiplication with its
# addition counts as two.
SHAPE = (1, 8, 4, 6)
_PRODUCTS = 2 * (2 * 24 * 24 * 8)  # queries with keys, weights with values
HAND: Sequence[tuple[str, Callable[[], nn.Module], int, int]] = [
    # name, layer, FLOPs, and how many of them thop's hooks do not see
    ("3x3", lambda: nn.Conv2d(8, 16, 3, padding=1), 2 * 24 * 16 * 8 * 9, 0),
    ("stride 2", lambda: nn.Conv2d(8, 16, 3, 2, 1, bias=False), 2 * 6 * 16 * 8 * 9, 0),
    ("groups", lambda: nn.Conv2d(8, 16, 3, padding=1, groups=4), 2 * 24 * 16 * 2 * 9, 0),
    ("depthwise", lambda: nn.Conv2d(8, 8, (1, 5), padding=(0, 2), groups=8), 2 * 24 * 8 * 5, 0),
    ("transposed", lambda: nn.ConvTranspose2d(8, 4, 2, 2), 2 * 24 * 8 * 4 * 4, 0),
    ("linear", lambda: nn.Linear(6, 5), 2 * (8 * 4) * 6 * 5, 0),
    ("no product", lambda: nn.Sequential(nn.BatchNorm2d(8), nn.SiLU(), nn.MaxPool2d(2)), 0, 0),
    ("bmm", lambda: Layer(bmm_attention), _PRODUCTS, _PRODUCTS),
    ("matmul", lambda: Layer(matmul_attention), _PRODUCTS, _PRODUCTS),
    ("einsum", lambda: Layer(einsum_attention), _PRODUCTS, _PRODUCTS),
    ("fused", lambda: Layer(fused_attention), _PRODUCTS, _PRODUCTS),
    (
        "functional conv",
        lambda: Layer(lambda x: F.conv2d(x, torch.ones(4, 8, 3, 3))),
        2 * (2 * 4) * 4 * 8 * 9,
        2 * (2 * 4) * 4 * 8 * 9,
    ),
    # In-projections, both products, and an out-projection that is no nn.Linear to thop.
    (
        "multihead",
        lambda: Attention(8, 2),
        2 * 24 * 8 * 24 + _PRODUCTS + 2 * 24 * 8 * 8,
        2 * 24 * 8 * 24 + _PRODUCTS + 2 * 24 * 8 * 8,
    ),
]
