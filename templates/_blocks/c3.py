# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn


class Wrapper(nn.Module):
    """C3 with TITLE.

    Shapes: (N, C, H, W) to (N, c2, H, W), C = c1.

        a = cv1(x);    n times: a = STEP;    y = cv3([a, cv2(x)])

    Each convolution is followed by BN and SiLU; int(c2 * e) channels lie between. TOLD

    PAPER
    """

    def __init__(self, c1, c2, n=1, shortcut=True, g=1, e=0.5):
        super().__init__()
        _Wrapper_check(c1, c2, n, shortcut, g, e)
        hidden = int(c2 * e)
        self.cv1 = _WrapperConv(c1, hidden, 1)
        self.cv2 = _WrapperConv(c1, hidden, 1)
        self.cv3 = _WrapperConv(2 * hidden, c2, 1)
        self.m = nn.Sequential(*[_WrapperBottleneck(hidden, shortcut, g) for _ in range(n)])

    def forward(self, x):
        return self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), 1))
