# SPDX-License-Identifier: 0BSD
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
        hc = self.hc(_TripletAttention_pool(x, 3).transpose(2, 3)) * share  # N, 1, H, C
        weight = cw.transpose(1, 2) + hc.permute(0, 3, 2, 1)  # N, C, 1, W with N, C, H, 1
        if not self.no_spatial:
            weight += self.hw(_TripletAttention_pool(x, 1)) * share  # N, 1, H, W
        return x * weight

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


def _TripletAttention_pool(x, axis: int):
    """The maximum and the mean along one axis, as the two channels of a plane."""
    # amax shares the gradient among equal maxima, such as a ReLU's many zeros. max gives the same
    # values; ONNX export knows amax only from torch 1.12 on.
    traced = torch._C._get_tracing_state() is not None
    peak = x.max(axis)[0] if traced else x.amax(axis)
    return torch.stack((peak, x.mean(axis)), 1)


def _TripletAttention_check(no_spatial):
    """Refuses anything but a bool, which would be taken for one, and names the row to write."""
    if isinstance(no_spatial, bool):
        return
    if isinstance(no_spatial, (int, float)):
        problem = "TripletAttention takes no channel count (got {!r})"
    else:
        problem = "TripletAttention takes True or False as no_spatial (got {!r})"
    raise TypeError(problem.format(no_spatial) + "; write the row [-1, 1, TripletAttention, []]")
