# SPDX-License-Identifier: 0BSD
from typing import Optional

import torch
import torch.nn as nn
import torch.nn.functional as F


class SCSA(nn.Module):
    """Gates for the rows and columns of four groups of channels, then a gate for every channel.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = dim, a multiple of 4.

        g(z) = sigmoid(GN4(dwconv of z, with a kernel size of its own for each quarter of C))
        u    = x * g_h(mean of x over W) * g_w(mean of x over H)
        p    = GN1(mean of u over each window of window_size x window_size places)
        y    = u * sigmoid(mean over the windows of softmax(q k^T / sqrt(d)) v)

    Rows and columns have the same convolutions and each a norm of their own. q, k and v are p
    times one weight a channel; the softmax is over the channels of a head, of which there are d.
    Windows that the map's last rows or columns do not fill are left out, as published; a window is
    never larger than the map. window_size=-1 takes one window, the whole map. max_pool takes the
    largest value of a window instead of the mean. gate_layer="softmax" takes a softmax over the
    places of a line, and over the channels, instead of the two sigmoids.

    SCSA: Exploring the Synergistic Effects Between Spatial and Channel Attention, arXiv 2024,
    https://arxiv.org/abs/2407.05128
    """

    def __init__(
        self,
        dim,
        head_num=8,
        window_size=7,
        group_kernel_sizes=(3, 5, 7, 9),
        qkv_bias=False,
        fuse_bn=False,
        norm_cfg=None,
        act_cfg=None,
        down_sample_mode="avg_pool",
        attn_drop_ratio=0.0,
        gate_layer="sigmoid",
    ):
        super().__init__()
        _SCSA_check_int("dim", dim)
        # The upper bound tells a channel count in the wrong place from a number of heads.
        _SCSA_check_int("head_num", head_num, 1, 64)
        _SCSA_check_int("window_size", window_size, -1, 63)
        if window_size == 0:
            raise _SCSA_fail(ValueError, "window_size must be -1 or at least 1, got 0")
        sizes = _SCSA_check_kernels(group_kernel_sizes)
        _SCSA_check_bool("qkv_bias", qkv_bias)
        _SCSA_check_bool("fuse_bn", fuse_bn)
        _SCSA_check_none("norm_cfg", norm_cfg)
        _SCSA_check_none("act_cfg", act_cfg)
        _SCSA_check_choice("down_sample_mode", down_sample_mode, ("avg_pool", "max_pool"))
        _SCSA_check_rate("attn_drop_ratio", attn_drop_ratio)
        _SCSA_check_choice("gate_layer", gate_layer, ("sigmoid", "softmax"))
        if dim % 4:
            raise _SCSA_fail(ValueError, f"4 groups do not divide {dim} channels")
        _SCSA_check_heads(dim, head_num)
        self.heads, self.window, self.mode = head_num, window_size, down_sample_mode
        self.gate_layer, self.attn_drop_ratio = gate_layer, float(attn_drop_ratio)
        self.local_dwc = _SCSA_line(dim // 4, sizes[0])
        self.global_dwc_s = _SCSA_line(dim // 4, sizes[1])
        self.global_dwc_m = _SCSA_line(dim // 4, sizes[2])
        self.global_dwc_l = _SCSA_line(dim // 4, sizes[3])
        self.norm_h = nn.GroupNorm(4, dim)
        self.norm_w = nn.GroupNorm(4, dim)
        self.norm = nn.GroupNorm(1, dim)
        self.q = nn.Conv2d(dim, dim, 1, groups=dim, bias=qkv_bias)
        self.k = nn.Conv2d(dim, dim, 1, groups=dim, bias=qkv_bias)
        self.v = nn.Conv2d(dim, dim, 1, groups=dim, bias=qkv_bias)

    def extra_repr(self):
        return f"heads={self.heads}, window={self.window}, {self.mode}, {self.gate_layer}"

    def forward(self, x):
        rows = self._lines(x.mean(3), self.norm_h.weight, self.norm_h.bias)
        columns = self._lines(x.mean(2), self.norm_w.weight, self.norm_w.bias)
        x = x * rows.to(x.dtype).unsqueeze(3) * columns.to(x.dtype).unsqueeze(2)
        places, share = self._windows(x)
        return x * self._channels(places, share).to(x.dtype)

    def _lines(self, line, weight, bias):
        """From means (N, C, L) to gates (N, C, L)."""
        a, b, c, d = line.chunk(4, 1)
        parts = [self.local_dwc(a), self.global_dwc_s(b)]
        parts += [self.global_dwc_m(c), self.global_dwc_l(d)]
        line = _SCSA_normed(torch.cat(parts, 1), 4, weight, bias, self.norm_h.eps)
        return line.sigmoid() if self.gate_layer == "sigmoid" else torch.softmax(line, 2)

    def _windows(self, x):
        """One value a channel for every window, (N, C, P), and each one's share of them, (P, 1)."""
        size = self.window
        if size < 0:
            places = x.mean((2, 3)).unsqueeze(2)
        elif isinstance(x, torch.Tensor) and not _SCSA_is_recorded():
            sides = (min(size, x.shape[2]), min(size, x.shape[3]))
            if self.mode == "avg_pool":
                places = F.avg_pool2d(x, sides).flatten(2)
            else:
                places = F.max_pool2d(x, sides).flatten(2)
        elif self.mode == "avg_pool":
            # A recorded graph serves maps of other sizes, smaller than a window too.
            n, c, h, w = x.shape
            down, is_down = _SCSA_windows(h, size, x)
            across, is_across = _SCSA_windows(w, size, x)
            line = torch.mm(x.reshape(n * c * h, w), across).reshape(n * c, h, -1)
            places = torch.mm(line.transpose(1, 2).reshape(-1, h), down).reshape(n, c, -1)
            is_real = (is_across.unsqueeze(1) * is_down).reshape(-1, 1)
            return _SCSA_wide(places), _SCSA_wide(is_real / is_real.sum())
        else:
            n, c, h, w = x.shape
            high, wide = _SCSA_count(h, size), _SCSA_count(w, size)
            tall, long = _SCSA_side(h, size), _SCSA_side(w, size)
            x = x[:, :, : high * tall, : wide * long].reshape(n, c, high, tall, wide, long)
            places = x.permute(0, 1, 2, 4, 3, 5).reshape(n, c, high * wide, tall * long).amax(3)
        places = _SCSA_wide(places)
        ones = torch.ones_like(places[:1, 0]).transpose(0, 1)
        return places, ones / ones.sum()

    def _channels(self, places, share):
        """From the windows to a gate for every channel, (N, C, 1, 1)."""
        n, c = places.shape[0], places.shape[1]
        places = places - torch.matmul(places, share).mean(1, keepdim=True)
        spread = torch.matmul(places.pow(2), share).mean(1, keepdim=True)
        places = places * (spread + self.norm.eps).rsqrt()
        places = _SCSA_scaled(places, self.norm.weight, self.norm.bias)
        shape = (n, self.heads, c // self.heads, -1)
        # A window that is none, which only a recorded graph has, adds nothing to the scores.
        k = (_SCSA_scaled(places, self.k.weight, self.k.bias) * (share > 0).t()).reshape(shape)
        q = _SCSA_scaled(places, self.q.weight, self.q.bias).reshape(shape)
        # The mean of the answers is the answer to the mean of the values.
        v = _SCSA_scaled(torch.matmul(places, share), self.v.weight, self.v.bias).reshape(shape)
        scores = torch.matmul(q * (c // self.heads) ** -0.5, k.transpose(2, 3))
        weights = torch.softmax(scores, 3)
        weights = F.dropout(weights, self.attn_drop_ratio, self.training)
        gate = torch.matmul(weights, v).reshape(n, c, 1, 1)
        return gate.sigmoid() if self.gate_layer == "sigmoid" else torch.softmax(gate, 1)


def _SCSA_line(channels, kernel):
    """A depthwise convolution along a line that keeps its length."""
    return nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=channels)


def _SCSA_wide(x):
    """Squares and scores leave the digits and the range of float16 soon."""
    if isinstance(x, torch.Tensor):  # torch.fx hands on a Proxy
        if x.dtype == torch.float16 or x.dtype == torch.bfloat16:
            return x.float()
    return x


def _SCSA_scaled(x, weight, bias: Optional[torch.Tensor]):
    """A depthwise 1x1 convolution of (N, C, P) is one factor a channel."""
    x = x * weight.to(x.dtype).reshape(-1, 1)
    return x if bias is None else x + bias.to(x.dtype).unsqueeze(1)


def _SCSA_normed(x, groups: int, weight, bias, eps: float):
    """GroupNorm of (N, C, L).

    Exported, group_norm would fix the size; of a single value it leaves a rounding error that its
    small deviation makes large.
    """
    is_tensor = isinstance(x, torch.Tensor)  # torch.fx hands on a Proxy
    if is_tensor and not _SCSA_is_recorded() and x.shape[1] * x.shape[2] != groups:
        # The module's own forward refuses a single value a group, which torch.group_norm takes.
        return torch.group_norm(x, groups, weight, bias, eps)
    wide = _SCSA_wide(x).reshape(x.shape[0], groups, -1)
    wide = wide - wide.mean(2, keepdim=True)
    wide = wide * (wide.pow(2).mean(2, keepdim=True) + eps).rsqrt()
    x = wide.reshape(x.shape).to(x.dtype)
    return x * weight.unsqueeze(1) + bias.unsqueeze(1)


def _SCSA_count(side: int, size: int):
    """How many windows fit a side, 1 at least; plain arithmetic, which a trace records."""
    return side // size + 1 // (side // size + 1)


def _SCSA_side(side: int, size: int):
    """The side of a window, at most that of the map."""
    return size - (size - side) * (1 // (side // size + 1))


def _SCSA_windows(side: int, size: int, like):
    """How much each place counts in each window along an axis, (side, windows), and which are real.

    There are always two windows or more, since an exporter would fix the number one.
    """
    window = torch.arange(side // size + 2, device=like.device)
    place = torch.arange(side, device=like.device).unsqueeze(1)
    inside = ((place >= window * size) & (place < (window + 1) * size)).to(like.dtype)
    held = inside.sum(0)
    is_real = ((held == size) | (window == 0)).to(like.dtype)
    return inside / held.clamp(min=1.0), is_real


def _SCSA_is_recorded() -> bool:
    """Tells whether a tracer, a compiler or an exporter is watching this call."""
    if torch.jit.is_scripting():
        return False
    if torch._C._get_tracing_state() is not None:
        return True
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return compiling is not None and compiling()


def _SCSA_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"SCSA: {problem}; write the row [-1, 1, SCSA, [{args}]]")


def _SCSA_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _SCSA_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _SCSA_fail(ValueError, problem)


def _SCSA_check_bool(name, value):
    """Refuse what is neither True nor False: 1 and 0 are counts in a YAML row."""
    if not isinstance(value, bool):
        raise _SCSA_fail(TypeError, f"{name} must be True or False, got {value!r}")


def _SCSA_check_none(name, value):
    """Refuse a setting that no code reads: copies that lack it have another argument here."""
    if value is not None:
        raise _SCSA_fail(TypeError, f"{name} has no effect and must be None, got {value!r}")


def _SCSA_check_choice(name, value, choices):
    """Refuse a word that is none of the choices."""
    if value not in choices:
        words = " or ".join(choices)
        raise _SCSA_fail(ValueError, f"{name} must be {words}, got {value!r}")


def _SCSA_check_rate(name, value):
    """Refuse what is no share of values to drop."""
    problem = f"{name} must be a number from 0 to below 1, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _SCSA_fail(TypeError, problem)
    if not 0 <= value < 1:
        raise _SCSA_fail(ValueError, problem)


def _SCSA_check_kernels(values):
    """Refuse what is no list of four odd kernel sizes, and return it as a tuple."""
    problem = f"group_kernel_sizes must be a list of 4 odd ints from 1 to 31, got {values!r}"
    if not isinstance(values, (list, tuple)):
        raise _SCSA_fail(TypeError, problem)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _SCSA_fail(TypeError, problem)
    if len(values) != 4 or any(not 1 <= value <= 31 or value % 2 == 0 for value in values):
        raise _SCSA_fail(ValueError, problem)
    return tuple(values)


def _SCSA_check_heads(channels, heads):
    """Every head takes an equal share of the channels."""
    if channels % heads:
        fitting = max(n for n in range(1, min(heads, channels) + 1) if channels % n == 0)
        problem = f"{heads} heads do not divide {channels} channels, but {fitting} do"
        raise _SCSA_fail(ValueError, problem, f"{fitting}")
