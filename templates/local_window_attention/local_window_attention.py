# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class LocalWindowAttention(nn.Module):
    """Cascaded group attention in the windows of the map.

    Shapes: (N, C, H, W) to (N, C, H, W), C = dim, a multiple of num_heads.

    Head i sees the i-th part of the channels, and what the head before has found:

        z_i = x_i + a_(i-1),    z_1 = x_1,    q, k, v = BN(conv(z_i)),    q = BN(depthwise(q))
        a_i = softmax(q^T k / sqrt(key_dim) + b_i) v,    y = BN(conv(relu(concatenate(a_1, ...))))

    A window has s x s places, s the smaller of window_resolution and resolution. b_i is learned,
    one number for each distance down and across. a_i has as many channels as x_i: with any other
    attn_ratio than C / (key_dim num_heads) the published code cannot add them. A map whose sides s
    does not divide is padded with nought at its end, as the published code does it; the padding
    takes part in the attention. The weight of the last BN starts at 1. The published code, whose
    blocks add the input, has 0, with which a layer that stands alone would first output nothing and
    pass no gradient on. Where a window is the only value of a channel (one image, s = 1), the
    running statistics stand in.

    EfficientViT: Memory Efficient Vision Transformer with Cascaded Group Attention, CVPR 2023,
    https://arxiv.org/abs/2305.07027
    """

    def __init__(
        self,
        dim,
        key_dim=16,
        num_heads=4,
        attn_ratio=4.0,
        resolution=14,
        window_resolution=7,
        kernels=(5, 5, 5, 5),
    ):
        super().__init__()
        _LocalWindowAttention_check_int("dim", dim)
        # The upper bounds tell a channel count in the wrong place from what stands there.
        _LocalWindowAttention_check_int("key_dim", key_dim, 1, 127)
        _LocalWindowAttention_check_int("num_heads", num_heads, 1, 64)
        _LocalWindowAttention_check_ratio(attn_ratio)
        _LocalWindowAttention_check_int("resolution", resolution, 1, 4096)
        _LocalWindowAttention_check_int("window_resolution", window_resolution, 1, 63)
        _LocalWindowAttention_check_kernels(kernels)
        _LocalWindowAttention_check_heads(dim, num_heads)
        self.window = min(window_resolution, resolution)
        self.attn = _LocalWindowAttentionCascade(dim, key_dim, num_heads, self.window, kernels)

    def extra_repr(self):
        return f"window={self.window}"

    def forward(self, x):
        if torch.jit.is_scripting():
            u = self._windows(x)
        else:
            u = self._exported(x) if _LocalWindowAttention_is_compiled() else self._windows(x)
        if isinstance(x, torch.Tensor):  # torch.fx hands on a Proxy
            if not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
                return u.contiguous(memory_format=torch.channels_last)
        return u.contiguous()

    def _windows(self, x):
        """The attention of every window, back on the map."""
        n, c, height, width = x.shape
        window = self.window
        # Sides in terms of the windows: an exporter then knows that they divide.
        rows, columns = (height + window - 1) // window, (width + window - 1) // window
        high, wide = rows * window, columns * window
        u = F.pad(x, [0, wide - width, 0, high - height])
        u = u.reshape(n, c, rows, window, columns, window).permute(0, 2, 4, 1, 3, 5)
        u = self.attn(u.reshape(n * rows * columns, c, window, window))
        u = u.reshape(n, rows, columns, c, window, window).permute(0, 3, 1, 4, 2, 5)
        return u.reshape(n, c, high, wide)[:, :, :height, :width]

    @torch.jit.unused
    def _exported(self, x):
        """The same for torch.export, which cannot prove what it needs of sides cut in two."""
        n, c, height, width = x.shape
        window = self.window
        rows, columns = (height + window - 1) // window, (width + window - 1) // window
        u = F.pad(x, [0, columns * window - width, 0, rows * window - height])
        u = F.pixel_unshuffle(u, window).permute(0, 2, 3, 1)
        u = self.attn(u.reshape(n * rows * columns, c, window, window))
        u = u.reshape(n, rows, columns, c * window * window).permute(0, 3, 1, 2)
        u = F.pixel_shuffle(u, window)
        u = u.index_select(2, torch.arange(height, device=x.device))
        return u.index_select(3, torch.arange(width, device=x.device))


