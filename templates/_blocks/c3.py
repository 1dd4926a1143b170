# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class C3Attention(nn.Module):
    """C3 with an attention at the end of every bottleneck.

    Shapes: (N, C, H, W) to (N, c2, H, W), C = c1.

        a = cv1(x);    n times: a = a + attention(cv2(cv1(a)));    y = cv3([a, cv2(x)])

    Each convolution is followed by BN and SiLU; int(c2 * e) channels lie between. Without
    shortcut the sums keep their second term alone. All keys but `m.K.attention.*` are those of
    C3, whose weights load. One image with a 1x1 map has no spread to train a BatchNorm on: its
    running statistics stand in.

    PAPER
    """

    def __init__(self, c1, c2, n=1, shortcut=True, g=1, e=0.5):
        super().__init__()
        _C3Attention_check(c1, c2, n, shortcut, g, e)
        hidden = int(c2 * e)
        self.cv1 = _C3AttentionConv(c1, hidden, 1)
        self.cv2 = _C3AttentionConv(c1, hidden, 1)
        self.cv3 = _C3AttentionConv(2 * hidden, c2, 1)
        self.m = nn.Sequential(*[_C3AttentionBottleneck(hidden, shortcut, g) for _ in range(n)])

    def forward(self, x):
        return self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), 1))


class _C3AttentionBottleneck(nn.Module):
    """A 1x1 and a 3x3 convolution, the attention, and the way around them."""

    def __init__(self, hidden, shortcut, groups):
        super().__init__()
        self.cv1 = _C3AttentionConv(hidden, hidden, 1)
        self.cv2 = _C3AttentionConv(hidden, hidden, 3, groups)
        self.attention = _C3AttentionInner(hidden)
        self.add = shortcut

    def forward(self, x):
        y = self.attention(self.cv2(self.cv1(x)))
        return x + y if self.add else y


class _C3AttentionConv(nn.Module):
    """A convolution that keeps the size, with BN and SiLU."""

    def __init__(self, channels, out, side, groups=1):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, side, padding=side // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(out)
        self.act = nn.SiLU()

    def forward(self, x):
        y = self.conv(x)
        bn = self.bn
        if self.training and y.numel() == y.shape[1]:
            y = F.batch_norm(
                y, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
            )
        else:
            y = self.bn(y)
        return self.act(y)


def _C3Attention_check(c1, c2, n, shortcut, g, e):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = "write the row [-1, 3, C3Attention, [1024]]"
    for name, value in (("c1", c1), ("c2", c2), ("n", n), ("g", g)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"C3Attention: {name} must be an int, got {value!r}; {row}")
        if value < 1:
            raise ValueError(f"C3Attention: {name} must be at least 1, got {value!r}; {row}")
    if not isinstance(shortcut, bool):
        raise TypeError(f"C3Attention: shortcut must be True or False, got {shortcut!r}; {row}")
    if isinstance(e, bool) or not isinstance(e, (int, float)):
        raise TypeError(f"C3Attention: e must be a number, got {e!r}; {row}")
    if not 0 < e <= 4 or int(c2 * e) < 1 or int(c2 * e) % g:
        problem = f"e={e!r} of {c2} channels gives no channels that g={g} divides"
        raise ValueError(f"C3Attention: {problem}; {row}")
