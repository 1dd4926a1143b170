# SPDX-License-Identifier: 0BSD
from typing import Optional

import torch
import torch.nn as nn
import torch.nn.functional as F


class FocalModulation(nn.Module):
    """Every place is multiplied by what lies around it, seen at several ranges.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = dim.

        q, z_0, g = f_linear(x)                            C, C and L + 1 channels; L = focal_level
        z_l = gelu(dwconv_l(z_{l-1})),  l = 1 ... L,       z_{L+1} = gelu(mean of z_L over H, W)
        y   = proj(q * h(the sum over l of g_l z_l))

    dwconv_l has the kernel size focal_window + (l - 1) focal_factor. f_linear, h and proj see one
    place each. normalize_modulator divides the sum by L + 1; use_postln_in_modulation puts a
    LayerNorm over the channels before proj. The weights of the authors' class load too: it has
    linear layers instead of the 1x1 convolutions, and the first one is named f.

    Focal Modulation Networks, NeurIPS 2022, https://arxiv.org/abs/2203.11926
    """

    def __init__(
        self,
        dim,
        focal_window=3,
        focal_level=2,
        focal_factor=2,
        bias=True,
        proj_drop=0.0,
        use_postln_in_modulation=False,
        normalize_modulator=False,
    ):
        super().__init__()
        _FocalModulation_check_int("dim", dim)
        # The upper bounds tell a channel count in the wrong place from the others.
        _FocalModulation_check_int("focal_window", focal_window, 1, 31)
        _FocalModulation_check_int("focal_level", focal_level, 1, 8)
        _FocalModulation_check_int("focal_factor", focal_factor, 0, 16)
        _FocalModulation_check_bool("bias", bias)
        _FocalModulation_check_rate("proj_drop", proj_drop)
        _FocalModulation_check_bool("use_postln_in_modulation", use_postln_in_modulation)
        _FocalModulation_check_bool("normalize_modulator", normalize_modulator)
        # An even kernel would change the size of the map.
        if focal_window % 2 == 0:
            problem = f"focal_window must be odd, got {focal_window}"
            raise _FocalModulation_fail(ValueError, problem)
        if focal_factor % 2:
            problem = f"focal_factor must be even, got {focal_factor}"
            raise _FocalModulation_fail(ValueError, problem)
        self.dim, self.levels, self.proj_drop = dim, focal_level, float(proj_drop)
        self.share = 1.0 / (focal_level + 1) if normalize_modulator else 1.0
        self.f_linear = nn.Conv2d(dim, 2 * dim + focal_level + 1, 1, bias=bias)
        self.h = nn.Conv2d(dim, dim, 1, bias=bias)
        self.proj = nn.Conv2d(dim, dim, 1)
        sizes = [focal_window + level * focal_factor for level in range(focal_level)]
        self.focal_layers = nn.ModuleList(_FocalModulation_layer(dim, size) for size in sizes)
        self.normed = use_postln_in_modulation
        self.ln = nn.LayerNorm(dim) if use_postln_in_modulation else nn.Identity()

    def extra_repr(self):
        return f"dim={self.dim}"

    def forward(self, x):
        parts = self.f_linear(x).split([self.dim, self.dim, self.levels + 1], 1)
        query, context, gates = parts[0], parts[1], parts[2]
        if self.share != 1.0:
            gates = gates * self.share  # a division of the sum, on fewer channels
        total = context
        for level, layer in enumerate(self.focal_layers):
            context = layer(context)
            if level == 0:
                total = context * gates[:, :1]
            else:
                total = total + context * gates[:, level : level + 1]
        # One name for each map in turn, so that none is kept longer than it is needed.
        context = F.gelu(context.mean((2, 3), keepdim=True))
        total = total + context * gates[:, self.levels :]
        if isinstance(x, torch.Tensor) and total.dtype == torch.float16 and not self.normed:
            # A product of three maps leaves the range of float16 soon; 64 is an exact factor.
            query = query * _FocalModulation_scaled(
                total, self.h.weight, self.h.bias, 1 / 64, 1 / 64
            )
            out = _FocalModulation_scaled(query, self.proj.weight, self.proj.bias, 64.0, 1.0)
        else:
            query = query * self.h(total)
            if self.normed:
                query = self.ln(query.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            out = self.proj(query)
        return F.dropout(out, self.proj_drop, self.training)

    def _load_from_state_dict(self, state_dict, prefix, *args):
        # The authors' class has linear layers; their networks in timm call the norm norm.
        for old, new in (("f.", "f_linear."), ("proj.", "proj."), ("norm.", "ln.")):
            for part in ("weight", "bias"):
                if prefix + old + part not in state_dict:
                    continue
                if old != new and prefix + new + part in state_dict:
                    continue
                value = state_dict.pop(prefix + old + part)
                if new != "ln." and value.dim() == 2:
                    value = value.unsqueeze(2).unsqueeze(3)
                state_dict[prefix + new + part] = value
        super()._load_from_state_dict(state_dict, prefix, *args)


def _FocalModulation_layer(channels, size):
    conv = nn.Conv2d(channels, channels, size, padding=size // 2, groups=channels, bias=False)
    return nn.Sequential(conv, nn.GELU())


def _FocalModulation_scaled(x, weight, bias: Optional[torch.Tensor], factor: float, other: float):
    """A 1x1 convolution with its weight times one factor and its bias times another."""
    if bias is not None:
        bias = bias.to(x.dtype) * other
    return F.conv2d(x, weight.to(x.dtype) * factor, bias)


def _FocalModulation_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"FocalModulation: {problem}; write the row [-1, 1, FocalModulation, [{args}]]")


def _FocalModulation_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _FocalModulation_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _FocalModulation_fail(ValueError, problem)


def _FocalModulation_check_bool(name, value):
    """Refuse what is neither True nor False: 1 and 0 are counts in a YAML row."""
    if not isinstance(value, bool):
        raise _FocalModulation_fail(TypeError, f"{name} must be True or False, got {value!r}")


def _FocalModulation_check_rate(name, value):
    """Refuse what is no share of values to drop."""
    problem = f"{name} must be a number from 0 to below 1, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _FocalModulation_fail(TypeError, problem)
    if not 0 <= value < 1:
        raise _FocalModulation_fail(ValueError, problem)
