# SPDX-License-Identifier: 0BSD
import torch.nn as nn


class LSKA(nn.Module):
    """Multiplies the input by a large-kernel convolution of itself, cut into four thin ones.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = dim.

        y = x * conv1(column(row(column0(row0(x)))))

    All but the 1x1 conv1 are depthwise: row0 and column0 of k0 places, row and column of k places
    with a dilation d. For k_size 7, 11, 23, 35, 41, 53 these (k0, k, d) are (3, 3, 2), (3, 5, 2),
    (5, 7, 3), (5, 11, 3), (5, 13, 3), (5, 17, 3).

    Large Separable Kernel Attention: Rethinking the Large Kernel Attention Design in CNN,
    Expert Systems with Applications 2024, https://arxiv.org/abs/2309.01439
    """

    def __init__(self, dim, k_size=23):
        super().__init__()
        first, last, step = _LSKA_kernels(dim, k_size)
        self.k_size = k_size
        near, far = first // 2, step * (last // 2)
        self.conv0h = nn.Conv2d(dim, dim, (1, first), padding=(0, near), groups=dim)
        self.conv0v = nn.Conv2d(dim, dim, (first, 1), padding=(near, 0), groups=dim)
        self.conv_spatial_h = nn.Conv2d(
            dim, dim, (1, last), padding=(0, far), dilation=step, groups=dim
        )
        self.conv_spatial_v = nn.Conv2d(
            dim, dim, (last, 1), padding=(far, 0), dilation=step, groups=dim
        )
        self.conv1 = nn.Conv2d(dim, dim, 1)

    def forward(self, x):
        gate = self.conv0v(self.conv0h(x))
        gate = self.conv_spatial_v(self.conv_spatial_h(gate))
        return x * self.conv1(gate).to(x.dtype)


def _LSKA_kernels(dim, k_size):
    """The sizes of the thin kernels and the dilation of the far ones; refuses other k_size."""
    row = "; write the row [-1, 1, LSKA, [23]]"
    for name, value in (("dim", dim), ("k_size", k_size)):
        problem = f"LSKA: {name} must be an int of at least 1, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(problem + row)
        if value < 1:
            raise ValueError(problem + row)
    kernels = {
        7: (3, 3, 2),
        11: (3, 5, 2),
        23: (5, 7, 3),
        35: (5, 11, 3),
        41: (5, 13, 3),
        53: (5, 17, 3),
    }
    if k_size not in kernels:
        known = ", ".join(map(str, kernels))
        raise ValueError(f"LSKA: k_size must be one of {known}, got {k_size}{row}")
    return kernels[k_size]
