# SPDX-License-Identifier: 0BSD
from typing import List

import torch
import torch.nn as nn
import torch.nn.functional as F


class ASFF(nn.Module):
    """Adaptively spatial feature fusion: three levels, each with a weight at every place.

    Shapes: (N, C_0, H, W), (N, C_1, 2 H, 2 W), (N, C_2, 4 H, 4 W), the deepest level first, to the
    shape of input number `level`.

        x_i = input i, brought to the size and the channels of input `level`
        [a_0, a_1, a_2] = softmax over i of weight_levels([weight_level_i(x_i)])
        y = expand(a_0 x_0 + a_1 x_1 + a_2 x_2)

    A finer level comes down by a 3x3 convolution with stride 2, from two levels away behind a
    3x3 max pooling with stride 2. A deeper one gets its channels by a 1x1 convolution and is
    repeated to the size. weight_level_i gives 16 channels, expand is 3x3; BN and LeakyReLU follow
    each but weight_levels. One image with a 1x1 map has no spread to train a BatchNorm on: its
    running statistics stand in.

    Learning Spatial Fusion for Single-Shot Object Detection, arXiv 2019,
    https://arxiv.org/abs/1911.09516
    """

    def __init__(self, channels, level=0):
        super().__init__()
        row = "write the row [[23, 20, 17], 1, ASFF, [0]]"
        problem = f"ASFF: it takes the channels of three inputs, got {channels!r}; {row}"
        if not isinstance(channels, (list, tuple)):
            raise TypeError(problem)
        if len(channels) != 3 or any(type(c) is not int or c < 1 for c in channels):
            raise ValueError(problem)
        if isinstance(level, bool) or not isinstance(level, int):
            raise TypeError(f"ASFF: level must be 0, 1 or 2, got {level!r}; {row}")
        if not 0 <= level <= 2:
            raise ValueError(f"ASFF: level must be 0, 1 or 2, got {level!r}; {row}")
        self.level = level
        out = channels[level]
        same = nn.Identity()
        self.compress_level_0 = same if level == 0 else _ASFFConv(channels[0], out, 1)
        widens = level == 2 and channels[1] != out
        self.compress_level_1 = _ASFFConv(channels[1], out, 1) if widens else same
        self.stride_level_1 = _ASFFConv(channels[1], out, 3, 2) if level == 0 else same
        self.stride_level_2 = same if level == 2 else _ASFFConv(channels[2], out, 3, 2)
        self.weight_level_0 = _ASFFConv(out, 16, 1)
        self.weight_level_1 = _ASFFConv(out, 16, 1)
        self.weight_level_2 = _ASFFConv(out, 16, 1)
        self.weight_levels = nn.Conv2d(48, 3, 1)
        self.expand = _ASFFConv(out, out, 3)

    def forward(self, x: List[torch.Tensor]):
        size = x[self.level].shape[2:]
        first = self.compress_level_0(x[0])
        second = self.compress_level_1(self.stride_level_1(x[1]))
        third = x[2]
        if self.level == 0:
            third = F.max_pool2d(third, 3, 2, 1)
        else:
            first = F.interpolate(first, size)
        third = self.stride_level_2(third)
        if self.level == 2:
            second = F.interpolate(second, size)
        scores = torch.cat(
            (self.weight_level_0(first), self.weight_level_1(second), self.weight_level_2(third)),
            1,
        )
        share = F.softmax(self.weight_levels(scores), dim=1)
        fused = first * share[:, 0:1] + second * share[:, 1:2] + third * share[:, 2:3]
        return self.expand(fused)


class _ASFFConv(nn.Module):
    """A convolution with BN and LeakyReLU."""

    def __init__(self, channels, out, side, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, side, stride, side // 2, bias=False)
        self.batch_norm = nn.BatchNorm2d(out)
        self.leaky = nn.LeakyReLU(0.1)

    def forward(self, x):
        y = self.conv(x)
        bn = self.batch_norm
        if self.training and y.numel() == y.shape[1]:
            y = F.batch_norm(
                y, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
            )
        else:
            y = self.batch_norm(y)
        return self.leaky(y)
