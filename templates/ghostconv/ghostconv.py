# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class GhostConv(nn.Module):
    """Half of the output from a convolution, the other half from that by a cheap 5x5 one.

    Shapes: (N, C, H, W) to (N, c2, ceil(H / s), ceil(W / s)), C = c1; c2 is even.

        a = cv1(x);   y = [a, cv2(a)]

    cv1 is a k x k convolution with stride s, cv2 a depthwise 5x5 one; both are followed by BN and,
    with act, SiLU. One image with a 1x1 map has no spread to train a BatchNorm on: its running
    statistics stand in.

    GhostNet: More Features from Cheap Operations, CVPR 2020, https://arxiv.org/abs/1911.11907
    """

    def __init__(self, c1, c2, k=1, s=1, g=1, act=True):
        super().__init__()
        row = "write the row [-1, 1, GhostConv, [256, 3, 2]]"
        # The upper bounds tell a channel count in the wrong place.
        most = 1 << 30
        limits = (("c1", c1, most), ("c2", c2, most), ("k", k, 31), ("s", s, 8), ("g", g, most))
        for name, value, high in limits:
            problem = f"GhostConv: {name} must be an int from 1 to {high}, got {value!r}; {row}"
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(problem)
            if not 1 <= value <= high:
                raise ValueError(problem)
        if not isinstance(act, bool):
            raise TypeError(f"GhostConv: act must be True or False, got {act!r}; {row}")
        if k % 2 == 0 or c2 % 2 == 1:
            raise ValueError(f"GhostConv: k must be odd, c2 even, got k={k}, c2={c2}; {row}")
        if c1 % g or (c2 // 2) % g:
            problem = f"g={g} must divide the channels, {c1} and half of {c2}"
            raise ValueError(f"GhostConv: {problem}; {row}")
        half = c2 // 2
        self.cv1 = _GhostConvConv(c1, half, k, s, g, act)
        self.cv2 = _GhostConvConv(half, half, 5, 1, half, act)

    def forward(self, x):
        y = self.cv1(x)
        return torch.cat((y, self.cv2(y)), 1)


class _GhostConvConv(nn.Module):
    """A convolution with BN and perhaps SiLU."""

    def __init__(self, channels, out, side, stride, groups, act):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, side, stride, side // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(out)
        self.act = nn.SiLU() if act else nn.Identity()

    def forward(self, x):
        y = self.conv(x)
        bn = self.bn
        if self.training and y.numel() == y.shape[1]:
            y = F.batch_norm(
                y, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
            )
        else:
            y = self.bn(y)
        return self.act(y)
