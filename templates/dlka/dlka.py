# SPDX-License-Identifier: 0BSD
from typing import Optional

import torch
import torch.nn as nn
import torch.nn.functional as F


class DLKA(nn.Module):
    """A gate for every number, from two depthwise convolutions whose taps move with the map.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = d_model.

        u = gelu(proj_1(x)),    y = x + proj_2(u * conv1(D7(D5(u))))
        D(u)_i = sum over taps t of weight_t * u read at i + t + offset_i,t

    D5 has 5x5 taps and D7 7x7, 3 apart. A convolution of u with as many taps makes the offsets,
    down and across, for all channels. u is read by bilinear interpolation, and is 0 beyond its
    edge. Such a convolution of torchvision has the same numbers; this one needs only torch.

    Eager code reads one tap after the other, also in the backward pass. A graph (trace, export,
    ONNX, compile) reads all taps at once, in plain operators, with memory for a map for each.

    Beyond Self-Attention: Deformable Large Kernel Attention for Medical Image Segmentation,
    WACV 2024, https://arxiv.org/abs/2309.00121
    """

    def __init__(self, d_model):
        super().__init__()
        _DLKA_check("d_model", d_model)
        self.proj_1 = nn.Conv2d(d_model, d_model, 1)
        self.activation = nn.GELU()
        self.spatial_gating_unit = _DLKAGate(d_model)
        self.proj_2 = nn.Conv2d(d_model, d_model, 1)

    def forward(self, x):
        # Rounded offsets read other places, so that nothing is rounded to a short float on the way.
        if _DLKA_is_short(x):
            u = _DLKA_conv(x, self.proj_1.weight, self.proj_1.bias)
        else:
            u = self.proj_1(x)
        return x + self.proj_2(self.spatial_gating_unit(self.activation(u)).to(x.dtype))


class _DLKAGate(nn.Module):
    """Multiplies the map by what its neighbourhood says of it."""

    def __init__(self, channels):
        super().__init__()
        self.conv0 = _DLKADeformed(channels, 5, 1)
        self.conv_spatial = _DLKADeformed(channels, 7, 3)
        self.conv1 = nn.Conv2d(channels, channels, 1)

    def forward(self, u):
        seen = self.conv_spatial(self.conv0(u))
        if _DLKA_is_short(self.conv1.weight):
            return u * _DLKA_conv(seen, self.conv1.weight, self.conv1.bias)
        return u * self.conv1(seen)


