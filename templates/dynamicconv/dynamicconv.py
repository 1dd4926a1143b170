# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class DynamicConv(nn.Module):
    """Dynamic convolution: each image has its own kernel, a weighted mean of several.

    Shapes: (N, C, H, W) to (N, c2, ceil(H / s), ceil(W / s)), C = c1.

        pi = softmax(fc2(ReLU(fc1(the mean of x over the map))) / temperature)
        y  = SiLU(BN((sum over e of pi_e W_e) * x))

    W_e are `experts` kernels of k x k, fc1 gives ratio C values. A high temperature keeps the
    weights near each other, so that every kernel is trained. One image with a 1x1 map has no
    spread to train a BatchNorm on: its running statistics stand in.

    Dynamic Convolution: Attention over Convolution Kernels, CVPR 2020,
    https://arxiv.org/abs/1912.03458
    """

    def __init__(self, c1, c2, k=1, s=1, g=1, experts=4, ratio=0.25, temperature=30.0):
        super().__init__()
        row = "write the row [-1, 1, DynamicConv, [256, 3, 1]]"
        # The upper bounds tell a channel count in the wrong place.
        most = 1 << 30
        limits = (("c1", c1, most), ("c2", c2, most), ("k", k, 31), ("s", s, 8), ("g", g, most))
        for name, value, high in (*limits, ("experts", experts, 16)):
            problem = f"DynamicConv: {name} must be an int from 1 to {high}, got {value!r}; {row}"
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(problem)
            if not 1 <= value <= high:
                raise ValueError(problem)
        for name, value, high in (("ratio", ratio, 4), ("temperature", temperature, 100)):
            problem = f"DynamicConv: {name} must be a number above 0, up to {high}, got {value!r}"
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise TypeError(f"{problem}; {row}")
            if not 0 < value <= high:
                raise ValueError(f"{problem}; {row}")
        if k % 2 == 0:
            raise ValueError(f"DynamicConv: k must be odd, got {k!r}; {row}")
        if c1 % g or c2 % g:
            raise ValueError(f"DynamicConv: g={g} must divide the channels, {c1} and {c2}; {row}")
        hidden = int(c1 * ratio) or experts
        self.conv = _DynamicConvKernels(c1, c2, k, s, g, experts)
        self.conv.attention = _DynamicConvAttention(c1, hidden, experts, float(temperature))
        self.bn = nn.BatchNorm2d(c2)
        self.act = nn.SiLU()

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


class _DynamicConvKernels(nn.Module):
    """The kernels, and the convolution with their weighted mean.

    `weight` has four dimensions, one kernel after the other, because torch puts no other number
    into channels_last; a state_dict holds it with five, (experts, out, ...), as published.
    """

    def __init__(self, channels, out, side, stride, groups, experts):
        super().__init__()
        self.stride, self.groups, self.out, self.experts = stride, groups, out, experts
        self.attention = nn.Identity()
        self.weight = nn.Parameter(torch.empty(experts * out, channels // groups, side, side))
        for kernel in self.weight.data.split(out):
            nn.init.kaiming_uniform_(kernel)

    def forward(self, x):
        shares = self.attention(x)
        side = self.weight.shape[2] // 2
        count, height, width = x.shape[0], x.shape[2], x.shape[3]
        if _DynamicConv_is_traced():
            # A trace would fix the number of images: the convolution is linear in its kernel.
            y = torch.zeros(1, dtype=x.dtype, device=x.device)
            for e, kernel in enumerate(self.weight.split(self.out)):
                part = F.conv2d(x, kernel, None, self.stride, side, 1, self.groups)
                y = y + part * shares[:, e].reshape(-1, 1, 1, 1)
            return y
        kernels = torch.matmul(shares, self.weight.reshape([self.experts, -1]))
        kernels = kernels.reshape(
            [count * self.out, self.weight.shape[1], self.weight.shape[2], self.weight.shape[3]]
        )
        # The images lie beside each other as groups: each with its own kernel.
        wide = x.reshape([1, count * x.shape[1], height, width])
        y = F.conv2d(wide, kernels, None, self.stride, side, 1, count * self.groups)
        return y.reshape([count, self.out, y.shape[2], y.shape[3]])

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if not keep_vars:  # an exporter asks for the parameters themselves
            value = destination[prefix + "weight"]
            shape = [self.experts, self.out, *list(value.shape[1:])]
            destination[prefix + "weight"] = value.view(shape)

    def _load_from_state_dict(self, state_dict, prefix, *args):
        value = state_dict.get(prefix + "weight")
        if value is not None and value.dim() == 5:
            state_dict[prefix + "weight"] = value.flatten(0, 1)
        super()._load_from_state_dict(state_dict, prefix, *args)


class _DynamicConvAttention(nn.Module):
    """The share of each kernel, from the mean of the map."""

    def __init__(self, channels, hidden, experts, temperature):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, hidden, 1, bias=False)
        self.fc2 = nn.Conv2d(hidden, experts, 1, bias=False)
        self.temperature = temperature

    def forward(self, x):
        mean = x.mean([2, 3], keepdim=True)
        scores = self.fc2(F.relu(self.fc1(mean))).flatten(1)
        return F.softmax(scores / self.temperature, dim=1)


def _DynamicConv_is_traced() -> bool:
    """Tells whether a tracer records this call, for other numbers of images too."""
    if torch.jit.is_scripting():
        return False
    return torch._C._get_tracing_state() is not None
