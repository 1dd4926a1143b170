# SPDX-License-Identifier: 0BSD
import torch.nn as nn


class _WrapperBottleneck(nn.Module):
    """A SIDExSIDE convolution, the convolution that this block is for, and the way around."""

    def __init__(self, hidden, shortcut, groups):
        super().__init__()
        self.cv1 = _WrapperConv(hidden, hidden, SIDE)
        self.cv2 = _WrapperInner(hidden)
        self.add = shortcut

    def forward(self, x):
        y = self.cv2(self.cv1(x))
        return x + y if self.add else y
