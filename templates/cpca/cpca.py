# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class CPCA(nn.Module):
    """Channel attention first, then a spatial gate for every channel from strips of many sizes.

    Shapes: (N, C, H, W) to (N, C, H, W).

        f = gelu(conv(x)),    f' = f * (m(mean of f) + m(max of f)),    m = sigmoid(fc2 relu fc1)
        u = dconv5_5(f'),     g = u + the sum over n of 7, 11, 21 of dconvn_1(dconv1_n(u))
        y = conv(conv(g) * f')

    All three 1x1 convolutions are one and the same `conv`, as published. fc1 has
    C / channelAttention_reduce channels, at least 1.

    Channel prior convolutional attention for medical image segmentation, arXiv 2023,
    https://arxiv.org/abs/2306.05196
    """

    def __init__(self, channels, channelAttention_reduce=4):
        super().__init__()
        _CPCA_check_int("channels", channels)
        # The upper bound tells a channel count in the wrong place from a reduction.
        _CPCA_check_int("channelAttention_reduce", channelAttention_reduce, 1, 64)
        self.ca = _CPCAChannels(channels, max(1, channels // channelAttention_reduce))
        self.dconv5_5 = _CPCA_strip(channels, 5, 5)
        self.dconv1_7 = _CPCA_strip(channels, 1, 7)
        self.dconv7_1 = _CPCA_strip(channels, 7, 1)
        self.dconv1_11 = _CPCA_strip(channels, 1, 11)
        self.dconv11_1 = _CPCA_strip(channels, 11, 1)
        self.dconv1_21 = _CPCA_strip(channels, 1, 21)
        self.dconv21_1 = _CPCA_strip(channels, 21, 1)
        self.conv = nn.Conv2d(channels, channels, 1)
        self.act = nn.GELU()

    def forward(self, x):
        prior = self.act(self.conv(x))
        prior = prior * self.ca(prior)
        base = self.dconv5_5(prior)
        gate = base + self.dconv7_1(self.dconv1_7(base))
        gate = gate + self.dconv11_1(self.dconv1_11(base))
        gate = gate + self.dconv21_1(self.dconv1_21(base))
        return self.conv(self.conv(gate) * prior)


class _CPCAChannels(nn.Module):
    """One weight a channel, between 0 and 2, from its mean and its maximum."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x):
        mean = x.mean((2, 3), keepdim=True)
        # The flat maximum has a deterministic gradient; adaptive pooling has none on a GPU.
        peak = x.flatten(2).max(2)[0].unsqueeze(-1).unsqueeze(-1)
        return self._weight(mean) + self._weight(peak)

    def _weight(self, pooled):
        return torch.sigmoid(self.fc2(F.relu(self.fc1(pooled))))


def _CPCA_strip(channels, high, wide):
    """A depthwise convolution that keeps the size."""
    around = (high // 2, wide // 2)
    return nn.Conv2d(channels, channels, (high, wide), padding=around, groups=channels)


def _CPCA_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"CPCA: {problem}; write the row [-1, 1, CPCA, [{args}]]")


def _CPCA_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _CPCA_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _CPCA_fail(ValueError, problem)
