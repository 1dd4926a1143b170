# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class DAttention(nn.Module):
    """Attention to a grid of places that the queries have moved.

    Shapes: (N, C, H, W) to (N, C, H, W); n_heads and n_groups divide C, n_groups n_heads.

        q = proj_q(x),    p = reference + offset_range_factor * tanh(conv_offset(q)) / (S - 1)
        s = x read at p by bilinear interpolation,    k, v = proj_k(s), proj_v(s)
        y = proj_out(softmax(q k^T / sqrt(d)) v + rpe_table(q))

    Each of the n_groups groups of channels has its own offsets. There is one reference point for
    each place of conv_offset's output (every stride-th place of the map), with coordinates from
    -1 to 1; S is the number of points along an axis, and S - 1 counts as 1 where S is 1. A factor
    below 0 leaves out tanh and keeps the places on the map. rpe_table is a depthwise 3x3.

    Vision Transformer with Deformable Attention, CVPR 2022, https://arxiv.org/abs/2201.00520
    """

    __constants__ = ("use_pe",)  # TorchScript compiles no branch that this rules out

    def __init__(
        self,
        channel,
        q_size=None,
        n_heads=8,
        n_groups=4,
        attn_drop=0.0,
        proj_drop=0.0,
        stride=1,
        offset_range_factor=4.0,
        use_pe=True,
        dwc_pe=True,
        no_off=False,
        fixed_pe=False,
        ksize=3,
        log_cpb=False,
    ):
        super().__init__()
        _DAttention_check_int("channel", channel)
        if q_size is not None:
            _DAttention_check_ints("q_size", q_size, 4096)
        # The upper bound tells a channel count in the wrong place from a number of heads.
        _DAttention_check_int("n_heads", n_heads, 1, 64)
        _DAttention_check_int("n_groups", n_groups, 1, 64)
        _DAttention_check_rate("attn_drop", attn_drop)
        _DAttention_check_rate("proj_drop", proj_drop)
        _DAttention_check_int("stride", stride, 1, 32)
        _DAttention_check_number("offset_range_factor", offset_range_factor, -1, 64)
        _DAttention_check_bool("use_pe", use_pe)
        _DAttention_check_off("dwc_pe", dwc_pe, True)
        _DAttention_check_off("no_off", no_off, False)
        _DAttention_check_off("fixed_pe", fixed_pe, False)
        _DAttention_check_odd("ksize", ksize, 31)
        _DAttention_check_off("log_cpb", log_cpb, False)
        _DAttention_check_heads(channel, n_heads)
        if n_heads % n_groups:
            problem = f"n_groups={n_groups} does not divide n_heads={n_heads}"
            raise _DAttention_fail(ValueError, problem)
        self.heads, self.groups, self.stride = n_heads, n_groups, stride
        self.factor = float(offset_range_factor)
        self.attn_drop, self.proj_drop = float(attn_drop), float(proj_drop)
        depth, around = channel // n_groups, ksize // 2 if ksize != stride else 0
        self.conv_offset = nn.Sequential(
            nn.Conv2d(depth, depth, ksize, stride, around, groups=depth),
            _DAttentionNorm(depth),
            nn.GELU(),
            nn.Conv2d(depth, 2, 1, bias=False),
        )
        self.proj_q = nn.Conv2d(channel, channel, 1)
        self.proj_k = nn.Conv2d(channel, channel, 1)
        self.proj_v = nn.Conv2d(channel, channel, 1)
        self.proj_out = nn.Conv2d(channel, channel, 1)
        self.use_pe = use_pe
        if use_pe:
            self.rpe_table = nn.Conv2d(channel, channel, 3, padding=1, groups=channel)

    def extra_repr(self):
        return f"heads={self.heads}, groups={self.groups}, stride={self.stride}"

    def forward(self, x):
        n, c, height, width = x.shape
        q = self.proj_q(x)
        sampled = self._sampled(x, self._points(q))
        k, v = self.proj_k(sampled), self.proj_v(sampled)
        depth = c // self.heads
        out = _DAttention_attend(
            q.reshape(n, self.heads, depth, height * width).transpose(2, 3),
            k.reshape(n, self.heads, depth, -1).transpose(2, 3),
            v.reshape(n, self.heads, depth, -1).transpose(2, 3),
            self.attn_drop if self.training else 0.0,
        )
        out = out.transpose(2, 3).reshape(n, c, height, width)
        if isinstance(x, torch.Tensor):  # torch.fx hands on a Proxy
            if not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
                out = out.contiguous(memory_format=torch.channels_last)
        if self.use_pe:
            out = out + self.rpe_table(q)
        return F.dropout(self.proj_out(out), self.proj_drop, self.training)

    def _points(self, q):
        """Where to read, (N * groups, 2, rows, columns): down and across, from -1 to 1."""
        n, c, height, width = q.shape
        offset = self.conv_offset(q.reshape(n * self.groups, c // self.groups, height, width))
        # Half precision cannot name a place on a large map.
        offset = offset.to(torch.promote_types(offset.dtype, torch.float32))
        rows, columns = offset.shape[2], offset.shape[3]
        down = self._line(rows, offset).unsqueeze(1)
        across = self._line(columns, offset)
        if self.factor < 0:
            return torch.stack((offset[:, 0] + down, offset[:, 1] + across), 1).clamp(-1.0, 1.0)
        reach = torch.tanh(offset) * self.factor
        down = reach[:, 0] / _DAttention_gaps(rows) + down
        across = reach[:, 1] / _DAttention_gaps(columns) + across
        return torch.stack((down, across), 1)

    @staticmethod
    def _line(size: int, like):
        """The reference points along an axis: the centres of its cells."""
        centres = torch.arange(size, device=like.device).to(like.dtype) + 0.5
        return centres / _DAttention_gaps(size) * 2.0 - 1.0

    def _sampled(self, x, points):
        """x at the points, (N, C, rows, columns)."""
        n, c, height, width = x.shape
        rows, columns = points.shape[2], points.shape[3]
        grouped = x.reshape(n * self.groups, c // self.groups, height, width).to(points.dtype)
        out = _DAttention_read(grouped, points)
        return out.reshape(n, c, rows, columns).to(x.dtype)


class _DAttentionNorm(nn.Module):
    """LayerNorm over the channels of every place."""

    def __init__(self, channels):
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x):
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def _DAttention_gaps(size: int):
    """The steps between `size` points, 1 at least; plain arithmetic, which a trace records."""
    if torch.jit.is_scripting():
        return max(size - 1, 1)
    return size - 1 + (size == 1)


def _DAttention_read(x, points):
    """x at the points by bilinear interpolation: by the fused operator where that will do."""
    if not torch.jit.is_scripting():
        # The fused operator's gradient is not deterministic on a GPU.
        if _DAttention_is_recorded() or torch.are_deterministic_algorithms_enabled():
            return _DAttention_bilinear(x, points)
    grid = torch.stack((points[:, 1], points[:, 0]), 3)
    return F.grid_sample(x, grid, "bilinear", "zeros", align_corners=True)


def _DAttention_bilinear(x, points):
    """grid_sample in plain operators, for graphs: older ONNX opsets do not know the fused one."""
    groups, depth, height, width = x.shape
    y = (points[:, 0].flatten(1) + 1.0) * 0.5 * (height - 1)
    z = (points[:, 1].flatten(1) + 1.0) * 0.5 * (width - 1)
    top, left = torch.floor(y), torch.floor(z)
    flat, out = x.reshape(groups, depth, -1), 0.0
    for row, down in ((top, 1.0 - (y - top)), (top + 1.0, y - top)):
        for column, across in ((left, 1.0 - (z - left)), (left + 1.0, z - left)):
            inside = (row >= 0) & (row <= height - 1) & (column >= 0) & (column <= width - 1)
            place = row.clamp(min=0) * width + column.clamp(min=0)
            place = (place * inside.to(place.dtype)).to(torch.int64)
            place = place.unsqueeze(1).expand(groups, depth, place.shape[1])
            weight = down * across * inside.to(x.dtype)
            out = out + torch.gather(flat, 2, place) * weight.unsqueeze(1)
    return out


def _DAttention_is_recorded():
    """Tells whether a tracer, a compiler or an exporter is watching this call."""
    if torch._C._get_tracing_state() is not None:
        return True
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return compiling is not None and compiling()


def _DAttention_check_off(name, value, only):
    """Refuse the variants that this class does not offer."""
    _DAttention_check_bool(name, value)
    if value != only:
        raise _DAttention_fail(ValueError, f"{name} must be {only}, got {value!r}")


def _DAttention_attend(q, k, v, dropout: float = 0.0):
    """softmax(q k^T / sqrt(d)) v over the places, all (..., places, d)."""
    # TorchScript knows no look-up by name, and older releases no fused attention.
    if not torch.jit.is_scripting():
        fused = getattr(F, "scaled_dot_product_attention", None)
        # Traced graphs get plain operators: older ONNX opsets do not know the fused one.
        if fused is not None and not torch.jit.is_tracing():
            return fused(q.contiguous(), k.contiguous(), v.contiguous(), dropout_p=dropout)
    # Scores leave the range of float16 soon, so short floats are widened first.
    wide = torch.promote_types(q.dtype, torch.float32)
    scores = torch.matmul((q * q.shape[-1] ** -0.5).to(wide), k.transpose(-2, -1).to(wide))
    weights = F.dropout(torch.softmax(scores, dim=-1).to(v.dtype), dropout, dropout > 0)
    return torch.matmul(weights, v)


def _DAttention_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"DAttention: {problem}; write the row [-1, 1, DAttention, [{args}]]")


def _DAttention_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _DAttention_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _DAttention_fail(ValueError, problem)


def _DAttention_check_odd(name, value, high):
    """Refuse a kernel side that is even, or no int from 1 to high."""
    _DAttention_check_int(name, value, 1, high)
    if value % 2 == 0:
        raise _DAttention_fail(ValueError, f"{name} must be odd, got {value!r}")


def _DAttention_check_bool(name, value):
    """Refuse what is neither True nor False: 1 and 0 are counts in a YAML row."""
    if not isinstance(value, bool):
        raise _DAttention_fail(TypeError, f"{name} must be True or False, got {value!r}")


def _DAttention_check_rate(name, value):
    """Refuse what is no share of values to drop."""
    problem = f"{name} must be a number from 0 to below 1, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _DAttention_fail(TypeError, problem)
    if not 0 <= value < 1:
        raise _DAttention_fail(ValueError, problem)


def _DAttention_check_number(name, value, low, high):
    """Refuse what is no number from low to high."""
    problem = f"{name} must be a number from {low} to {high}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _DAttention_fail(TypeError, problem)
    if not low <= value <= high:
        raise _DAttention_fail(ValueError, problem)


def _DAttention_check_ints(name, values, high):
    """Refuse what is not a list of ints from 1 to high, and return it as a tuple."""
    if not isinstance(values, (list, tuple)) or not values:
        raise _DAttention_fail(TypeError, f"{name} must be a list of ints, got {values!r}")
    for value in values:
        _DAttention_check_int(f"each of {name}", value, 1, high)
    return tuple(values)


def _DAttention_check_heads(channels, heads):
    """Every head takes an equal share of the channels."""
    if channels % heads:
        fitting = max(n for n in range(1, min(heads, channels) + 1) if channels % n == 0)
        problem = f"{heads} heads do not divide {channels} channels, but {fitting} do"
        raise _DAttention_fail(ValueError, problem, f"None, {fitting}")
