# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class ADown(nn.Module):
    """Downsampling in two halves: a strided convolution, and max pooling with a 1x1 convolution.

    Shapes: (N, C, H, W) to (N, c2, H / 2, W / 2), C = c1; C and c2 are even, H / 2 rounded down.

        [a, b] = the 2x2 means of x, in halves of the channels
        y = [cv1(a), cv2(the maximum of b in 3x3 windows, two apart)]

    cv1 is a 3x3 convolution with stride 2, cv2 a 1x1 one; both are followed by BN and SiLU.

    YOLOv9: Learning What You Want to Learn Using Programmable Gradient Information, ECCV 2024,
    https://arxiv.org/abs/2402.13616
    """

    def __init__(self, c1, c2):
        super().__init__()
        for name, value in (("c1", c1), ("c2", c2)):
            problem = f"ADown: {name} must be an even int of at least 2, got {value!r}"
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(problem + "; write the row [-1, 1, ADown, [256]]")
            if value < 2 or value % 2 == 1:
                raise ValueError(problem + "; write the row [-1, 1, ADown, [256]]")
        self.cv1 = _ADownConv(c1 // 2, c2 // 2, 3, 2)
        self.cv2 = _ADownConv(c1 // 2, c2 // 2, 1, 1)

    def forward(self, x):
        first, second = F.avg_pool2d(x, 2, 1).chunk(2, 1)
        first = self.cv1(first)
        return torch.cat((first, self.cv2(F.max_pool2d(second, 3, 2, 1))), 1)


class _ADownConv(nn.Module):
    """A convolution with BN and SiLU."""

    def __init__(self, channels, out, side, stride):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, side, stride, side // 2, bias=False)
        self.bn = nn.BatchNorm2d(out)
        self.act = nn.SiLU()

    def forward(self, x):
        y = self.conv(x)
        bn = self.bn
        if self.training and y.numel() == y.shape[1]:
            # One value has no spread to train a BatchNorm on: its running statistics stand in.
            y = F.batch_norm(
                y, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
            )
        else:
            y = self.bn(y)
        return self.act(y)
