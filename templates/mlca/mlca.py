# SPDX-License-Identifier: 0BSD
import math

import torch
import torch.nn as nn


class MLCA(nn.Module):
    """Gates for every channel of a coarse grid of tiles, mixed with gates for the whole map.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = in_size.

        a = mean of x over each of local_size x local_size tiles, b = mean of a over the tiles
        g = local_weight * sigmoid(conv_local(a)) + (1 - local_weight) * sigmoid(conv(b))
        y = x * (g spread over the map)

    Both convolutions run along the channels, with k weights: k = int(|log2(C) + b| / gamma), made
    odd. conv_local runs along one line of all tiles, each with all its channels, so that it sees
    across from a tile's last channel to the next one's first, as in the published code. Tiles
    overlap where local_size does not divide a side, and a place that lies in several takes their
    mean (adaptive average pooling, both ways).

    Mixed local channel attention for object detection,
    Engineering Applications of Artificial Intelligence 2023,
    https://doi.org/10.1016/j.engappai.2023.106442
    """

    def __init__(self, in_size, local_size=5, gamma=2, b=1, local_weight=0.5):
        super().__init__()
        _MLCA_check(in_size, local_size, gamma, b, local_weight)
        self.local_size, self.local_weight = local_size, float(local_weight)
        length = int(abs(math.log(in_size, 2) + b) / gamma)
        length = length if length % 2 else length + 1
        self.conv = nn.Conv1d(1, 1, length, padding=length // 2, bias=False)
        self.conv_local = nn.Conv1d(1, 1, length, padding=length // 2, bias=False)

    def extra_repr(self):
        return f"local_size={self.local_size}, local_weight={self.local_weight}"

    def forward(self, x):
        n, c, h, w = x.shape
        side = self.local_size
        # Pooling is a product with a matrix from both sides. That can be exported and trained
        # reproducibly at any size, which adaptive pooling cannot, and is faster on large maps.
        tiles = _MLCA_along(x, _MLCA_shares(w, side, x))
        tiles = _MLCA_along(tiles.transpose(2, 3), _MLCA_shares(h, side, x)).transpose(2, 3)
        local = self.conv_local(tiles.flatten(2).transpose(1, 2).reshape(n, 1, -1)).sigmoid()
        local = local.reshape(n, side * side, c).transpose(1, 2).reshape(n, c, side, side)
        whole = self.conv(tiles.mean((2, 3)).unsqueeze(1)).sigmoid().reshape(n, c, 1, 1)
        gate = (local * self.local_weight + whole * (1.0 - self.local_weight)).to(x.dtype)
        gate = _MLCA_along(gate.transpose(2, 3), _MLCA_shares(side, h, x)).transpose(2, 3)
        return x * _MLCA_along(gate, _MLCA_shares(side, w, x)).to(x.dtype)


def _MLCA_along(x, shares):
    """Means along the last axis, for all maps by one product."""
    n, c, h, w = x.shape
    return torch.mm(x.reshape(n * c * h, w), shares.t()).reshape(n, c, h, shares.shape[0])


def _MLCA_shares(size: int, parts: int, like):
    """How much each of `size` values counts in each of `parts` means: (parts, size).

    Part i covers the stretch from i / parts to (i + 1) / parts of the line, and every value that
    it touches counts the same.
    """
    part = torch.arange(parts, device=like.device).unsqueeze(1)
    value = torch.arange(size, device=like.device).unsqueeze(0)
    touches = ((value + 1) * parts > part * size) & (value * parts < (part + 1) * size)
    shares = touches.to(like.dtype)
    return shares / shares.sum(1, keepdim=True)


def _MLCA_check(in_size, local_size, gamma, b, local_weight):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = "; write the row [-1, 1, MLCA, []]"
    for name, value, low, high in (
        ("in_size", in_size, 1, 1 << 30),
        # The upper bounds tell a channel count in the wrong place from the others.
        ("local_size", local_size, 1, 31),
        ("gamma", gamma, 1, 31),
        ("b", b, 0, 31),
    ):
        problem = f"MLCA: {name} must be an int from {low} to {high}, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(problem + row)
        if not low <= value <= high:
            raise ValueError(problem + row)
    problem = f"MLCA: local_weight must be a number from 0 to 1, got {local_weight!r}{row}"
    if isinstance(local_weight, bool) or not isinstance(local_weight, (int, float)):
        raise TypeError(problem)
    if not 0 <= local_weight <= 1:
        raise ValueError(problem)
