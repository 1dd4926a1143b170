# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn


class SimAM(nn.Module):
    """Weighs every value by how far it stands out from its own channel; no parameters.

    Shapes: (N, C, H, W) to (N, C, H, W), any C, H and W.

        y = x * sigmoid(1 / e),    1 / e = (x - mu)^2 / (4 (var + lambda)) + 1 / 2

    mu is the mean of the channel's map and var = sum((x - mu)^2) / (H W - 1); e is the minimal
    energy of equation (5), the product is equation (6). On a 1x1 map x - mu is nothing and 1 / e
    is 1 / 2. `channels` is accepted, because published YAMLs write it, and has no effect.

    SimAM: A Simple, Parameter-Free Attention Module for Convolutional Neural Networks,
    ICML 2021, https://proceedings.mlr.press/v139/yang21o.html
    """

    def __init__(self, channels=None, e_lambda=1e-4):
        super().__init__()
        _SimAM_check(channels, e_lambda)
        self.e_lambda = float(e_lambda)

    def extra_repr(self):
        return f"e_lambda={self.e_lambda}"

    def forward(self, x):
        # group_norm is the fast route but a fixed-size one, and in channels_last it loses digits
        # wherever the mean is large against the spread.
        if not isinstance(x, torch.Tensor) or _SimAM_is_recorded() or not x.is_contiguous():
            return self._plain(x)
        return self._fused(x)

    def _fused(self, x):
        size = x.shape[2] * x.shape[3]
        free = size - 1
        # With one channel a group, group_norm gives (x - mu) / sqrt(sum / size + eps). This eps
        # makes its square (x - mu)^2 / (var + lambda) * size / free; max() is for the 1x1 map.
        eps = self.e_lambda * max(free, 1) / size
        score = torch.group_norm(x, x.shape[1], None, None, eps)
        half = score.new_full((), 0.5)
        if score.requires_grad or score.dtype != x.dtype:  # autocast may have widened it
            gate = torch.addcmul(half, score, score, value=free / (4.0 * size)).sigmoid_()
            return (x * gate).to(x.dtype)
        # Inference needs no more than the one map that becomes the result.
        torch.addcmul(half, score, score, value=free / (4.0 * size), out=score)
        return score.sigmoid_().mul_(x)

    def _plain(self, x):
        # Squares leave the range of float16 soon, so short floats are widened first.
        wide = x
        if isinstance(x, torch.Tensor) and x.dtype in (torch.float16, torch.bfloat16):
            wide = x.float()  # torch.fx, whose Proxy has no dtype yet, records it as it is
        ratio = 1.0 - 1.0 / (x.shape[2] * x.shape[3])
        square = (wide - wide.mean((2, 3), keepdim=True)).pow(2)
        # The equation times ratio = (H W - 1) / (H W), above and below: the mean replaces var.
        scale = 4.0 * (square.mean((2, 3), keepdim=True) + self.e_lambda * ratio)
        # The tiny number only acts on a 1x1 map, where all is 0; max() would fix traced sizes.
        gate = torch.sigmoid(square * ratio / (scale + 1e-30) + 0.5)
        return (wide * gate).to(x.dtype)


def _SimAM_is_recorded():
    """Tells whether a tracer, a compiler or an exporter is watching this call."""
    if torch._C._get_tracing_state() is not None:
        return True
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return compiling is not None and compiling()


def _SimAM_check(channels, e_lambda):
    """Refuses arguments that are not what they seem, and names the row to write."""
    if isinstance(channels, float) and 0 < channels < 1:
        raise TypeError(
            f"SimAM takes a channel count or None before e_lambda (got {channels!r} first); "
            f"write the row [-1, 1, SimAM, [None, {channels!r}]]"
        )
    if channels is not None and (isinstance(channels, bool) or not isinstance(channels, int)):
        raise TypeError(
            f"SimAM takes a whole number or None as channels (got {channels!r}); "
            "write the row [-1, 1, SimAM, []]"
        )
    if channels is not None and channels < 1:
        raise ValueError(
            f"SimAM takes channels of 1 or more, or None (got {channels!r}); "
            "write the row [-1, 1, SimAM, []]"
        )
    if isinstance(e_lambda, bool) or not isinstance(e_lambda, (int, float)):
        raise TypeError(
            f"SimAM takes a number between 0 and 1 as e_lambda (got {e_lambda!r}); "
            "write the row [-1, 1, SimAM, []]"
        )
    if not 0 < e_lambda < 1:
        raise ValueError(
            f"SimAM takes e_lambda above 0 and below 1 (got {e_lambda!r}); "
            "write the row [-1, 1, SimAM, []]"
        )
