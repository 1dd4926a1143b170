# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn


class ContextAggregation(nn.Module):
    """Adds to every place one vector, an attentive mean of all places, as far as a gate lets it.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = in_channels.

        z = sum over places of softmax(k(x)) v(x)
        y = x + sigmoid(a(x)) * m(z)

    a, k, v and m are 1x1 convolutions; v and m have C // reduction planes between them, at
    least 1. v is applied once, to the mean of x, which gives the same: its weights sum to 1.
    m starts from 0, and so y from x.

    Learning to Aggregate Multi-Scale Context for Instance Segmentation in Remote Sensing Images,
    IEEE TNNLS 2024, https://arxiv.org/abs/2111.11057
    """

    def __init__(self, in_channels, reduction=1):
        super().__init__()
        _ContextAggregation_check("in_channels", in_channels)
        # The upper bound tells a channel count in the wrong place from a reduction.
        _ContextAggregation_check("reduction", reduction, 64)
        planes = max(in_channels // reduction, 1)
        self.a = _ContextAggregationConv(in_channels, 1)
        self.k = _ContextAggregationConv(in_channels, 1)
        self.v = _ContextAggregationConv(in_channels, planes)
        self.m = _ContextAggregationConv(planes, in_channels)
        self.reset_parameters()

    def reset_parameters(self):
        """The context starts from 0; gate, scores and values keep a layer's spread."""
        for part in (self.a, self.k, self.v):
            nn.init.kaiming_uniform_(part.conv.weight, a=1)
            nn.init.zeros_(part.conv.bias)
        nn.init.zeros_(self.m.conv.weight)
        nn.init.zeros_(self.m.conv.bias)

    def forward(self, x):
        gate = torch.sigmoid(self.a(x)).to(x.dtype)
        shares = torch.softmax(self.k(x).flatten(2), 2).to(x.dtype)  # N, 1, H W
        mean = torch.bmm(x.flatten(2), shares.transpose(1, 2)).unsqueeze(3)
        return torch.addcmul(x, gate, self.m(self.v(mean)).to(x.dtype))


class _ContextAggregationConv(nn.Module):
    """A 1x1 convolution (a module for the official keys, `a.conv` for example)."""

    def __init__(self, planes, out_planes):
        super().__init__()
        self.conv = nn.Conv2d(planes, out_planes, 1)

    def forward(self, x):
        return self.conv(x)


def _ContextAggregation_check(name, value, high=None):
    """Refuses what is not an int in 1..high, and names the row to write."""
    row = "; write the row [-1, 1, ContextAggregation, []]"
    limits = "of at least 1" if high is None else f"from 1 to {high}"
    problem = f"ContextAggregation: {name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(problem + row)
    if value < 1 or (high is not None and value > high):
        raise ValueError(problem + row)
