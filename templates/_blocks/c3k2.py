# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn


class Wrapper(nn.Module):
    """C3k2 with an attention at the end of every innermost bottleneck.

    Shapes: (N, C, H, W) to (N, c2, H, W), C = c1.

        [a_0, a_1] = cv1(x);    a_(k+1) = m_k(a_k), k up to n;    y = cv2([a_0, ..., a_(n+1)])
        b(a) = a + attention(cv2(cv1(a)))
        c3k=False: m_k(a) = b(a), with half the channels behind its cv1
        c3k=True:  m_k(a) = cv3([b_1(b_0(cv1(a))), cv2(a)]), each b on half the channels of a

    Each convolution is followed by BN and SiLU; int(c2 * e) channels lie between. Without
    shortcut each b keeps its second term alone. attn stands where C3k2 has it and must be False:
    PSA blocks are not inside. All keys but `m.K.attention.*` or `m.K.m.J.attention.*` are those of
    C3k2, whose weights load. One image with a 1x1 map has no spread to train a BatchNorm on: its
    running statistics stand in.

    PAPER
    """

    def __init__(self, c1, c2, n=1, c3k=False, e=0.5, attn=False, g=1, shortcut=True):
        super().__init__()
        _Wrapper_check(c1, c2, n, shortcut, g, e)
        hidden = int(c2 * e)
        _Wrapper_check_inside(hidden, c3k, attn, g)
        self.cv1 = _WrapperConv(c1, 2 * hidden, 1)
        self.cv2 = _WrapperConv((2 + n) * hidden, c2, 1)
        self.m = nn.ModuleList(
            [
                _WrapperC3k(hidden, shortcut, g)
                if c3k
                else _WrapperBottleneck(hidden, hidden // 2, shortcut, g)
                for _ in range(n)
            ]
        )

    def forward(self, x):
        halves = self.cv1(x).chunk(2, 1)
        parts = [halves[0], halves[1]]
        for block in self.m:
            parts.append(block(parts[-1]))
        return self.cv2(torch.cat(parts, 1))


class _WrapperC3k(nn.Module):
    """A C3 of two bottlenecks that keep their channels between their convolutions."""

    def __init__(self, channels, shortcut, groups):
        super().__init__()
        half = channels // 2
        self.cv1 = _WrapperConv(channels, half, 1)
        self.cv2 = _WrapperConv(channels, half, 1)
        self.cv3 = _WrapperConv(2 * half, channels, 1)
        self.m = nn.Sequential(
            *[_WrapperBottleneck(half, half, shortcut, groups) for _ in range(2)]
        )

    def forward(self, x):
        return self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), 1))


class _WrapperBottleneck(nn.Module):
    """Two 3x3 convolutions, the attention, and the way around them."""

    def __init__(self, hidden, between, shortcut, groups):
        super().__init__()
        self.cv1 = _WrapperConv(hidden, between, 3)
        self.cv2 = _WrapperConv(between, hidden, 3, groups)
        self.attention = _WrapperInner(hidden)
        self.add = shortcut

    def forward(self, x):
        y = self.attention(self.cv2(self.cv1(x)))
        return x + y if self.add else y


def _Wrapper_check_inside(hidden, c3k, attn, g):
    """Refuses arguments of C3k2 that the blocks inside cannot have."""
    row = "write the row [-1, 3, Wrapper, [1024]]"
    for name, value in (("c3k", c3k), ("attn", attn)):
        if not isinstance(value, bool):
            raise TypeError(f"Wrapper: {name} must be True or False, got {value!r}; {row}")
    if attn:
        problem = "attn=True puts PSA blocks inside C3k2, which have no place for this attention"
        raise ValueError(f"Wrapper: {problem}; {row}")
    if hidden < 2 or hidden // 2 % g:
        problem = f"half of the {hidden} channels inside gives no channels that g={g} divides"
        raise ValueError(f"Wrapper: {problem}; {row}")
