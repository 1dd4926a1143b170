# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class FocusedLinearAttention(nn.Module):
    """Attention of every place to every place, at a cost that grows with the map, not its square.

    Shapes: (N, C, H, W) to (N, C, H, W), C = dim, a multiple of num_heads.

        q, k, v = linear maps of x,    k = k + positions
        u(z) = (relu(z) + 1e-6) / softplus(scale),    f(z) = |u| u^p / |u^p|,    p = focusing_factor
        a_i = f(q_i) sum_j f(k_j)^T v_j / (f(q_i) sum_j f(k_j)^T),    y = linear(a + depthwise(v))

    u^p is a power of every value, |u| the norm over all C channels; a_i and the depthwise
    convolution, which all heads share, are those of a head. The quotient has 1e-6 added below,
    as in the published code, with means in the place of the sums. positions is a table of
    window_size, learned from nought; for a map of another size it is interpolated (bilinear).

    FLatten Transformer: Vision Transformer using Focused Linear Attention, ICCV 2023,
    https://arxiv.org/abs/2308.00442
    """

    def __init__(
        self,
        dim,
        window_size=(20, 20),
        num_heads=8,
        qkv_bias=True,
        qk_scale=None,
        attn_drop=0.0,
        proj_drop=0.0,
        focusing_factor=3,
        kernel_size=5,
    ):
        super().__init__()
        _FocusedLinearAttention_check_int("dim", dim)
        _FocusedLinearAttention_check_sides(window_size)
        # The upper bound tells a channel count in the wrong place from a number of heads.
        _FocusedLinearAttention_check_int("num_heads", num_heads, 1, 64)
        _FocusedLinearAttention_check_bool("qkv_bias", qkv_bias)
        _FocusedLinearAttention_check_scale(qk_scale)
        _FocusedLinearAttention_check_rate("attn_drop", attn_drop)
        _FocusedLinearAttention_check_rate("proj_drop", proj_drop)
        _FocusedLinearAttention_check_int("focusing_factor", focusing_factor, 1, 8)
        _FocusedLinearAttention_check_int("kernel_size", kernel_size, 1, 31)
        if kernel_size % 2 == 0:
            problem = f"kernel_size must be odd, got {kernel_size!r}"
            raise _FocusedLinearAttention_fail(ValueError, problem)
        _FocusedLinearAttention_check_heads(dim, num_heads)
        self.heads, self.power = num_heads, focusing_factor
        self.drop = float(proj_drop)
        depth, around = dim // num_heads, kernel_size // 2
        self.qkv = _FocusedLinearAttentionMap(dim, 3 * dim, bias=qkv_bias)
        self.proj = _FocusedLinearAttentionMap(dim, dim)
        self.dwc = nn.Conv2d(depth, depth, kernel_size, padding=around, groups=depth)
        self.scale = _FocusedLinearAttentionScale(dim)
        self.positional_encoding = _FocusedLinearAttentionTable(window_size, dim)

    def extra_repr(self):
        return f"heads={self.heads}, focusing_factor={self.power}"

    def forward(self, x):
        n, c, height, width = x.shape
        heads, depth, places = self.heads, c // self.heads, height * width
        q, k, v = self.qkv(x).flatten(2).chunk(3, dim=1)
        seen = v
        if _FocusedLinearAttention_is_short(q):  # powers and sums leave its range soon
            q, k, seen = q.float(), k.float(), v.float()
        inverse = 1.0 / F.softplus(self.scale.weight.transpose(1, 2).to(q.dtype))  # 1, C, 1
        q, q_gain = _FocusedLinearAttention_focus(q, inverse, self.power)
        positions = self.positional_encoding.resized(height, width).to(k.dtype)
        k, k_gain = _FocusedLinearAttention_focus(k + positions, inverse, self.power)
        # A gain is one number for each place. That of a query cancels but for the 1e-6.
        k = (k * (k_gain / places)).reshape(n, heads, depth, places)
        q, seen = q.reshape(n, heads, depth, places), seen.reshape(n, heads, depth, places)
        below = torch.matmul(k.sum(3).unsqueeze(2), q) + (1e-6 / q_gain).unsqueeze(1)
        # One name for each map in turn, so that none is kept longer than it is needed.
        k = torch.matmul(seen, k.transpose(2, 3))
        q = torch.matmul(k, q) / below
        out = q.reshape(n, c, height, width).to(x.dtype)
        local = self.dwc(v.reshape(n * heads, depth, height, width))
        out = out + local.reshape(n, c, height, width)
        if isinstance(x, torch.Tensor):  # torch.fx hands on a Proxy
            if not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
                out = out.contiguous(memory_format=torch.channels_last)
        return F.dropout(self.proj(out), self.drop, self.training)

    def _load_from_state_dict(self, state_dict, prefix, *args):
        # Checkpoints say "scale"; the child looks for "scale.weight".
        for name in ("scale", "positional_encoding"):
            if prefix + name in state_dict:
                state_dict[prefix + name + ".weight"] = state_dict.pop(prefix + name)
        super()._load_from_state_dict(state_dict, prefix, *args)


class _FocusedLinearAttentionMap(nn.Linear):
    """A linear map of the channels of every place, with the weights of a linear layer."""

    def forward(self, x):
        return F.conv2d(x, self.weight.unsqueeze(2).unsqueeze(3), self.bias)


