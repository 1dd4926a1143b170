# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class CBAM(nn.Module):
    """A gate for every channel, then a gate for every place.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = gate_channels.

        x' = x * sigmoid(mlp(mean(x)) + mlp(max(x)))             over H and W
        y  = x' * sigmoid(BN(conv7x7([max(x'), mean(x')])))      over C

    The mlp has C // reduction_ratio hidden values, at least one. pool_types chooses what is summed
    in the first line: avg, max, lp (the root of the sum of squares), lse (log-sum-exp).
    no_spatial=True leaves the second line out.

    CBAM: Convolutional Block Attention Module, ECCV 2018, https://arxiv.org/abs/1807.06521
    """

    def __init__(
        self, gate_channels, reduction_ratio=16, pool_types=("avg", "max"), no_spatial=False
    ):
        super().__init__()
        _CBAM_check(gate_channels, reduction_ratio, pool_types, no_spatial)
        self.no_spatial = no_spatial
        self.ChannelGate = _CBAMChannelGate(gate_channels, reduction_ratio, pool_types)
        self.SpatialGate = nn.Identity() if no_spatial else _CBAMSpatialGate()

    def extra_repr(self):
        return f"pool_types={list(self.ChannelGate.pool_types)}, no_spatial={self.no_spatial}"

    def forward(self, x):
        return self.SpatialGate(self.ChannelGate(x))


class _CBAMChannelGate(nn.Module):
    """Multiplies every channel by its gate."""

    def __init__(self, channels, reduction_ratio, pool_types):
        super().__init__()
        hidden = max(channels // reduction_ratio, 1)
        self.pool_types = list(pool_types)
        self.mlp = nn.Sequential(
            nn.Flatten(), nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels)
        )

    def forward(self, x):
        pooled = torch.stack([_CBAM_pool(x, kind) for kind in self.pool_types], 1)  # N, P, C
        score = self.mlp(pooled.flatten(0, 1)).reshape(pooled.shape).sum(1)
        return x * torch.sigmoid(score).to(x.dtype).unsqueeze(2).unsqueeze(3)


class _CBAMSpatialGate(nn.Module):
    """Multiplies every place by its gate."""

    def __init__(self):
        super().__init__()
        self.spatial = _CBAMConv()

    def forward(self, x):
        peak, mean = _CBAM_peak(x, 1), x.mean(1)
        pooled = torch.stack((peak, mean), 1)
        if not torch.jit.is_scripting():
            # The backward pass of a convolution of two channels is faster if they lie together.
            if _CBAM_trains(x):
                pooled = torch.stack((peak, mean), 3).permute(0, 3, 1, 2)
        return x * torch.sigmoid(self.spatial(pooled)).to(x.dtype)


class _CBAMConv(nn.Module):
    """The 7x7 convolution of the spatial gate and its normalisation, named as in weights."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size=7, padding=3, bias=False)
        self.bn = nn.BatchNorm2d(1, eps=1e-5, momentum=0.01)

    def forward(self, pooled):
        bn = self.bn
        plane = self.conv(pooled)
        # A single value has no spread to learn from, and BatchNorm refuses to train on it (one
        # image with a 1x1 map): what earlier batches taught stands in.
        if bn.training and plane.numel() == 1:
            return F.batch_norm(
                plane, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
            )
        return bn(plane)


class _CBAMPeak(torch.autograd.Function):
    """The maximum along axes; equal maxima share the gradient evenly, as those of amax do.

    The backward pass of amax itself takes several times as long.
    """

    @staticmethod
    def forward(ctx, x, axes):
        peak = x.amax(axes, keepdim=True)
        ctx.save_for_backward(x, peak)
        ctx.axes = axes
        return peak

    @staticmethod
    def backward(ctx, grad):
        x, peak = ctx.saved_tensors
        share = torch.eq(x.detach(), peak.detach(), out=torch.empty_like(x.detach()))
        count = share.sum(ctx.axes, keepdim=True, dtype=torch.float32)
        return share.mul_((grad / count).to(grad.dtype)), None


def _CBAM_pool(x, kind: str):
    """One value for each image and channel."""
    if kind == "avg":
        return x.mean((2, 3))
    if kind == "max":
        return _CBAM_peak(x.flatten(2), 2)
    if kind == "lp":
        return torch.norm(x, 2, (2, 3))
    return torch.logsumexp(x, (2, 3))


def _CBAM_peak(x, axis: int):
    """The maximum along an axis."""
    if not torch.jit.is_scripting():
        if torch._C._get_tracing_state() is not None:
            # The values are the same, and ONNX export knows amax only from torch 1.12 on.
            return x.max(axis)[0]
        if _CBAM_trains(x):
            return _CBAMPeak.apply(x, axis).squeeze(axis)
    return x.amax(axis)


def _CBAM_trains(x) -> bool:
    """Tells whether a backward pass may follow, and no tracer, compiler or exporter watches."""
    if not isinstance(x, torch.Tensor):  # a Proxy of torch.fx
        return False
    if not (x.requires_grad and torch.is_grad_enabled()):
        return False
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    watched = compiling is not None and compiling()
    return not watched and torch._C._get_tracing_state() is None


def _CBAM_check(gate_channels, reduction_ratio, pool_types, no_spatial):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = "; write the row [-1, 1, CBAM, []]"
    for name, value, high in (
        ("gate_channels", gate_channels, 1 << 30),
        # The upper bound tells a channel count in the wrong place from a ratio.
        ("reduction_ratio", reduction_ratio, 63),
    ):
        problem = f"CBAM: {name} must be an int from 1 to {high}, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(problem + row)
        if not 1 <= value <= high:
            raise ValueError(problem + row)
    if reduction_ratio in (3, 7):
        raise ValueError(
            f"CBAM: {reduction_ratio} is the kernel size of another published CBAM; this one's is "
            f"always 7, and here stands reduction_ratio{row}"
        )
    kinds = ("avg", "max", "lp", "lse")
    if not isinstance(pool_types, (list, tuple)):
        raise TypeError(f"CBAM: pool_types must be a list of {kinds}, got {pool_types!r}{row}")
    if not pool_types or any(kind not in kinds for kind in pool_types):
        raise ValueError(f"CBAM: pool_types must be a list of {kinds}, got {pool_types!r}{row}")
    if not isinstance(no_spatial, bool):
        raise TypeError(f"CBAM: no_spatial must be True or False, got {no_spatial!r}{row}")
