# SPDX-License-Identifier: 0BSD
import math

import torch
import torch.nn as nn


class ScConv(nn.Module):
    """Two units in a row: one shifts what is informative together, one thins out the channels.

    Shapes: (N, C, H, W) to (N, C, H, W); group_num divides C, and C is even.

        spatial unit:  g = sigmoid(GN(x) * w / sum(w)),  w the weight of GN
                       a = x where g > t, else g x;    b = 0 where g > t, else g x
                       the halves of a and b are added crosswise: [a1 + b2, a2 + b1]
        channel unit:  u, l = 1x1 convolutions of the first alpha C channels and of the others
                       Y1 = GWC(u) + PWC1(u),    Y2 = [PWC2(l), l]
                       s = softmax over all channels of [mean Y1, mean Y2],    y = s1 Y1 + s2 Y2

    SCConv: Spatial and Channel Reconstruction Convolution for Feature Redundancy, CVPR 2023,
    https://doi.org/10.1109/CVPR52729.2023.00596
    """

    def __init__(
        self,
        op_channel,
        group_num=4,
        gate_treshold=0.5,
        alpha=0.5,
        squeeze_radio=2,
        group_size=2,
        group_kernel_size=3,
    ):
        super().__init__()
        _ScConv_check_int("op_channel", op_channel)
        # The upper bound tells a channel count in the wrong place from a number of groups.
        _ScConv_check_int("group_num", group_num, 1, 32)
        _ScConv_check_number("gate_treshold", gate_treshold, 0.01, 0.99)
        _ScConv_check_number("alpha", alpha, 0.1, 0.9)
        _ScConv_check_int("squeeze_radio", squeeze_radio, 1, 16)
        _ScConv_check_int("group_size", group_size, 1, 32)
        _ScConv_check_odd("group_kernel_size", group_kernel_size, 15)
        if op_channel % 2 or op_channel % group_num:
            problem = f"{op_channel} channels are odd or no multiple of group_num={group_num}"
            raise _ScConv_fail(ValueError, problem)
        self.SRU = _ScConvSpatial(op_channel, group_num, float(gate_treshold))
        self.CRU = _ScConvChannel(
            op_channel, float(alpha), squeeze_radio, group_size, group_kernel_size
        )

    def forward(self, x):
        return self.CRU(self.SRU(x))


class _ScConvSpatial(nn.Module):
    """The spatial unit."""

    def __init__(self, channels, groups, threshold):
        super().__init__()
        self.gn = nn.GroupNorm(groups, channels)
        # g > t where its argument is above this: exact where g itself would round to t.
        self.limit = math.log(threshold / (1 - threshold))

    def forward(self, x):
        weight = self.gn.weight / self.gn.weight.sum()
        argument = self._normed(x) * weight.reshape(1, -1, 1, 1)
        weak = torch.sigmoid(argument).to(x.dtype) * x
        informative = argument > self.limit
        first = torch.where(informative, x, weak)
        second = torch.where(informative, torch.zeros_like(weak), weak)
        return first + second.roll(x.shape[1] // 2, 1)

    def _normed(self, x):
        # A group of a single value has no spread, and torch refuses to train on it: the rest
        # of the equation, x less its mean, is nought.
        is_map = isinstance(x, torch.Tensor)  # torch.fx hands on a Proxy
        if is_map and x.shape[1] == self.gn.num_groups and x.shape[2] * x.shape[3] == 1:
            return x * 0 * self.gn.weight.reshape(1, -1, 1, 1) + self.gn.bias.reshape(1, -1, 1, 1)
        return self.gn(x)


class _ScConvChannel(nn.Module):
    """The channel unit."""

    def __init__(self, channels, alpha, squeeze, groups, kernel):
        super().__init__()
        self.upper = int(alpha * channels)
        lower = channels - self.upper
        up, low = self.upper // squeeze, lower // squeeze
        if up < 1 or low < 1 or up % groups or channels % groups:
            problem = f"group_size={groups} does not divide {channels} and {up} channels"
            raise _ScConv_fail(ValueError, problem)
        self.squeeze1 = nn.Conv2d(self.upper, up, 1, bias=False)
        self.squeeze2 = nn.Conv2d(lower, low, 1, bias=False)
        self.GWC = nn.Conv2d(up, channels, kernel, padding=kernel // 2, groups=groups)
        self.PWC1 = nn.Conv2d(up, channels, 1, bias=False)
        self.PWC2 = nn.Conv2d(low, channels - low, 1, bias=False)

    def forward(self, x):
        channels = x.shape[1]
        up, low = self.squeeze1(x[:, : self.upper]), self.squeeze2(x[:, self.upper :])
        rich = self.GWC(up) + self.PWC1(up)
        cheap = torch.cat((self.PWC2(low), low), 1)
        # The weights need the means alone: the two maps are never joined into one.
        means = torch.cat((rich.mean((2, 3)), cheap.mean((2, 3))), 1)
        share = torch.softmax(means, 1).to(rich.dtype).unsqueeze(-1).unsqueeze(-1)
        return torch.addcmul(rich * share[:, :channels], cheap, share[:, channels:])


def _ScConv_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"ScConv: {problem}; write the row [-1, 1, ScConv, [{args}]]")


def _ScConv_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _ScConv_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _ScConv_fail(ValueError, problem)


def _ScConv_check_odd(name, value, high):
    """Refuse a kernel side that is even, or no int from 1 to high."""
    _ScConv_check_int(name, value, 1, high)
    if value % 2 == 0:
        raise _ScConv_fail(ValueError, f"{name} must be odd, got {value!r}")


def _ScConv_check_number(name, value, low, high):
    """Refuse what is no number from low to high."""
    problem = f"{name} must be a number from {low} to {high}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _ScConv_fail(TypeError, problem)
    if not low <= value <= high:
        raise _ScConv_fail(ValueError, problem)
