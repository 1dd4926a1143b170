"""The blocks that models/mini.yaml is made of."""

import torch
import torch.nn as nn


class Conv(nn.Module):
    """Convolution, batch norm and SiLU; the map keeps its size at stride 1."""

    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, (k - 1) // 2, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = nn.SiLU()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    """A 1x1 and a 3x3 convolution, added to the input where the channels allow it."""

    def __init__(self, c1, c2, shortcut=True):
        super().__init__()
        self.body = nn.Sequential(Conv(c1, c2), Conv(c2, c2, 3))
        self.add = shortcut and c1 == c2

    def forward(self, x):
        y = self.body(x)
        return x + y if self.add else y


class C3(nn.Module):
    """Half of the channels go through n bottlenecks, the other half past them."""

    def __init__(self, c1, c2, n=1, shortcut=True):
        super().__init__()
        half = c2 // 2
        self.deep = nn.Sequential(
            Conv(c1, half), *(Bottleneck(half, half, shortcut) for _ in range(n))
        )
        self.side = Conv(c1, half)
        self.out = Conv(2 * half, c2)

    def forward(self, x):
        return self.out(torch.cat((self.deep(x), self.side(x)), 1))


class SPPF(nn.Module):
    """The map beside itself pooled once, twice and three times over."""

    def __init__(self, c1, c2, k=5):
        super().__init__()
        self.squeeze = Conv(c1, c1 // 2)
        self.pool = nn.MaxPool2d(k, 1, k // 2)
        self.out = Conv(c1 // 2 * 4, c2)

    def forward(self, x):
        maps = [self.squeeze(x)]
        for _ in range(3):
            maps.append(self.pool(maps[-1]))
        return self.out(torch.cat(maps, 1))


class Concat(nn.Module):
    """Joins several maps along one dimension."""

    def __init__(self, dimension=1):
        super().__init__()
        self.dimension = dimension

    def forward(self, maps):
        return torch.cat(maps, self.dimension)
