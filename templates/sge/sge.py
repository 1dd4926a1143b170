# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn


class SGE(nn.Module):
    """Weighs every place of a group of channels by how well it agrees with the group's mean.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = channels. In each of G groups:

        t = x . mean(x)                                 over the group's channels
        y = x * sigmoid(weight * (t - mu) / (s + 1e-5) + bias)

    mean, mu (of t) and s (the deviation of t, with H W - 1) are over H and W; weight and bias are
    one number a group. On a 1x1 map t - mu is nothing and the gate is sigmoid(bias).

    groups divides C; None means the largest divisor of C up to 64 that leaves eight channels or
    more in a group.

    Spatial Group-wise Enhance: Improving Semantic Feature Learning in Convolutional Networks,
    arXiv 2019, https://arxiv.org/abs/1905.09646
    """

    def __init__(self, channels, groups=None):
        super().__init__()
        self.groups = _SGE_groups(channels, groups)
        self.weight = nn.Parameter(torch.zeros(1, self.groups, 1, 1))
        self.bias = nn.Parameter(torch.ones(1, self.groups, 1, 1))

    def extra_repr(self):
        return f"groups={self.groups}"

    def forward(self, x):
        n, c, h, w = x.shape
        score = _SGE_agreement(x.reshape(n * self.groups, c // self.groups, h * w))  # N G, 1, H W
        score = score - score.mean(2, keepdim=True)
        # sum / (H W - 1) is mean / (1 - 1 / H W); the tiny number only acts on a 1x1 map, where
        # all is 0. A flat map would give the root an infinite slope.
        spread = score.pow(2).mean(2, keepdim=True) / (1.0 - 1.0 / (h * w) + 1e-30)
        score = score / (spread.clamp(min=1e-24).sqrt() + 1e-5)
        score = score.reshape(n, self.groups, h * w) * self.weight.squeeze(3)
        gate = (score + self.bias.squeeze(3)).sigmoid().to(x.dtype)
        # Cut along the channels alone, a channels_last map stays one.
        grouped = x.reshape(n, self.groups, c // self.groups, h, w)
        return (grouped * gate.reshape(n, self.groups, 1, h, w)).reshape(n, c, h, w)


def _SGE_agreement(x):
    """The product of every place with the mean, over the channels (the middle axis)."""
    if _SGE_is_narrow(x):  # sums of products leave the range of float16, also inside of bmm
        wide = x.float()
        return (wide * wide.mean(2, keepdim=True)).sum(1, keepdim=True)
    return torch.bmm(x.mean(2).unsqueeze(1), x)


def _SGE_is_narrow(x) -> bool:
    """Tells whether x is a short float, or autocast would make one of it."""
    if not isinstance(x, torch.Tensor):  # a Proxy of torch.fx
        return False
    if x.dtype == torch.float16 or x.dtype == torch.bfloat16:
        return True
    if torch.jit.is_scripting():
        return torch.is_autocast_enabled()
    if hasattr(torch, "get_autocast_dtype"):  # since then one function answers for all devices
        return torch.is_autocast_enabled() or torch.is_autocast_enabled("cpu")
    on_cpu = getattr(torch, "is_autocast_cpu_enabled", None)
    return torch.is_autocast_enabled() or (on_cpu is not None and on_cpu())


def _SGE_groups(channels, groups):
    """How many groups there are; refuses numbers that are not what they seem."""
    row = "; write the row [-1, 1, SGE, []]"
    # The upper bound tells a channel count in the wrong place from a number of groups.
    given = [("channels", channels, 1 << 30)]
    for name, value, high in given if groups is None else [*given, ("groups", groups, 127)]:
        problem = f"SGE: {name} must be an int from 1 to {high}, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(problem + row)
        if not 1 <= value <= high:
            raise ValueError(problem + row)
    if groups is None:
        return max(g for g in range(1, min(64, max(channels // 8, 1)) + 1) if channels % g == 0)
    if channels % groups:
        fitting = max(g for g in range(1, min(groups, channels) + 1) if channels % g == 0)
        raise ValueError(
            f"SGE: {channels} channels do not divide into {groups} groups, but into {fitting}; "
            f"write the row [-1, 1, SGE, [{fitting}]]"
        )
    return groups