class _FocusedLinearAttentionScale(nn.Module):
    """One number for each channel, kept as `weight`: older YOLO optimizers train only that.

    A state_dict holds it under the module's own name, as the official checkpoints do.
    """

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, 1, channels))

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        value = self.weight if keep_vars else self.weight.detach()
        destination[prefix[:-1] if prefix else "weight"] = value


class _FocusedLinearAttentionTable(nn.Module):
    """One vector for each place of a map, kept and saved as the scale is."""

    def __init__(self, sides, channels):
        super().__init__()
        self.height, self.width = int(sides[0]), int(sides[1])
        self.weight = nn.Parameter(torch.zeros(1, self.height * self.width, channels))

    def resized(self, height: int, width: int):
        """(1, C, height * width): the table, interpolated where the map has other sides."""
        table = self.weight.transpose(1, 2)
        if not torch.jit.is_scripting():
            # torch.fx hands on Proxies, and gets the other route, as tracers and exporters do.
            if isinstance(height, int) and not _FocusedLinearAttention_is_recorded():
                if height == self.height and width == self.width:
                    return table
        # Two products of matrices: on a GPU, the gradient of the operator for it depends on chance.
        wide = table.float() if _FocusedLinearAttention_is_short(table) else table
        wide = wide.reshape(1, -1, self.height, self.width)
        down = _FocusedLinearAttention_shares(self.height, height, wide)
        across = _FocusedLinearAttention_shares(self.width, width, wide)
        return torch.matmul(torch.matmul(down, wide), across.transpose(0, 1)).flatten(2)

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        value = self.weight if keep_vars else self.weight.detach()
        destination[prefix[:-1] if prefix else "weight"] = value


def _FocusedLinearAttention_shares(size: int, sides: int, like):
    """How much of each of `size` cells goes to each of `sides` cells of the same line."""
    cells = torch.arange(size, device=like.device).to(like.dtype)
    places = torch.arange(sides, device=like.device).to(like.dtype) + 0.5
    places = (places * size / sides - 0.5).clamp(0, size - 1)
    return (1.0 - (places.unsqueeze(1) - cells).abs()).clamp(min=0)


def _FocusedLinearAttention_focus(z, inverse, power: int):
    """f(z) as the powers, whose size is harmless, and the factor of each place, (N, 1, places)."""
    z = (F.relu(z) + 1e-6) * inverse
    size = _FocusedLinearAttention_length(z)
    z = (z / size).pow(power)
    return z, size / _FocusedLinearAttention_length(z)


def _FocusedLinearAttention_length(z):
    """The norm over the channels; as a sum it is several times as fast as torch's own."""
    return (z * z).sum(1, keepdim=True).sqrt()


def _FocusedLinearAttention_is_short(x) -> bool:
    """Tells whether x is a short float; a Proxy of torch.fx counts as none."""
    if not isinstance(x, torch.Tensor):
        return False
    return x.dtype == torch.float16 or x.dtype == torch.bfloat16


def _FocusedLinearAttention_is_recorded():
    """Tells whether a tracer, a compiler or an exporter is watching this call."""
    if torch._C._get_tracing_state() is not None:
        return True
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return compiling is not None and compiling()


def _FocusedLinearAttention_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    row = f"[-1, 1, FocusedLinearAttention, [{args}]]"
    return kind(f"FocusedLinearAttention: {problem}; write the row {row}")


def _FocusedLinearAttention_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _FocusedLinearAttention_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _FocusedLinearAttention_fail(ValueError, problem)


def _FocusedLinearAttention_check_sides(values):
    """Refuse what is not a height and a width."""
    if not isinstance(values, (list, tuple)) or len(values) != 2:
        problem = f"window_size must be a list of a height and a width, got {values!r}"
        raise _FocusedLinearAttention_fail(TypeError, problem, "[20, 20]")
    for value in values:
        _FocusedLinearAttention_check_int("each of window_size", value, 1, 4096)


def _FocusedLinearAttention_check_bool(name, value):
    """Refuse what is neither True nor False: 1 and 0 are counts in a YAML row."""
    if not isinstance(value, bool):
        problem = f"{name} must be True or False, got {value!r}"
        raise _FocusedLinearAttention_fail(TypeError, problem)


def _FocusedLinearAttention_check_scale(value):
    """Refuse what is no factor, though it has no effect."""
    problem = f"qk_scale must be None or a number above 0, got {value!r}"
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _FocusedLinearAttention_fail(TypeError, problem)
    if not value > 0:
        raise _FocusedLinearAttention_fail(ValueError, problem)


def _FocusedLinearAttention_check_rate(name, value):
    """Refuse what is no share of values to drop."""
    problem = f"{name} must be a number from 0 to below 1, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _FocusedLinearAttention_fail(TypeError, problem)
    if not 0 <= value < 1:
        raise _FocusedLinearAttention_fail(ValueError, problem)


def _FocusedLinearAttention_check_heads(channels, heads):
    """Every head takes an equal share of the channels."""
    if channels % heads:
        fitting = max(n for n in range(1, min(heads, channels) + 1) if channels % n == 0)
        problem = f"{heads} heads do not divide {channels} channels, but {fitting} do"
        raise _FocusedLinearAttention_fail(ValueError, problem, f"[20, 20], {fitting}")
