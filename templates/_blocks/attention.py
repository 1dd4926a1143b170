# SPDX-License-Identifier: 0BSD
import torch.nn as nn


class _WrapperBottleneck(nn.Module):
    """A SIDExSIDE and a 3x3 convolution, the attention, and the way around them."""

    def __init__(self, hidden, shortcut, groups):
        super().__init__()
        self.cv1 = _WrapperConv(hidden, hidden, SIDE)
        self.cv2 = _WrapperConv(hidden, hidden, 3, groups)
        self.attention = _WrapperInner(hidden)
        self.add = shortcut

    def forward(self, x):
        y = self.attention(self.cv2(self.cv1(x)))
        return x + y if self.add else y
