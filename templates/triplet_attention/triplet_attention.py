# SPDX-License-Identifier: 0BSD
from typing import List

import torch
import torch.nn as nn
import torch.nn.functional as F


class TripletAttention(nn.Module):
    """Three gates, each seeing one pair of the axes C, H and W with the third pooled away.

    Shapes: (N, C, H, W) to (N, C, H, W), any C, H and W; 300 parameters whatever C is.

        y = x * (cw + hc + hw) / 3,    gate = sigmoid(BN(conv7x7([max, mean])))

    cw pools over H and sees a plane of C rows and W columns, hc pools over W and sees H rows and
    C columns, hw pools over C and sees H rows and W columns. With no_spatial=True there is no hw,
    and y = x * (cw + hc) / 2. Weights under the older names ChannelGateH, ChannelGateW and
    SpatialGate load as well.

    Rotate to Attend: Convolutional Triplet Attention Module,
    WACV 2021, https://arxiv.org/abs/2010.03045
    """

    def __init__(self, no_spatial=False):
        super().__init__()
        _TripletAttention_check(no_spatial)
        self.no_spatial = no_spatial
        self.cw = _TripletAttentionGate()
        self.hc = _TripletAttentionGate()
        if not no_spatial:
            self.hw = _TripletAttentionGate()

    def extra_repr(self):
        return f"no_spatial={self.no_spatial}"

    def forward(self, x):
        share = 0.5 if self.no_spatial else 1.0 / 3.0
        # The gates are small planes: they are turned and scaled before they meet the whole map.
        cw = self.cw(_TripletAttention_pool(x, 2)) * share  # N, 1, C, W
        hc = self.hc(_TripletAttention_pool(x, 3, True)) * share  # N, 1, H, C
        # N, C, 1, W and N, C, H, 1; their sum is laid out as they are.
        gates = [cw.transpose(1, 2), hc.permute(0, 3, 2, 1).contiguous()]
        if not self.no_spatial:
            gates.append(self.hw(_TripletAttention_pool(x, 1)) * share)  # N, 1, H, W
        if not torch.jit.is_scripting():
            if _TripletAttention_trains(x):
                return _TripletAttentionProduct.apply(x, *gates)
        return _TripletAttention_product(x, gates)

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs):
        # torch calls this before it asks the children, with its own copy of the dictionary.
        renames = (("ChannelGateH", "cw"), ("ChannelGateW", "hc"), ("SpatialGate", "hw"))
        for old, new in renames:
            head = prefix + old + ".spatial."
            for key in [k for k in state_dict if k.startswith(head)]:
                name = prefix + new + ".conv." + key[len(head) :]
                if name not in state_dict:  # never over a newer key
                    state_dict[name] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


class _TripletAttentionGate(nn.Module):
    """From a pooled plane (N, 2, A, B) to its gate (N, 1, A, B) between 0 and 1."""

    def __init__(self):
        super().__init__()
        self.conv = _TripletAttentionConv()

    def forward(self, pooled):
        return torch.sigmoid(self.conv(pooled))


class _TripletAttentionConv(nn.Module):
    """The 7x7 convolution of a gate and its normalisation, named as in published weights."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size=7, padding=3, bias=False)
        self.bn = nn.BatchNorm2d(1, eps=1e-5, momentum=0.01)

    def forward(self, pooled):
        bn = self.bn
        plane = self.conv(pooled)
        # A single value has no spread to learn from, and BatchNorm refuses to train on it (hw of
        # one image with a 1x1 map): what earlier batches taught stands in.
        if bn.training and plane.numel() == 1:
            return F.batch_norm(
                plane, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
            )
        return bn(plane)


class _TripletAttentionPeak(torch.autograd.Function):
    """The maximum along one axis; equal maxima share the gradient evenly, as those of amax do.

    The backward pass of amax itself takes several times as long.
    """

    @staticmethod
    def forward(ctx, x, axis):
        peak = x.amax(axis, keepdim=True)
        ctx.save_for_backward(x, peak)
        ctx.axis = axis
        return peak.squeeze(axis)

    @staticmethod
    def backward(ctx, grad):
        x, peak = ctx.saved_tensors
        share = torch.eq(x.detach(), peak.detach(), out=torch.empty_like(x.detach()))
        count = share.sum(ctx.axis, keepdim=True, dtype=torch.float32)
        return share.mul_((grad.unsqueeze(ctx.axis) / count).to(grad.dtype)), None


class _TripletAttentionProduct(torch.autograd.Function):
    """The map times the sum of its gates, which is formed again for the backward pass, not kept."""

    @staticmethod
    def forward(ctx, x, *gates):
        ctx.save_for_backward(x, *gates)
        return _TripletAttention_product(x, gates)

    @staticmethod
    def backward(ctx, grad):
        x, *gates = ctx.saved_tensors
        whole = grad * x
        parts = []
        for gate in gates:
            axes = [axis for axis in range(4) if gate.shape[axis] != x.shape[axis]]
            part = whole.sum(axes, keepdim=True) if axes else whole
            parts.append(part.to(gate.dtype))
        del whole
        return (_TripletAttention_product(grad, gates).to(x.dtype), *parts)


def _TripletAttention_sum(gates: List[torch.Tensor]):
    """N, C, H, W from gates that each lack an axis."""
    weight = gates[0] + gates[1]
    for gate in gates[2:]:
        weight += gate
    return weight


def _TripletAttention_product(x, gates: List[torch.Tensor]):
    """The map times the sum of its gates, in the memory of that sum if the layouts agree."""
    weight = _TripletAttention_sum(gates)
    if isinstance(x, torch.Tensor):  # torch.fx hands on a Proxy
        if x.is_contiguous() and weight.dtype == x.dtype:
            return weight.mul_(x)
    return x * weight


def _TripletAttention_trains(x) -> bool:
    """Tells whether a backward pass may follow, and no tracer, compiler or exporter watches."""
    if not isinstance(x, torch.Tensor):  # a Proxy of torch.fx
        return False
    if not (x.requires_grad and torch.is_grad_enabled()):
        return False
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    watched = compiling is not None and compiling()
    return not watched and torch._C._get_tracing_state() is None


def _TripletAttention_pool(x, axis: int, turned: bool = False):
    """The maximum and the mean along one axis, as the two channels of a plane."""
    mean = x.mean(axis)
    trains = False
    if torch.jit.is_scripting():
        peak = x.amax(axis)
    elif _TripletAttention_trains(x):
        peak, trains = _TripletAttentionPeak.apply(x, axis), True
    elif torch._C._get_tracing_state() is not None:
        # The values are the same, and ONNX export knows amax only from torch 1.12 on.
        peak = x.max(axis)[0]
    else:
        peak = x.amax(axis)
    if turned:
        peak, mean = peak.transpose(1, 2), mean.transpose(1, 2)
    # The backward pass of a convolution of two channels is twice as fast if they lie together.
    if trains:
        return torch.stack((peak, mean), 3).permute(0, 3, 1, 2)
    return torch.stack((peak, mean), 1)


def _TripletAttention_check(no_spatial):
    """Refuses anything but a bool, which would be taken for one, and names the row to write."""
    if isinstance(no_spatial, bool):
        return
    if isinstance(no_spatial, (int, float)):
        problem = "TripletAttention takes no channel count (got {!r})"
    else:
        problem = "TripletAttention takes True or False as no_spatial (got {!r})"
    raise TypeError(problem.format(no_spatial) + "; write the row [-1, 1, TripletAttention, []]")
