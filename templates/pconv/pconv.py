# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn


class PConv(nn.Module):
    """Partial convolution: a 3x3 convolution of the first channels; the others pass.

    Shapes: (N, C, H, W) to (N, C, H, W).

        y = [W * x_1..p, x_p+1..C],   p = C / n_div, rounded down

    Run, Don't Walk: Chasing Higher FLOPS for Faster Neural Networks, CVPR 2023,
    https://arxiv.org/abs/2303.03667
    """

    def __init__(self, dim, n_div=4):
        super().__init__()
        # The upper bound tells a channel count in the wrong place.
        for name, value, high in (("dim", dim, 1 << 30), ("n_div", n_div, 16)):
            problem = f"PConv: {name} must be an int from 1 to {high}, got {value!r}"
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(problem + "; write the row [-1, 1, PConv, []]")
            if not 1 <= value <= high:
                raise ValueError(problem + "; write the row [-1, 1, PConv, []]")
        if dim < n_div:
            problem = f"PConv: {dim} channels cannot be divided by n_div={n_div}"
            raise ValueError(problem + "; write the row [-1, 1, PConv, [1]]")
        part = dim // n_div
        self.parts = [part, dim - part]
        self.partial_conv3 = nn.Conv2d(part, part, 3, padding=1, bias=False)

    def forward(self, x):
        first, rest = torch.split(x, self.parts, 1)
        return torch.cat((self.partial_conv3(first), rest), 1)