class _LocalWindowAttentionCascade(nn.Module):
    """The attention of every window by itself, (windows, C, s, s) to the same."""

    def __init__(self, dim, key_dim, heads, window, kernels):
        super().__init__()
        depth = dim // heads
        self.key_dim, self.depth, self.heads = key_dim, depth, heads
        self.scale = key_dim**-0.5
        # The last kernel side is that of all heads for which none is left.
        sides = [kernels[min(head, len(kernels) - 1)] for head in range(heads)]
        conv = _LocalWindowAttentionConv
        self.qkvs = nn.ModuleList([conv(depth, 2 * key_dim + depth) for _ in sides])
        self.dws = nn.ModuleList([conv(key_dim, key_dim, side, key_dim) for side in sides])
        self.proj = nn.Sequential(nn.ReLU(), conv(dim, dim))
        self.attention_biases = _LocalWindowAttentionTable(heads, window * window)
        line = torch.arange(window)
        apart = (line.unsqueeze(1) - line).abs()
        # Distance down times the window's side, plus distance across: (s, s, s, s) to (s s, s s).
        index = apart.unsqueeze(1).unsqueeze(3) * window + apart.unsqueeze(0).unsqueeze(2)
        self.register_buffer("attention_bias_idxs", index.reshape(window**2, window**2))

    def extra_repr(self):
        return f"heads={self.heads}, key_dim={self.key_dim}"

    def forward(self, x):
        biases = self.attention_biases(self.attention_bias_idxs)
        # Scores leave the digits of float16 soon, and every head hands them to the next.
        parts = (x.float() if _LocalWindowAttention_is_short(x) else x).chunk(self.heads, dim=1)
        seen, found = parts[0], []
        # TorchScript and Python 3.8 know no strict zip.
        for head, (qkv, dw) in enumerate(zip(self.qkvs, self.dws)):  # noqa: B905
            if head > 0:
                seen = seen + parts[head]
            q, k, v = qkv(seen).split([self.key_dim, self.key_dim, self.depth], dim=1)
            seen = _LocalWindowAttention_attend(dw(q), k, v, biases[head], self.scale)
            found.append(seen)
        return self.proj(torch.cat(found, 1).to(x.dtype))

    def _load_from_state_dict(self, state_dict, prefix, *args):
        # Checkpoints say "attention_biases"; the child looks for "attention_biases.weight".
        name = prefix + "attention_biases"
        if name in state_dict:
            state_dict[name + ".weight"] = state_dict.pop(name)
        super()._load_from_state_dict(state_dict, prefix, *args)


class _LocalWindowAttentionTable(nn.Module):
    """One number for each head and distance, kept as `weight`: older YOLOs train only that.

    A state_dict holds it under the module's own name, as the official checkpoints do.
    """

    def __init__(self, heads, distances):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(heads, distances))

    def forward(self, index):
        """The numbers of all pairs of places, (heads, places, places)."""
        pairs = self.weight.index_select(1, index.flatten())
        return pairs.reshape(-1, index.shape[0], index.shape[1])

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        value = self.weight if keep_vars else self.weight.detach()
        destination[prefix[:-1] if prefix else "weight"] = value


