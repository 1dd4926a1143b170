# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class MSDA(nn.Module):
    """Attention in small windows whose places lie further apart from one set of heads to the next.

    Shapes: (N, C, H, W) to (N, C, H, W); num_heads divides C.

        y_i = proj(sum over j in N_r(i) of softmax_j(qk_scale q_i . k_j) v_j, per head)

    N_r(i) are kernel_size x kernel_size places around i, r apart; beyond the edge keys and
    values are nought, and count. The heads are shared out to the dilations r in order; where they
    cannot be shared evenly, the first dilations get one head more.

    DilateFormer: Multi-Scale Dilated Transformer for Visual Recognition, IEEE TMM 2023,
    https://arxiv.org/abs/2302.01791
    """

    def __init__(
        self,
        dim,
        num_heads=8,
        qkv_bias=False,
        qk_scale=None,
        attn_drop=0.0,
        proj_drop=0.0,
        kernel_size=3,
        dilation=(1, 2, 3),
    ):
        super().__init__()
        _MSDA_check_int("dim", dim)
        # The upper bound tells a channel count in the wrong place from a number of heads.
        _MSDA_check_int("num_heads", num_heads, 1, 64)
        _MSDA_check_bool("qkv_bias", qkv_bias)
        if qk_scale is not None:
            _MSDA_check_number("qk_scale", qk_scale, 1e-6, 1e6)
        _MSDA_check_rate("attn_drop", attn_drop)
        _MSDA_check_rate("proj_drop", proj_drop)
        _MSDA_check_odd("kernel_size", kernel_size, 15)
        dilation = _MSDA_check_ints("dilation", dilation, 31)
        _MSDA_check_heads(dim, num_heads)
        if len(dilation) > num_heads:
            problem = f"{num_heads} heads cannot be shared out to {len(dilation)} dilations"
            raise _MSDA_fail(ValueError, problem)
        self.num_heads, self.kernel_size, self.dilation = num_heads, kernel_size, dilation
        self.scale = qk_scale or (dim // num_heads) ** -0.5
        self.attn_drop, self.proj_drop = float(attn_drop), float(proj_drop)
        self.qkv = nn.Conv2d(dim, 3 * dim, 1, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)

    def extra_repr(self):
        return f"num_heads={self.num_heads}, dilation={self.dilation}"

    def forward(self, x):
        n, c, height, width = x.shape
        share = (self.num_heads, c // self.num_heads, height, width)
        if _MSDA_is_short(x):
            # Scores leave the digits of float16 soon: queries and keys are made in float32.
            weight, bias = self.qkv.weight, self.qkv.bias
            first, last = (None, None) if bias is None else (bias[: 2 * c].float(), bias[2 * c :])
            both = F.conv2d(x.float(), weight[: 2 * c].float(), first).reshape(n, 2, *share)
            q, k = both[:, 0], both[:, 1]
            v = F.conv2d(x, weight[2 * c :], last).reshape(n, *share)
        else:
            parts = self.qkv(x).reshape(n, 3, *share)
            q, k, v = parts[:, 0], parts[:, 1], parts[:, 2]
        if _MSDA_is_short(q):  # under autocast
            q, k = q.float(), k.float()
        heads, more = divmod(self.num_heads, len(self.dilation))
        out, first = [], 0
        for place, dilation in enumerate(self.dilation):
            last = first + heads + (1 if place < more else 0)
            out.append(
                self._windows(q[:, first:last], k[:, first:last], v[:, first:last], dilation)
            )
            first = last
        out = torch.cat(out, 1).reshape(n, c, height, width)
        if isinstance(x, torch.Tensor):  # torch.fx hands on a Proxy
            if not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
                out = out.contiguous(memory_format=torch.channels_last)
        if isinstance(self.proj, nn.Linear):
            # proj works on the channels of every place, which is a 1x1 convolution.
            out = F.conv2d(out, self.proj.weight.unsqueeze(2).unsqueeze(3), self.proj.bias)
        else:  # a quantized one keeps no plain weight
            out = self.proj(out.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return F.dropout(out, self.proj_drop, self.training)

    def _windows(self, q, k, v, dilation):
        """Attention of some heads, (N, heads, d, H, W), by shifted maps: no copy for each tap."""
        edge = dilation * (self.kernel_size // 2)
        k, v = (F.pad(part, (edge, edge, edge, edge)) for part in (k, v))
        steps = [dilation * tap for tap in range(self.kernel_size)]
        taps = [(top, left) for top in steps for left in steps]
        score, mix = _MSDA_scores, _MSDA_mixture
        if _MSDA_trains(q):
            score, mix = _MSDAScores.apply, _MSDAMixture.apply
        weights = torch.softmax(score(q * self.scale, k, taps), 2).to(v.dtype)
        weights = F.dropout(weights, self.attn_drop, self.training)
        return mix(weights, v, taps)


def _MSDA_is_short(x):
    """Tells whether x is a short float; a Proxy of torch.fx counts as none."""
    return isinstance(x, torch.Tensor) and x.dtype in (torch.float16, torch.bfloat16)


def _MSDA_seen(x, tap, height, width):
    """What every place sees at one tap of its window, a view of the padded map."""
    top, left = tap
    return x[..., top : top + height, left : left + width]


def _MSDA_scores(q, k, taps):
    """q . k for every tap, (N, heads, taps, H, W)."""
    height, width = q.shape[3], q.shape[4]
    return torch.stack([(q * _MSDA_seen(k, tap, height, width)).sum(2) for tap in taps], 2)


def _MSDA_mixture(weights, v, taps):
    """The sum of what the taps see, weighted, (N, heads, d, H, W)."""
    height, width, out = weights.shape[3], weights.shape[4], None
    for place, tap in enumerate(taps):
        seen, weight = _MSDA_seen(v, tap, height, width), weights[:, :, place : place + 1]
        out = weight * seen if out is None else out.addcmul_(weight, seen)
    return out


class _MSDAScores(torch.autograd.Function):
    """_MSDA_scores with one gradient for all taps, where autograd makes a whole map for each.

    It cannot be differentiated a second time.
    """

    @staticmethod
    def forward(ctx, q, k, taps):
        ctx.save_for_backward(q, k)
        ctx.taps = taps
        return _MSDA_scores(q, k, taps)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        q, k = ctx.saved_tensors
        for_q, for_k = torch.zeros_like(q), torch.zeros_like(k)
        for place, tap in enumerate(ctx.taps):
            slope = grad[:, :, place : place + 1]
            for_q.addcmul_(slope, _MSDA_seen(k, tap, q.shape[3], q.shape[4]))
            _MSDA_seen(for_k, tap, q.shape[3], q.shape[4]).addcmul_(slope, q)
        return for_q, for_k, None


class _MSDAMixture(torch.autograd.Function):
    """_MSDA_mixture with one gradient for all taps."""

    @staticmethod
    def forward(ctx, weights, v, taps):
        ctx.save_for_backward(weights, v)
        ctx.taps = taps
        return _MSDA_mixture(weights, v, taps)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        weights, v = ctx.saved_tensors
        height, width = grad.shape[3], grad.shape[4]
        for_weights, for_v = [], torch.zeros_like(v)
        for place, tap in enumerate(ctx.taps):
            for_weights.append((grad * _MSDA_seen(v, tap, height, width)).sum(2))
            weight = weights[:, :, place : place + 1]
            _MSDA_seen(for_v, tap, height, width).addcmul_(weight, grad)
        return torch.stack(for_weights, 2), for_v, None


def _MSDA_trains(x):
    """Tells whether a backward pass may follow, and no tracer, compiler or exporter watches."""
    if not isinstance(x, torch.Tensor):  # a Proxy of torch.fx
        return False
    if not (x.requires_grad and torch.is_grad_enabled()):
        return False
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    watched = compiling is not None and compiling()
    return not watched and torch._C._get_tracing_state() is None


def _MSDA_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"MSDA: {problem}; write the row [-1, 1, MSDA, [{args}]]")


def _MSDA_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _MSDA_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _MSDA_fail(ValueError, problem)


def _MSDA_check_odd(name, value, high):
    """Refuse a kernel side that is even, or no int from 1 to high."""
    _MSDA_check_int(name, value, 1, high)
    if value % 2 == 0:
        raise _MSDA_fail(ValueError, f"{name} must be odd, got {value!r}")


def _MSDA_check_bool(name, value):
    """Refuse what is neither True nor False: 1 and 0 are counts in a YAML row."""
    if not isinstance(value, bool):
        raise _MSDA_fail(TypeError, f"{name} must be True or False, got {value!r}")


def _MSDA_check_rate(name, value):
    """Refuse what is no share of values to drop."""
    problem = f"{name} must be a number from 0 to below 1, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _MSDA_fail(TypeError, problem)
    if not 0 <= value < 1:
        raise _MSDA_fail(ValueError, problem)


def _MSDA_check_number(name, value, low, high):
    """Refuse what is no number from low to high."""
    problem = f"{name} must be a number from {low} to {high}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _MSDA_fail(TypeError, problem)
    if not low <= value <= high:
        raise _MSDA_fail(ValueError, problem)


def _MSDA_check_ints(name, values, high):
    """Refuse what is not a list of ints from 1 to high, and return it as a tuple."""
    if not isinstance(values, (list, tuple)) or not values:
        raise _MSDA_fail(TypeError, f"{name} must be a list of ints, got {values!r}")
    for value in values:
        _MSDA_check_int(f"each of {name}", value, 1, high)
    return tuple(values)


def _MSDA_check_heads(channels, heads):
    """Every head takes an equal share of the channels."""
    if channels % heads:
        fitting = max(n for n in range(1, min(heads, channels) + 1) if channels % n == 0)
        problem = f"{heads} heads do not divide {channels} channels, but {fitting} do"
        raise _MSDA_fail(ValueError, problem, f"{fitting}")
