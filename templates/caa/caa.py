# SPDX-License-Identifier: 0BSD
import torch.nn as nn
import torch.nn.functional as F


class CAA(nn.Module):
    """A gate from strips: pooled context goes through one wide and one high convolution.

    Shapes: (N, C, H, W) to (N, C, H, W).

        y = x * sigmoid(conv2(v(h(conv1(mean over 7x7 of x)))))

    conv1 and conv2 are 1x1 with BN and SiLU, or with a bias alone (normed=False, as in the authors'
    PKINet), h and v depthwise of 1 x h_kernel_size and v_kernel_size x 1. Places beyond the edge
    count as nought in the mean. One image with a 1x1 map has no spread to train a BatchNorm on:
    its running statistics stand in.

    Poly Kernel Inception Network for Remote Sensing Detection, CVPR 2024,
    https://arxiv.org/abs/2403.06258
    """

    def __init__(self, channels, h_kernel_size=11, v_kernel_size=11, normed=True):
        super().__init__()
        _CAA_check_int("channels", channels)
        # The upper bound tells a channel count in the wrong place from a kernel's length.
        _CAA_check_odd("h_kernel_size", h_kernel_size, 31)
        _CAA_check_odd("v_kernel_size", v_kernel_size, 31)
        if not isinstance(normed, bool):
            raise _CAA_fail(TypeError, f"normed must be True or False, got {normed!r}")
        self.normed, self.sides = normed, (h_kernel_size, v_kernel_size)
        wide, high = (1, h_kernel_size), (v_kernel_size, 1)
        self.conv1 = _CAAConv(channels, channels, (1, 1), normed)
        self.h_conv = _CAAConv(channels, 1, wide)
        self.v_conv = _CAAConv(channels, 1, high)
        self.conv2 = _CAAConv(channels, channels, (1, 1), normed)

    def forward(self, x):
        # Every window counts 49 places, those beyond the edge as nought.
        # Nested, so that no name holds a map that is done with.
        gate = self.v_conv(self.h_conv(self.conv1(F.avg_pool2d(x, 7, 1, 3))))
        return x * self.conv2(gate).sigmoid()

    def _load_from_state_dict(self, state_dict, prefix, *args):
        # Copies in YOLO forks hold the strips without the inner name "conv".
        for strip in ("h_conv.", "v_conv."):
            for part in ("weight", "bias"):
                old, new = prefix + strip + part, prefix + strip + "conv." + part
                if old in state_dict and new not in state_dict:
                    state_dict[new] = state_dict.pop(old)
        super()._load_from_state_dict(state_dict, prefix, *args)
        has_norm = prefix + "conv1.bn.weight" in state_dict
        if has_norm != self.normed and prefix + "conv1.conv.weight" in state_dict:
            form = "with BN and SiLU" if has_norm else "of PKINet, without BN and SiLU"
            row = f"[-1, 1, CAA, [{self.sides[0]}, {self.sides[1]}, {has_norm}]]"
            # The last of the arguments are the messages of what does not load.
            args[-1].append(f"CAA: the weights are those of the form {form}; write the row {row}")


class _CAAConv(nn.Module):
    """A convolution that keeps the size: 1x1 with BN and SiLU, or a depthwise strip."""

    def __init__(self, channels, depth, kernel, normed=False):
        super().__init__()
        self.normed = normed
        around = (kernel[0] // 2, kernel[1] // 2)
        self.conv = nn.Conv2d(
            channels,
            channels,
            kernel,
            padding=around,
            groups=channels // depth,
            bias=not normed,
        )
        if normed:
            self.bn = nn.BatchNorm2d(channels, eps=1e-3, momentum=0.03)
            self.act = nn.SiLU()

    def forward(self, x):
        x = self.conv(x)
        if self.normed:
            x = _CAA_norm(self.bn, x)
            x = self.act(x)
        return x


def _CAA_norm(bn, x):
    """BatchNorm that also trains on a single value per channel (one image, a 1x1 map).

    Such a value has no spread to learn from: what earlier batches taught stands in.
    """
    if bn.training and x.numel() == x.shape[1]:
        mean, var = bn.running_mean, bn.running_var
        return F.batch_norm(x, mean, var, bn.weight, bn.bias, False, 0.0, bn.eps)
    return bn(x)


def _CAA_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"CAA: {problem}; write the row [-1, 1, CAA, [{args}]]")


def _CAA_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _CAA_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _CAA_fail(ValueError, problem)


def _CAA_check_odd(name, value, high):
    """Refuse a kernel side that is even, or no int from 1 to high."""
    _CAA_check_int(name, value, 1, high)
    if value % 2 == 0:
        raise _CAA_fail(ValueError, f"{name} must be odd, got {value!r}")