class _LocalWindowAttentionConv(nn.Module):
    """A convolution and its normalisation, named as in published weights."""

    def __init__(self, channels, out_channels, side=1, groups=1):
        super().__init__()
        self.around, self.groups = side // 2, groups
        self.c = nn.Conv2d(
            channels, out_channels, side, padding=self.around, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        if _LocalWindowAttention_is_short(self.c.weight) and x.dtype == torch.float32:
            return self._wide(x)
        return self._normed(self.c(x))

    def _normed(self, x):
        bn = self.bn
        # A single value has no spread to learn from, and BatchNorm refuses to train on it: what
        # earlier batches taught stands in.
        if bn.training and x.shape[0] * x.shape[2] * x.shape[3] == 1:
            return F.batch_norm(
                x, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
            )
        return bn(x)

    def _wide(self, x):
        """The same for a map in float32 and weights in half precision."""
        weight = self.c.weight
        bn = self.bn
        x = F.conv2d(x, weight.float(), None, 1, self.around, 1, self.groups)
        if bn.training:
            return self._normed(x.to(weight.dtype)).float()
        scale = bn.weight.float() * (bn.running_var.float() + bn.eps).rsqrt()
        shift = bn.bias.float() - bn.running_mean.float() * scale
        return x * scale.reshape(-1, 1, 1) + shift.reshape(-1, 1, 1)


def _LocalWindowAttention_attend(q, k, v, bias, scale: float):
    """v softmax(scale k^T q + bias), the softmax over the keys, for (windows, d, s, s)."""
    shape = v.shape
    q, k, v = q.flatten(2), k.flatten(2), v.flatten(2)
    if _LocalWindowAttention_is_short(q):  # under autocast
        q, k = q.float(), k.float()
    # The keys come first, so that the gradient of q is laid out as q: given a turned one, a
    # BatchNorm in eval mode hands on a wrong one (torch 2.13, one window, on a processor). The
    # biases are the same either way.
    scores = torch.baddbmm(bias.unsqueeze(0).to(q.dtype), k.transpose(1, 2), q, alpha=scale)
    weights = torch.softmax(scores, dim=1).to(v.dtype)
    return torch.matmul(v, weights).reshape(shape)


def _LocalWindowAttention_is_short(x) -> bool:
    """Tells whether x is a short float; a Proxy of torch.fx counts as none."""
    if not isinstance(x, torch.Tensor):
        return False
    return x.dtype == torch.float16 or x.dtype == torch.bfloat16


def _LocalWindowAttention_is_compiled():
    """Tells whether a compiler or torch.export is watching this call."""
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return compiling is not None and compiling()


def _LocalWindowAttention_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    row = f"[-1, 1, LocalWindowAttention, [{args}]]"
    return kind(f"LocalWindowAttention: {problem}; write the row {row}")


def _LocalWindowAttention_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _LocalWindowAttention_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _LocalWindowAttention_fail(ValueError, problem)


def _LocalWindowAttention_check_ratio(value):
    """Refuse what is no ratio, though it has no effect."""
    problem = f"attn_ratio must be a number above 0, up to 64, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _LocalWindowAttention_fail(TypeError, problem)
    if not 0 < value <= 64:
        raise _LocalWindowAttention_fail(ValueError, problem)


def _LocalWindowAttention_check_kernels(values):
    """Refuse what is not a list of odd sides."""
    if not isinstance(values, (list, tuple)) or not values:
        problem = f"kernels must be a list of ints, got {values!r}"
        raise _LocalWindowAttention_fail(TypeError, problem)
    for value in values:
        _LocalWindowAttention_check_int("each of kernels", value, 1, 31)
        if value % 2 == 0:
            problem = f"each of kernels must be odd, got {value!r}"
            raise _LocalWindowAttention_fail(ValueError, problem)


def _LocalWindowAttention_check_heads(channels, heads):
    """Every head takes an equal share of the channels."""
    if channels % heads:
        fitting = max(n for n in range(1, min(heads, channels) + 1) if channels % n == 0)
        problem = f"{heads} heads do not divide {channels} channels, but {fitting} do"
        raise _LocalWindowAttention_fail(ValueError, problem, f"16, {fitting}")
