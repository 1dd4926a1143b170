# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class EMA(nn.Module):
    """Two views of a group of channels, row by column and 3x3, each weighted by the other's mean.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = channels. In each of G groups, with m
    channels each and one set of weights for all groups:

        r, c  = sigmoid(conv1x1([mean of x over W, mean of x over H]))
        u     = GN(x * r * c)                         one channel a norm, over H and W
        v     = conv3x3(x)
        y     = x * sigmoid(softmax(mean(u)) . v + softmax(mean(v)) . u)

    Means are over H and W, products are over the group's channels. The mean of a normalised channel
    is the norm's bias, so softmax(mean(u)) is a constant that is folded into the kernel of v: one
    output channel in place of m. mean(v) follows from sums of x and of its border.

    G = factor where that divides C. Elsewhere G is the largest divisor of C up to factor that
    leaves two channels or more in a group (1 for a prime C). `c2` is accepted, because the
    published constructor and YAMLs carry it, and has no effect.

    Efficient Multi-Scale Attention Module with Cross-Spatial Learning, ICASSP 2023,
    https://arxiv.org/abs/2305.13563
    """

    def __init__(self, channels, c2=None, factor=32):
        super().__init__()
        _EMA_check(channels, c2, factor)
        self.groups = _EMA_groups(channels, factor)
        width = channels // self.groups
        self.gn = nn.GroupNorm(width, width)
        self.conv1x1 = nn.Conv2d(width, width, 1)
        self.conv3x3 = nn.Conv2d(width, width, 3, padding=1)

    def extra_repr(self):
        return f"groups={self.groups}"

    def forward(self, x):
        n, c, h, w = x.shape
        # Cut along the channels alone, a channels_last map stays one.
        whole = x.reshape(n, self.groups, c // self.groups, h, w)
        x = whole.reshape(n * self.groups, c // self.groups, h, w)
        rows, columns = x.mean(3), x.mean(2)
        gates = self.conv1x1(torch.cat((rows, columns), 2).unsqueeze(3)).sigmoid().to(x.dtype)
        crossed = x * gates[:, :, :h] * gates[:, :, h:].transpose(2, 3)

        # softmax(mean(u)) . v
        share = torch.softmax(self.gn.bias, 0)
        kernel = (share.reshape(-1, 1, 1, 1) * self.conv3x3.weight).sum(0, keepdim=True)
        offset = self.conv3x3.bias
        assert offset is not None  # TorchScript has to be told
        bias = (share * offset).sum(0, keepdim=True)
        score = F.conv2d(x, kernel, bias, padding=1)

        # softmax(mean(v)) . u, with the norm's weight and bias outside of the map
        seen = _EMA_seen_by_kernel(x, rows, columns)
        mean = F.linear(seen.flatten(1), self.conv3x3.weight.flatten(1), offset)
        share = torch.softmax(mean, 1)
        plain = _EMA_normalise(crossed, self.gn.eps).reshape(x.shape[0], -1, h * w)
        gain, shift = share * self.gn.weight, (share * self.gn.bias).sum(1)
        score = score + torch.bmm(gain.unsqueeze(1).to(plain.dtype), plain).reshape(-1, 1, h, w)
        gate = (score + shift.reshape(-1, 1, 1, 1)).sigmoid().to(x.dtype)
        return (whole * gate.reshape(n, self.groups, 1, h, w)).reshape(n, c, h, w)


def _EMA_seen_by_kernel(x, rows, columns):
    """The mean over the map of what each of 3x3 taps reads, with zeros outside: (N, C, 3, 3).

    The mean of a convolution is the sum of these, weighted by its kernel. The upper taps read all
    of the map but its last row, the lower ones all but the first; likewise for columns. rows and
    columns are the means of x over W and over H.
    """
    h, w = x.shape[2], x.shape[3]
    zero = torch.zeros_like(rows[:, :, :1])
    down = torch.cat((rows[:, :, -1:], zero, rows[:, :, :1]), 2) / h  # what each row misses
    across = torch.cat((columns[:, :, -1:], zero, columns[:, :, :1]), 2) / w
    upper = torch.cat((x[:, :, -1, -1:], zero, x[:, :, -1, :1]), 2)  # corners, missed twice
    lower = torch.cat((x[:, :, 0, -1:], zero, x[:, :, 0, :1]), 2)
    corners = torch.stack((upper, torch.zeros_like(upper), lower), 2) / (h * w)
    seen = rows.mean(2).unsqueeze(2).unsqueeze(3) - down.unsqueeze(3) - across.unsqueeze(2)
    return seen + corners


def _EMA_normalise(x, eps: float):
    """Every map less its mean, over its deviation."""
    # Exported, group_norm would fix the size; of a single value it leaves a rounding error that its
    # small deviation makes large.
    is_map = isinstance(x, torch.Tensor)  # torch.fx hands on a Proxy
    if is_map and not _EMA_is_recorded() and x.shape[2] * x.shape[3] > 1:
        return torch.group_norm(x, x.shape[1], None, None, eps)
    # Squares leave the range of float16 soon.
    wide = x
    if is_map and (x.dtype == torch.float16 or x.dtype == torch.bfloat16):
        wide = x.float()
    wide = wide - wide.mean((2, 3), keepdim=True)
    return (wide * (wide.pow(2).mean((2, 3), keepdim=True) + eps).rsqrt()).to(x.dtype)


def _EMA_is_recorded() -> bool:
    """Tells whether a tracer, a compiler or an exporter is watching this call."""
    if torch.jit.is_scripting():
        return False
    if torch._C._get_tracing_state() is not None:
        return True
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return compiling is not None and compiling()


def _EMA_groups(channels, factor):
    """How many groups there are."""
    if channels % factor == 0:
        return factor
    return max(g for g in range(1, min(factor, max(channels // 2, 1)) + 1) if channels % g == 0)


def _EMA_check(channels, c2, factor):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = "; write the row [-1, 1, EMA, []]"
    given = [("channels", channels, 1 << 30), ("factor", factor, 127)]
    for name, value, high in given if c2 is None else [("c2", c2, 1 << 30), *given]:
        problem = f"EMA: {name} must be an int from 1 to {high}, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(problem + row)
        if not 1 <= value <= high:
            raise ValueError(problem + row)
    if c2 is not None and c2 <= 32 and c2 != channels:
        raise ValueError(
            f"EMA: {c2} looks like a factor but stands in the place of a channel count; "
            f"write the row [-1, 1, EMA, [None, {c2}]]"
        )
