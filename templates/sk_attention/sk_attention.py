# SPDX-License-Identifier: 0BSD
from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F


class SKAttention(nn.Module):
    """Convolutions with several kernels, and each channel's own mixture of them.

    Shapes: (N, C, H, W) to (N, C, H, W); `group` divides C.

        u_k = relu(BN(conv_k(x))),        z = fc(mean over the map of sum_k u_k)
        y = sum_k a_k u_k,                a = softmax over k of fcs_k(z)

    z has d = max(L, C / reduction) values. One image with a 1x1 map has no spread to train a
    BatchNorm on: its running statistics stand in.

    Selective Kernel Networks, CVPR 2019, https://arxiv.org/abs/1903.06586
    """

    def __init__(self, channel=512, kernels=(1, 3, 5, 7), reduction=16, group=1, L=32):
        super().__init__()
        _SKAttention_check_int("channel", channel)
        kernels = _SKAttention_check_ints("kernels", kernels, 31)
        for kernel in kernels:
            _SKAttention_check_odd("each of kernels", kernel, 31)
        _SKAttention_check_int("reduction", reduction)
        _SKAttention_check_int("group", group)
        _SKAttention_check_int("L", L)
        if channel % group:
            raise _SKAttention_fail(ValueError, f"group={group} does not divide {channel} channels")
        self.d = max(L, channel // reduction)
        self.convs = nn.ModuleList(
            _SKAttentionStack(
                OrderedDict(
                    conv=nn.Conv2d(channel, channel, side, padding=side // 2, groups=group),
                    bn=nn.BatchNorm2d(channel),
                    relu=nn.ReLU(),
                )
            )
            for side in kernels
        )
        self.fc = nn.Linear(channel, self.d)
        self.fcs = nn.ModuleList(nn.Linear(self.d, channel) for _ in kernels)

    def forward(self, x):
        maps = [conv(x) for conv in self.convs]
        # The mean of a sum is the sum of the means: no summed map is needed, and no stack.
        mean = sum([part.mean((2, 3)) for part in maps])
        code = self.fc(mean)
        weights = torch.softmax(torch.stack([fc(code) for fc in self.fcs]), 0)
        weights = weights.unsqueeze(-1).unsqueeze(-1)
        out = maps[0] * weights[0]
        for place in range(1, len(maps)):
            out = torch.addcmul(out, maps[place], weights[place].to(out.dtype))
        return out


class _SKAttentionStack(nn.Sequential):
    """A Sequential whose BatchNorm also trains on a single value per channel.

    One image with a 1x1 map has no spread to learn from: the running statistics stand in.
    """

    def forward(self, x):
        for layer in self:
            alone = isinstance(layer, nn.BatchNorm2d) and layer.training
            if alone and x.numel() == x.shape[1]:
                mean, var = layer.running_mean, layer.running_var
                x = F.batch_norm(x, mean, var, layer.weight, layer.bias, False, 0.0, layer.eps)
            else:
                x = layer(x)
        return x


def _SKAttention_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"SKAttention: {problem}; write the row [-1, 1, SKAttention, [{args}]]")


def _SKAttention_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _SKAttention_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _SKAttention_fail(ValueError, problem)


def _SKAttention_check_odd(name, value, high):
    """Refuse a kernel side that is even, or no int from 1 to high."""
    _SKAttention_check_int(name, value, 1, high)
    if value % 2 == 0:
        raise _SKAttention_fail(ValueError, f"{name} must be odd, got {value!r}")


def _SKAttention_check_ints(name, values, high):
    """Refuse what is not a list of ints from 1 to high, and return it as a tuple."""
    if not isinstance(values, (list, tuple)) or not values:
        raise _SKAttention_fail(TypeError, f"{name} must be a list of ints, got {values!r}")
    for value in values:
        _SKAttention_check_int(f"each of {name}", value, 1, high)
    return tuple(values)
