# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class ResBlock_CBAM(nn.Module):
    """A residual bottleneck with a gate for every channel and a gate for every place at its end.

    Shapes: (N, C, H, W) to (N, places, ceil(H / stride), ceil(W / stride)), C = in_places.

        b = BN(W3 a(BN(W2 a(BN(W1 x))))),    a = LeakyReLU with slope 0.1
        g = b * sigmoid(fc(mean of b over H and W))
        y = ReLU(g * sigmoid(cv1([mean of g over C, maximum of g over C])) + s(x))

    W1 and W3 are 1x1 convolutions, W2 is a 3x3 one with the stride, cv1 is 7x7; only fc has a bias.
    s is a 1x1 convolution with the stride and BN where downsampling is True or the channels or the
    size change, else nothing. One image with a 1x1 map has no spread to train a BatchNorm on: its
    running statistics stand in.

    YOLOv8-AM: YOLOv8 Based on Effective Attention Mechanisms for Pediatric Wrist Fracture
    Detection, IEEE Access 2025, https://arxiv.org/abs/2402.09329
    """

    def __init__(self, in_places, places, stride=1, downsampling=False, expansion=1):
        super().__init__()
        _ResBlock_CBAM_check(in_places, places, stride, downsampling, expansion)
        self.bottleneck = _ResBlock_CBAMLayers(
            nn.Conv2d(in_places, places, 1, bias=False),
            nn.BatchNorm2d(places),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(places, places, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(places),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(places, places, 1, bias=False),
            nn.BatchNorm2d(places),
        )
        self.cbam = _ResBlock_CBAMGates(places)
        self.downsample = nn.Identity()
        if downsampling or stride > 1 or in_places != places:
            self.downsample = _ResBlock_CBAMLayers(
                nn.Conv2d(in_places, places, 1, stride, bias=False), nn.BatchNorm2d(places)
            )

    def forward(self, x):
        y = self.cbam(self.bottleneck(x))  # a product, so that it may be added to in place
        y += self.downsample(x)
        return F.relu(y, inplace=True)


class _ResBlock_CBAMLayers(nn.Sequential):
    """Layers in a row, whose norms also train on a single value per channel."""

    def forward(self, x):
        for layer in self:
            if torch.jit.is_scripting():
                x = layer(x)
            elif isinstance(layer, nn.BatchNorm2d) and layer.training and x.numel() == x.shape[1]:
                mean, var = layer.running_mean, layer.running_var
                x = F.batch_norm(x, mean, var, layer.weight, layer.bias, False, 0.0, layer.eps)
            else:
                x = layer(x)
        return x


class _ResBlock_CBAMGates(nn.Module):
    """The two gates, one after the other."""

    def __init__(self, channels):
        super().__init__()
        self.channel_attention = _ResBlock_CBAMChannels(channels)
        self.spatial_attention = _ResBlock_CBAMPlaces()

    def forward(self, x):
        return self.spatial_attention(self.channel_attention(x))


class _ResBlock_CBAMChannels(nn.Module):
    """Multiplies every channel by a gate that sees the means of all channels."""

    def __init__(self, channels):
        super().__init__()
        self.fc = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        gate = self.fc(x.mean((2, 3), keepdim=True)).sigmoid()
        return x * gate.to(x.dtype)  # autocast may have narrowed it


class _ResBlock_CBAMPlaces(nn.Module):
    """Multiplies every place by a gate that sees mean and maximum of the places around it."""

    def __init__(self):
        super().__init__()
        self.cv1 = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x):
        pooled = torch.stack((x.mean(1), x.max(1)[0]), 1)
        return x * self.cv1(pooled).sigmoid().to(x.dtype)


def _ResBlock_CBAM_check(in_places, places, stride, downsampling, expansion):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = f"; write the row [-1, 1, ResBlock_CBAM, [{places if type(places) is int else 256}]]"
    for name, value, high in (
        ("in_places", in_places, 1 << 30),
        ("places", places, 1 << 30),
        # 3 would be the kernel size that other copies have here.
        ("stride", stride, 2),
    ):
        problem = f"ResBlock_CBAM: {name} must be an int from 1 to {high}, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(problem + row)
        if not 1 <= value <= high:
            raise ValueError(problem + row)
    if not isinstance(downsampling, bool):
        problem = f"ResBlock_CBAM: downsampling must be True or False, got {downsampling!r}"
        raise TypeError(problem + row)
    problem = "ResBlock_CBAM: expansion must be 1, because the row's first argument says how many "
    problem = f"{problem}channels come out, got {expansion!r}"
    if isinstance(expansion, bool) or not isinstance(expansion, int):
        raise TypeError(problem + row)
    if expansion != 1:
        raise ValueError(problem + row)
