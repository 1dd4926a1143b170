# SPDX-License-Identifier: 0BSD
from typing import Optional

import torch
import torch.nn as nn
import torch.nn.functional as F


class DoubleAttention(nn.Module):
    """Gathers features from the whole map, and gives every place the mixture that it asks for.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = in_channels.

        G = convA(x) softmax(convB(x))^T           c_m x c_n; the softmax is over the places
        y = conv_reconstruct(G softmax(convV(x)))             the softmax is over the c_n features

    All convolutions are 1x1. Each softmax adds up to 1, so that convA of the gathered x is what
    gathering convA(x) is, and conv_reconstruct goes before the mixture: both see c_n columns
    instead of a map, where that is less. reconstruct=False leaves conv_reconstruct out; c_m must
    then be C. The paper's block adds y to x, the published class does not.

    The copies in YOLO forks call softmax without its dimension, for which PyTorch takes the images
    of the batch. Their weights load, but were trained for another function.

    A^2-Nets: Double Attention Networks, NeurIPS 2018, https://arxiv.org/abs/1810.11579
    """

    def __init__(self, in_channels, c_m=128, c_n=128, reconstruct=True):
        super().__init__()
        _DoubleAttention_check(in_channels, c_m, c_n, reconstruct)
        self.convA = nn.Conv2d(in_channels, c_m, 1)
        self.convB = nn.Conv2d(in_channels, c_n, 1)
        self.convV = nn.Conv2d(in_channels, c_n, 1)
        self.reconstruct = reconstruct
        if reconstruct:
            self.conv_reconstruct = nn.Conv2d(c_m, in_channels, 1)
        self.reset_parameters()

    def reset_parameters(self):
        """Weights that keep the spread of a rectified layer's gradient, as published; no biases."""
        for layer in self.children():
            nn.init.kaiming_normal_(layer.weight, mode="fan_out")
            nn.init.zeros_(layer.bias)

    def extra_repr(self):
        return f"reconstruct={self.reconstruct}"

    def forward(self, x):
        n, c, h, w = x.shape
        # Columns are fewer than places, unless the map is small. A recorded graph serves all sizes.
        is_small = False
        if isinstance(x, torch.Tensor) and not _DoubleAttention_is_recorded():
            is_small = h * w < c
        # This order of the maps, which their gradients reverse, needs the least memory.
        if is_small:
            seen = self.convA(x).flatten(2)
            gather, spread = self._gather(x), self._spread(x)
            seen = torch.bmm(seen, gather.transpose(1, 2))  # N, c_m, c_n
        else:
            gather = self._gather(x)
            seen = torch.bmm(x.flatten(2), gather.transpose(1, 2))  # N, C, c_n
            seen = self.convA(seen.unsqueeze(3))
            seen = (self.conv_reconstruct(seen) if self.reconstruct else seen).squeeze(3)
            spread = self._spread(x)
        is_last = False
        if isinstance(x, torch.Tensor):
            is_last = not x.is_contiguous()
            is_last = is_last and x.is_contiguous(memory_format=torch.channels_last)
        if is_last:
            out = torch.bmm(spread.transpose(1, 2), seen.transpose(1, 2))
            out = out.reshape(n, h, w, -1).permute(0, 3, 1, 2)
        else:
            out = torch.bmm(seen, spread).reshape(n, -1, h, w)
        return self.conv_reconstruct(out) if self.reconstruct and is_small else out

    def _gather(self, x):
        """For every feature the shares of the places, (N, c_n, H W)."""
        # Scores of a softmax leave the digits of float16 soon. torch.fx hands on a Proxy.
        if isinstance(x, torch.Tensor) and x.dtype in (torch.float16, torch.bfloat16):
            scores = _DoubleAttention_wide(x, self.convB.weight, self.convB.bias)
        else:
            scores = self.convB(x)
        return torch.softmax(scores.flatten(2), 2).to(x.dtype)

    def _spread(self, x):
        """For every place the shares of the features, (N, c_n, H W)."""
        if isinstance(x, torch.Tensor) and x.dtype in (torch.float16, torch.bfloat16):
            scores = _DoubleAttention_wide(x, self.convV.weight, self.convV.bias)
        else:
            scores = self.convV(x)
        return torch.softmax(scores, 1).to(x.dtype).flatten(2)


def _DoubleAttention_is_recorded() -> bool:
    """Tells whether a tracer, a compiler or an exporter is watching this call."""
    if torch.jit.is_scripting():
        return False
    if torch._C._get_tracing_state() is not None:
        return True
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return compiling is not None and compiling()


def _DoubleAttention_wide(x, weight, bias: Optional[torch.Tensor]):
    """A convolution in float32."""
    if bias is not None:
        bias = bias.float()
    return F.conv2d(x.float(), weight.float(), bias)


def _DoubleAttention_check(in_channels, c_m, c_n, reconstruct):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = "; write the row [-1, 1, DoubleAttention, [{}]]"
    # The upper bounds tell a channel count in the wrong place from the two.
    for name, value, high in (
        ("in_channels", in_channels, 1 << 30),
        ("c_m", c_m, 512),
        ("c_n", c_n, 512),
    ):
        problem = f"DoubleAttention: {name} must be an int from 1 to {high}, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(problem + row.format(""))
        if not 1 <= value <= high:
            raise ValueError(problem + row.format(""))
    if not isinstance(reconstruct, bool):
        problem = f"DoubleAttention: reconstruct must be True or False, got {reconstruct!r}"
        raise TypeError(problem + row.format(""))
    if not reconstruct and c_m != in_channels:
        problem = f"DoubleAttention: reconstruct=False leaves {c_m} channels, not {in_channels}"
        raise ValueError(problem + row.format(f"{c_m}, {c_n}"))
