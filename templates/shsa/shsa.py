# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class SHSA(nn.Module):
    """Attention in one head, among the places of the first channels of the map.

    Shapes: (N, C, H, W) to (N, C, H, W), C = dim.

        q, k, v = BN(conv(norm(x_1))),    a_i = sum over j of softmax_j(q_i . k_j / sqrt(d)) v_j
        y = BN(conv(relu(concatenate(a, x_2))))

    x_1 are the first pdim channels, x_2 the others; all convolutions are 1x1. q and k have
    d = qk_dim channels. norm is a GroupNorm of one group. A map of fewer than pdim channels takes
    part with all of them. The weight of the last BN starts at 1. The published code, whose blocks
    add the input, has 0, with which a layer that stands alone would first output nothing and pass
    no gradient on. One image with a 1x1 map has no spread to train a BN on: its running statistics
    stand in.

    SHViT: Single-Head Vision Transformer with Memory Efficient Macro Design, CVPR 2024,
    https://arxiv.org/abs/2401.16456
    """

    def __init__(self, dim, qk_dim=16, pdim=32):
        super().__init__()
        _SHSA_check_int("dim", dim, 2)
        # The upper bound tells a channel count in the wrong place from a number of channels of q.
        _SHSA_check_int("qk_dim", qk_dim, 1, 64)
        _SHSA_check_int("pdim", pdim, 2)
        self.dim, self.qk_dim, self.pdim = dim, qk_dim, min(pdim, dim)
        self.scale = qk_dim**-0.5
        self.pre_norm = nn.GroupNorm(1, self.pdim)
        self.qkv = _SHSAConv(self.pdim, 2 * qk_dim + self.pdim)
        self.proj = nn.Sequential(nn.ReLU(), _SHSAConv(dim, dim))

    def extra_repr(self):
        return f"dim={self.dim}, qk_dim={self.qk_dim}, pdim={self.pdim}"

    def forward(self, x):
        n, height, width = x.shape[0], x.shape[2], x.shape[3]
        qkv = self.qkv(self.pre_norm(x[:, : self.pdim])).flatten(2)
        q, k, v = qkv.split([self.qk_dim, self.qk_dim, self.pdim], dim=1)
        out = _SHSA_attend(q, k, v, self.scale).reshape(n, self.pdim, height, width)
        if isinstance(x, torch.Tensor):  # torch.fx hands on a Proxy
            if not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
                out = out.contiguous(memory_format=torch.channels_last)
        if self.pdim < self.dim:
            out = torch.cat((out, x[:, self.pdim :]), 1)
        return self.proj(out)


class _SHSAConv(nn.Module):
    """A 1x1 convolution and its normalisation, named as in published weights."""

    def __init__(self, channels, out_channels):
        super().__init__()
        self.c = nn.Conv2d(channels, out_channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        bn = self.bn
        x = self.c(x)
        # A single value has no spread to learn from, and BatchNorm refuses to train on it: what
        # earlier batches taught stands in.
        if bn.training and x.shape[0] * x.shape[2] * x.shape[3] == 1:
            return F.batch_norm(
                x, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
            )
        return bn(x)


def _SHSA_attend(q, k, v, scale: float):
    """v softmax(scale q^T k)^T with a softmax over the keys, all (N, channels, places)."""
    if not torch.jit.is_scripting():
        if isinstance(q, torch.Tensor):  # torch.fx hands on a Proxy, and gets plain operators
            fused = _SHSA_fused(q)
            if fused is not None:
                q, k, v = (part.transpose(1, 2).unsqueeze(1).contiguous() for part in (q, k, v))
                # Its own scale is this one: q has d channels.
                return fused(q, k, v).squeeze(1).transpose(1, 2)
            if _SHSA_is_large(q):
                # Without gradients some queries at a time: their scores stay in the cache.
                parts = q.split(max(1, (1 << 18) // (q.shape[0] * q.shape[2])), 2)
                return torch.cat([_SHSA_plain(part, k, v, scale) for part in parts], 2)
    return _SHSA_plain(q, k, v, scale)


def _SHSA_plain(q, k, v, scale: float):
    """The same in plain operators, for some of the queries or all."""
    if _SHSA_is_short(q):  # scores leave the digits of float16 soon
        q, k = q.float(), k.float()
    scores = torch.matmul((q * scale).transpose(1, 2), k)
    weights = torch.softmax(scores, dim=-1).to(v.dtype)
    return torch.matmul(v, weights.transpose(1, 2))


def _SHSA_is_large(q):
    """Tells whether the scores are many, and no gradient, tracer or compiler wants them at once."""
    if torch.is_grad_enabled() or torch._C._get_tracing_state() is not None:
        return False
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    if compiling is not None and compiling():
        return False
    return q.shape[0] * q.shape[2] * q.shape[2] > 1 << 20


def _SHSA_is_short(x) -> bool:
    """Tells whether x is a short float; a Proxy of torch.fx counts as none."""
    if not isinstance(x, torch.Tensor):
        return False
    return x.dtype == torch.float16 or x.dtype == torch.bfloat16


def _SHSA_fused(q):
    """The fused attention, where torch has one and it gains something; else None."""
    fused = getattr(F, "scaled_dot_product_attention", None)
    # Traced graphs get plain operators: older ONNX opsets do not know the fused one.
    if fused is None or torch.jit.is_tracing():
        return None
    # On a processor it gains nothing.
    return fused if q.is_cuda else None


def _SHSA_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"SHSA: {problem}; write the row [-1, 1, SHSA, [{args}]]")


def _SHSA_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _SHSA_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _SHSA_fail(ValueError, problem)