class _DLKADeformed(nn.Module):
    """A depthwise convolution that reads every tap where its offset says."""

    def __init__(self, channels, side, dilation):
        super().__init__()
        self.side, self.dilation = side, dilation
        edge = dilation * (side // 2)
        self.offset_net = nn.Conv2d(channels, 2 * side * side, side, 1, edge, dilation)
        # It holds the weight, as in the published code.
        self.deform_conv = nn.Conv2d(channels, channels, side, groups=channels, bias=False)

    def forward(self, x):
        net = self.offset_net
        if _DLKA_is_short(net.weight):
            edge = self.dilation * (self.side // 2)
            offset = _DLKA_conv(x, net.weight, net.bias, edge, self.dilation)
        else:
            offset = net(x)
        if _DLKA_is_short(x):  # under autocast
            x = x.float()
        offset = offset.to(x.dtype)
        points = _DLKA_points(offset, self.side, self.dilation)
        weight = self.deform_conv.weight.to(x.dtype).flatten(1).t()  # taps, C
        taps = self.side * self.side
        if torch.jit.is_scripting():
            return _DLKA_sum(x, points, weight, taps)
        if _DLKA_is_recorded():
            return _DLKA_sum_at_once(x, points, weight)
        if _DLKA_trains(points):
            return _DLKASum.apply(x, points, weight, taps)
        return _DLKA_sum(x, points, weight, taps)


def _DLKA_is_short(x) -> bool:
    """Tells whether x is a short float; a Proxy of torch.fx counts as none."""
    if not isinstance(x, torch.Tensor):
        return False
    return x.dtype == torch.float16 or x.dtype == torch.bfloat16


def _DLKA_conv(x, weight, bias: Optional[torch.Tensor], edge: int = 0, dilation: int = 1):
    """A convolution in float32."""
    bias = None if bias is None else bias.float()
    return F.conv2d(x.float(), weight.float(), bias, 1, edge, dilation)


def _DLKA_points(offset, side: int, dilation: int):
    """Where every tap reads, in places of the map: (N, taps, 2, H, W), down and across."""
    n, _, height, width = offset.shape
    taps = (torch.arange(side, device=offset.device).to(offset.dtype) - side // 2) * dilation
    rows = torch.arange(height, device=offset.device).to(offset.dtype)
    columns = torch.arange(width, device=offset.device).to(offset.dtype)
    offset = offset.reshape(n, side, side, 2, height, width)
    down = offset[:, :, :, 0] + (taps.unsqueeze(1) + rows).reshape(side, 1, height, 1)
    across = offset[:, :, :, 1] + (taps.unsqueeze(1) + columns).reshape(1, side, 1, width)
    return torch.stack((down, across), 3).reshape(n, side * side, 2, height, width)


def _DLKA_sum(x, points, weight, taps: int):
    """The sum over the taps, one after the other: no map for each of them is kept."""
    x = x.contiguous()
    out = torch.zeros_like(x)
    for tap in range(taps):
        seen = F.grid_sample(x, _DLKA_grid(x, points[:, tap]), "bilinear", "zeros", False)
        out.addcmul_(seen, weight[tap].unsqueeze(1).unsqueeze(2))
    return out


def _DLKA_grid(x, points):
    """The points of one tap, (N, 2, H, W), as grid_sample counts them: across and down."""
    down = (points[:, 0] * 2.0 + 1.0) / x.shape[2] - 1.0
    across = (points[:, 1] * 2.0 + 1.0) / x.shape[3] - 1.0
    return torch.stack((across, down), 3)


def _DLKA_sum_at_once(x, points, weight):
    """The same in plain operators, for graphs: older ONNX opsets do not know grid_sample."""
    n, c, height, width = x.shape
    seen = _DLKA_read(x, points)
    out = (seen * weight.unsqueeze(1)).sum(1)
    return out.reshape(n, height, width, c).permute(0, 3, 1, 2)


def _DLKA_read(x, points):
    """x at the points of all taps, (N, taps, H W, C): four neighbours, rows of channels."""
    n, c, height, width = x.shape
    places = x.permute(0, 2, 3, 1).reshape(n * height * width, c)
    first = (torch.arange(n, device=x.device) * (height * width)).reshape(n, 1, 1, 1)
    y, z = points[:, :, 0], points[:, :, 1]
    top, left, out = torch.floor(y), torch.floor(z), 0.0
    for row, down in ((top, 1.0 - (y - top)), (top + 1.0, y - top)):
        for column, across in ((left, 1.0 - (z - left)), (left + 1.0, z - left)):
            inside = (row >= 0) & (row <= height - 1) & (column >= 0) & (column <= width - 1)
            place = row * width + column
            place = torch.where(inside, place, torch.zeros_like(place)).to(torch.int64) + first
            seen = places.index_select(0, place.reshape(-1)).reshape(n, -1, height * width, c)
            share = down * across * inside.to(x.dtype)
            out = out + seen * share.reshape(n, -1, height * width, 1)
    return out


class _DLKASum(torch.autograd.Function):
    """_DLKA_sum with a backward pass that keeps no map for each tap.

    It cannot be differentiated a second time.
    """

    @staticmethod
    def forward(ctx, x, points, weight, taps):
        ctx.save_for_backward(x, points, weight)
        return _DLKA_sum(x, points, weight, taps)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):
        x, points, weight = ctx.saved_tensors
        x, grad = x.contiguous(), grad.contiguous()
        for_x, for_points, for_weight = torch.zeros_like(x), [], []
        for tap in range(weight.shape[0]):
            # A tap reads x times its weight, so that the points' slopes have the weight.
            factor = weight[tap].unsqueeze(1).unsqueeze(2)
            step, moved = _DLKA_slopes(x * factor, points[:, tap], grad)
            for_x.addcmul_(step, factor)
            for_points.append(moved)
            for_weight.append((x * step).sum((0, 2, 3)))
        return for_x, torch.stack(for_points, 1), torch.stack(for_weight), None


def _DLKA_slopes(x, points, grad):
    """The gradients of x and of the points of a tap, for the gradient of what it reads."""
    # The fused operator's gradient is not deterministic on a GPU.
    plain = torch.are_deterministic_algorithms_enabled()
    if not plain and [int(part) for part in torch.__version__.split(".")[:2]] >= [1, 11]:
        grid, fused = _DLKA_grid(x, points), torch.ops.aten.grid_sampler_2d_backward
        step, moved = fused(grad, x, grid, 0, 0, False, [True, True])
        down, across = moved[..., 1] * (2.0 / x.shape[2]), moved[..., 0] * (2.0 / x.shape[3])
        return step, torch.stack((down, across), 1)
    with torch.enable_grad():
        x, points = x.detach().requires_grad_(), points.detach().requires_grad_()
        if plain:
            seen = _DLKA_read(x, points.unsqueeze(1))
            seen = seen.transpose(2, 3).reshape(x.shape)
        else:  # older torch has other arguments
            seen = F.grid_sample(x, _DLKA_grid(x, points), "bilinear", "zeros", False)
    return torch.autograd.grad(seen, (x, points), grad)


def _DLKA_trains(points):
    """Tells whether a backward pass may follow; a Proxy of torch.fx has none."""
    if not isinstance(points, torch.Tensor):
        return False
    return points.requires_grad and torch.is_grad_enabled()


def _DLKA_is_recorded():
    """Tells whether a tracer, a compiler or an exporter is watching this call."""
    if torch._C._get_tracing_state() is not None:
        return True
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return compiling is not None and compiling()


def _DLKA_check(name, value):
    """Refuses what is not an int of at least 1, and names the row to write."""
    problem = f"DLKA: {name} must be an int of at least 1, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(problem + "; write the row [-1, 1, DLKA, []]")
    if value < 1:
        raise ValueError(problem + "; write the row [-1, 1, DLKA, []]")
