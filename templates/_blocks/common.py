# SPDX-License-Identifier: 0BSD
import torch.nn as nn
import torch.nn.functional as F


class _WrapperConv(nn.Module):
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


def _Wrapper_check(c1, c2, n, shortcut, g, e):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = "write the row [-1, 3, Wrapper, [1024]]"
    for name, value in (("c1", c1), ("c2", c2), ("n", n), ("g", g)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"Wrapper: {name} must be an int, got {value!r}; {row}")
        if value < 1:
            raise ValueError(f"Wrapper: {name} must be at least 1, got {value!r}; {row}")
    if not isinstance(shortcut, bool):
        raise TypeError(f"Wrapper: shortcut must be True or False, got {shortcut!r}; {row}")
    if isinstance(e, bool) or not isinstance(e, (int, float)):
        raise TypeError(f"Wrapper: e must be a number, got {e!r}; {row}")
    if not 0 < e <= 4 or int(c2 * e) < 1 or int(c2 * e) % g:
        problem = f"e={e!r} of {c2} channels gives no channels that g={g} divides"
        raise ValueError(f"Wrapper: {problem}; {row}")
