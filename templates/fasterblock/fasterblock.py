# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class FasterBlock(nn.Module):
    """Block of FasterNet: a partial convolution, then two 1x1 convolutions, and the way around.

    Shapes: (N, C, H, W) to (N, C, H, W).

        y = x + W2 ReLU(BN(W1 [P * x_1..p, x_p+1..C])),   p = C / n_div, rounded down

    P is a 3x3 convolution; mlp_ratio C channels lie between W1 and W2. One image with a 1x1 map
    has no spread to train a BatchNorm on: its running statistics stand in.

    Run, Don't Walk: Chasing Higher FLOPS for Faster Neural Networks, CVPR 2023,
    https://arxiv.org/abs/2303.03667
    """

    def __init__(self, dim, n_div=4, mlp_ratio=2.0):
        super().__init__()
        row = "write the row [-1, 1, FasterBlock, []]"
        # The upper bound tells a channel count in the wrong place.
        for name, value, high in (("dim", dim, 1 << 30), ("n_div", n_div, 16)):
            problem = f"FasterBlock: {name} must be an int from 1 to {high}, got {value!r}; {row}"
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(problem)
            if not 1 <= value <= high:
                raise ValueError(problem)
        if isinstance(mlp_ratio, bool) or not isinstance(mlp_ratio, (int, float)):
            raise TypeError(f"FasterBlock: mlp_ratio must be a number, got {mlp_ratio!r}; {row}")
        if not 0 < mlp_ratio <= 8 or int(dim * mlp_ratio) < 1 or dim < n_div:
            problem = f"n_div={n_div}, mlp_ratio={mlp_ratio!r} do not fit {dim} channels"
            raise ValueError(f"FasterBlock: {problem}; {row}")
        hidden = int(dim * mlp_ratio)
        self.mlp = nn.Sequential(
            nn.Conv2d(dim, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(),
            nn.Conv2d(hidden, dim, 1, bias=False),
        )
        self.spatial_mixing = _FasterBlockPart(dim, dim // n_div)

    def forward(self, x):
        y = self.mlp[0](self.spatial_mixing(x))
        bn = self.mlp[1]
        if self.training and y.numel() == y.shape[1]:
            y = F.batch_norm(
                y, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
            )
        else:
            y = bn(y)
        return x + self.mlp[3](self.mlp[2](y))


class _FasterBlockPart(nn.Module):
    """A 3x3 convolution of the first channels; the others pass."""

    def __init__(self, dim, part):
        super().__init__()
        self.parts = [part, dim - part]
        self.partial_conv3 = nn.Conv2d(part, part, 3, padding=1, bias=False)

    def forward(self, x):
        first, rest = torch.split(x, self.parts, 1)
        return torch.cat((self.partial_conv3(first), rest), 1)
