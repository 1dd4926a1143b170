# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn


class LSKblock(nn.Module):
    """Two depthwise convolutions, a small and a large one, mixed place by place into a gate.

    Shapes: (N, C, H, W) to (N, C, H, W), C even.

        a = conv1(conv0(x)),    b = conv2(conv_spatial(conv0(x))),    both of C / 2 channels
        s = sigmoid(conv_squeeze([mean, max] over the channels of [a, b]))
        y = x * conv(a s_0 + b s_1)

    conv0 is 5x5, conv_spatial 7x7 with dilation 3, conv_squeeze 7x7.

    Large Selective Kernel Network for Remote Sensing Object Detection, ICCV 2023,
    https://arxiv.org/abs/2303.09030
    """

    def __init__(self, dim):
        super().__init__()
        _LSKblock_check_int("dim", dim)
        if dim % 2:
            raise _LSKblock_fail(ValueError, f"{dim} channels cannot be halved")
        self.conv0 = nn.Conv2d(dim, dim, 5, padding=2, groups=dim)
        self.conv_spatial = nn.Conv2d(dim, dim, 7, padding=9, groups=dim, dilation=3)
        self.conv1 = nn.Conv2d(dim, dim // 2, 1)
        self.conv2 = nn.Conv2d(dim, dim // 2, 1)
        self.conv_squeeze = nn.Conv2d(2, 2, 7, padding=3)
        self.conv = nn.Conv2d(dim // 2, dim, 1)

    def forward(self, x):
        near = self.conv0(x)
        far = self.conv2(self.conv_spatial(near))
        near = self.conv1(near)
        # Mean and maximum of both halves, without joining them into one map first.
        mean = (near.mean(1) + far.mean(1)) * 0.5
        peak = torch.maximum(near.max(1)[0], far.max(1)[0])
        share = torch.sigmoid(self.conv_squeeze(torch.stack((mean, peak), 1)))
        return x * self.conv(near * share[:, 0:1] + far * share[:, 1:2])


def _LSKblock_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"LSKblock: {problem}; write the row [-1, 1, LSKblock, [{args}]]")


def _LSKblock_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _LSKblock_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _LSKblock_fail(ValueError, problem)
