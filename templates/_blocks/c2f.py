# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn


class Wrapper(nn.Module):
    """C2f with TITLE.

    Shapes: (N, C, H, W) to (N, c2, H, W), C = c1.

        [a_0, a_1] = cv1(x);    a_(k+1) = m_k(a_k), k up to n;    y = cv2([a_0, ..., a_(n+1)])
        m_k(a) = STEP

    Each convolution is followed by BN and SiLU; int(c2 * e) channels lie between. TOLD

    PAPER
    """

    def __init__(self, c1, c2, n=1, shortcut=False, g=1, e=0.5):
        super().__init__()
        _Wrapper_check(c1, c2, n, shortcut, g, e)
        hidden = int(c2 * e)
        self.cv1 = _WrapperConv(c1, 2 * hidden, 1)
        self.cv2 = _WrapperConv((2 + n) * hidden, c2, 1)
        self.m = nn.ModuleList([_WrapperBottleneck(hidden, shortcut, g) for _ in range(n)])

    def forward(self, x):
        halves = self.cv1(x).chunk(2, 1)
        parts = [halves[0], halves[1]]
        for block in self.m:
            parts.append(block(parts[-1]))
        return self.cv2(torch.cat(parts, 1))
