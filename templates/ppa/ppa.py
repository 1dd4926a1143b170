# SPDX-License-Identifier: 0BSD
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class PPA(nn.Module):
    """Convolutions in three depths beside two views of patches, then a gate by channel and place.

    Shapes: (N, C, H, W) to (N, filters, H, W), C = in_features.

        s  = BN(conv1x1(x)),    c1 = u1(x),    c2 = u2(c1),    c3 = u3(c2),    u = ReLU(BN(conv3x3))
        v  = c1 + c2 + c3 + s + patches_2(s) + patches_4(s)
        v' = v * sigmoid(w convolved with mean(v) along the channels)
        y  = ReLU(BN(dropout(v' * sigmoid(conv7x7([mean of v' over the channels, maximum])))))

    patches_p(s): the values of every patch of p x p places that lies on the map as a whole, channel
    after channel, are cut into p^2 equal parts, as published; m has their means.

        t = mlp2(LayerNorm(mlp1(m))),    l = t * softmax(t),    k = cosine of l and prompt, from 0
        (l * k) top_down_transform at every patch, then a 1x1 convolution, spread bilinearly

    A map smaller than a patch is filled up with nought. One image with a 1x1 map has no spread to
    train a BatchNorm on: its running statistics stand in. The published code drops 0.1 of the
    channels in training; here `drop` is 0 unless a row says otherwise.

    HCF-Net: Hierarchical Context Fusion Network for Infrared Small Object Detection, ICME 2024,
    https://arxiv.org/abs/2403.10778
    """

    def __init__(self, in_features, filters, drop=0.0):
        super().__init__()
        _PPA_check(in_features, filters, drop)
        self.rate = float(drop)
        self.skip = _PPAConv(in_features, filters, 1, False)
        self.c1 = _PPAConv(in_features, filters, 3, True)
        self.c2 = _PPAConv(filters, filters, 3, True)
        self.c3 = _PPAConv(filters, filters, 3, True)
        self.sa = _PPAPlaces()
        self.cn = _PPAChannels(filters)
        self.lga2 = _PPAPatches(filters, 2)
        self.lga4 = _PPAPatches(filters, 4)
        self.bn1 = nn.BatchNorm2d(filters)

    def extra_repr(self):
        return f"drop={self.rate}"

    def forward(self, x):
        y = self.skip(x)
        y = y + self.lga2(y) + self.lga4(y)
        x = self.c1(x)
        y = y + x
        x = self.c2(x)
        y = y + x
        y = y + self.c3(x)
        y = F.dropout2d(self.sa(self.cn(y)), self.rate, self.training)
        bn = self.bn1
        if self.training and y.numel() == y.shape[1]:
            y = F.batch_norm(
                y, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
            )
        else:
            y = bn(y)
        return F.relu(y, inplace=True)


class _PPAConv(nn.Module):
    """A convolution with BN, and a ReLU where it is asked for."""

    def __init__(self, channels, out, side, act):
        super().__init__()
        self.act = act
        self.conv = nn.Conv2d(channels, out, side, padding=side // 2)
        self.norm = nn.BatchNorm2d(out)

    def forward(self, x):
        y = self.conv(x)
        bn = self.norm
        if self.training and y.numel() == y.shape[1]:
            y = F.batch_norm(
                y, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
            )
        else:
            y = bn(y)
        return F.relu(y, inplace=True) if self.act else y


class _PPAPatches(nn.Module):
    """What every patch says of itself, weighed by its likeness to a learnt direction."""

    def __init__(self, channels, side):
        super().__init__()
        self.side = side
        self.whole = channels % (side * side) == 0
        self.prompt = _PPAWeight(torch.randn(channels))
        self.top_down_transform = _PPAWeight(torch.eye(channels))
        self.mlp1 = nn.Linear(side * side, channels // 2)
        self.norm = nn.LayerNorm(channels // 2)
        self.mlp2 = nn.Linear(channels // 2, channels)
        self.conv = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        n, c, height, width = x.shape
        means = self._means(x)  # N, side * side, rows, columns
        rows, columns = means.shape[2], means.shape[3]
        told = _PPA_wide(self.mlp2(self.norm(self.mlp1(means.flatten(2).transpose(1, 2)))))
        told = told * torch.softmax(told, -1)  # N, places, C
        aim = F.normalize(_PPA_wide(self.prompt.weight), dim=0)
        like = torch.matmul(told, aim) / told.norm(2, -1).clamp_min(1e-12)
        told = (told * like.clamp(0, 1).unsqueeze(-1)).to(x.dtype)
        told = torch.matmul(told, self.top_down_transform.weight)
        told = told.transpose(1, 2).reshape(n, c, rows, columns).contiguous()
        # A 1x1 convolution and the spreading may change places: the shares of a place sum to 1.
        return _PPA_spread(self.conv(told), height, width)

    def _means(self, x):
        n, c, height, width = x.shape
        side, parts = self.side, self.side * self.side
        # A map smaller than a patch gets a margin with which it holds one patch, and not two.
        margin = [0, 2 * (side // (width + 1)), 0, 2 * (side // (height + 1))]
        if self.whole:  # a part is a group of whole channels, wherever in the patch
            x = x.reshape(n, parts, c // parts, height, width).mean(2)
            return F.avg_pool2d(F.pad(x, margin), side)
        x = F.pad(x, margin)
        rows, columns = x.shape[2] // side, x.shape[3] // side
        x = x[:, :, : rows * side, : columns * side].reshape(n, c, rows, side, columns, side)
        return x.permute(0, 1, 3, 5, 2, 4).reshape(n, parts, c, rows, columns).mean(2)

    def _load_from_state_dict(self, state_dict, prefix, *args):
        # Checkpoints say "prompt"; the child looks for "prompt.weight" in what is handed on.
        for name in ("prompt", "top_down_transform"):
            if prefix + name in state_dict:
                state_dict[prefix + name + ".weight"] = state_dict.pop(prefix + name)
        super()._load_from_state_dict(state_dict, prefix, *args)


class _PPAWeight(nn.Module):
    """A tensor of its own, kept as `weight` because older YOLOs train only that.

    A state_dict holds it under the module's own name, as published.
    """

    def __init__(self, start):
        super().__init__()
        self.weight = nn.Parameter(start)

    def forward(self):
        return self.weight

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        value = self.weight if keep_vars else self.weight.detach()
        destination[prefix[:-1] if prefix else "weight"] = value


class _PPAChannels(nn.Module):
    """Multiplies every channel by a gate that sees the means of its neighbours."""

    def __init__(self, channels):
        super().__init__()
        length = int(abs((math.log(channels, 2) + 1) / 2))
        length = length if length % 2 else length + 1
        conv = nn.Conv1d(1, 1, length, padding=length // 2, bias=False)
        self.conv = nn.Sequential(conv, nn.Sigmoid())

    def forward(self, x):
        gate = self.conv(x.mean((2, 3)).unsqueeze(1))  # N, 1, C
        return x * gate.to(x.dtype).transpose(1, 2).unsqueeze(3)  # autocast may have narrowed it


class _PPAPlaces(nn.Module):
    """Multiplies every place by a gate that sees mean and maximum of the places around it."""

    def __init__(self):
        super().__init__()
        self.conv2d = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x):
        pooled = torch.stack((x.mean(1), x.max(1)[0]), 1)
        return x * self.conv2d(pooled).sigmoid().to(x.dtype)


def _PPA_wide(x):
    """Short floats as float32; torch.fx hands on a Proxy, of which no type is known."""
    if isinstance(x, torch.Tensor):
        if x.dtype == torch.float16 or x.dtype == torch.bfloat16:
            return x.to(torch.float32)
    return x


def _PPA_spread(x, height: int, width: int):
    """Bilinear interpolation to a size."""
    if not torch.jit.is_scripting():
        # A GPU has no deterministic gradient of the fused operator.
        if torch.are_deterministic_algorithms_enabled():
            down = _PPA_shares(height, x.shape[2], x)
            across = _PPA_shares(width, x.shape[3], x)
            return torch.matmul(down, torch.matmul(x, across.transpose(0, 1)))
    return F.interpolate(x, size=[height, width], mode="bilinear", align_corners=False)


def _PPA_shares(size: int, places: int, like):
    """What each of the new places takes of each old one: (size, places)."""
    dtype = torch.promote_types(like.dtype, torch.float32)
    old = torch.arange(places, dtype=dtype, device=like.device)
    new = torch.arange(size, dtype=dtype, device=like.device)
    at = ((new + 0.5) * (places / size) - 0.5).clamp(0, places - 1)
    return (1 - (at.unsqueeze(1) - old).abs()).clamp(min=0).to(like.dtype)


def _PPA_check(in_features, filters, drop):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = f"; write the row [-1, 1, PPA, [{filters if type(filters) is int else 256}]]"
    for name, value, low in (("in_features", in_features, 1), ("filters", filters, 2)):
        problem = f"PPA: {name} must be an int of at least {low}, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(problem + row)
        if value < low:
            row = "; write the row [-1, 1, PPA, [256]]"
            raise ValueError(problem + row)
    problem = f"PPA: drop must be a rate from 0 to below 1, got {drop!r}"
    if isinstance(drop, bool) or not isinstance(drop, (int, float)):
        raise TypeError(problem + row)
    if not 0 <= drop < 1:
        raise ValueError(problem + row)
