# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class SPDConv(nn.Module):
    """Downsampling that loses nothing: space to depth, then a convolution without a stride.

    Shapes: (N, C, H, W) to (N, c2, H / 2, W / 2), C = c1; odd sides get a row of zeros.

        y = SiLU(BN(conv([x(0, 0), x(1, 0), x(0, 1), x(1, 1)])))

    x(i, j) are the places of x in rows i, i + 2, ... and columns j, j + 2, ...; the convolution is
    k x k and takes 4 C channels.

    No More Strided Convolutions or Pooling: A New CNN Building Block for Low-Resolution Images and
    Small Objects, ECML PKDD 2022, https://arxiv.org/abs/2208.03641
    """

    def __init__(self, c1, c2, k=3):
        super().__init__()
        # The upper bound tells a channel count in the wrong place.
        for name, value, high in (("c1", c1, 1 << 30), ("c2", c2, 1 << 30), ("k", k, 15)):
            problem = f"SPDConv: {name} must be an int from 1 to {high}, got {value!r}"
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(problem + "; write the row [-1, 1, SPDConv, [256]]")
            if not 1 <= value <= high:
                raise ValueError(problem + "; write the row [-1, 1, SPDConv, [256]]")
        if k % 2 == 0:
            problem = f"SPDConv: k must be odd, got {k!r}"
            raise ValueError(problem + "; write the row [-1, 1, SPDConv, [256]]")
        self.conv = _SPDConvConv(4 * c1, c2, k, 1)

    def forward(self, x):
        height, width = x.shape[2], x.shape[3]
        is_map = isinstance(x, torch.Tensor)  # torch.fx hands on a Proxy
        if not is_map or _SPDConv_is_recorded() or height % 2 == 1 or width % 2 == 1:
            x = F.pad(x, [0, 1, 0, 1])
        first, second = x[:, :, :height:2], x[:, :, 1::2]
        return self.conv(
            torch.cat(
                (
                    first[..., :width:2],
                    second[..., :width:2],
                    first[..., 1::2],
                    second[..., 1::2],
                ),
                1,
            )
        )


class _SPDConvConv(nn.Module):
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


def _SPDConv_is_recorded() -> bool:
    """Tells whether a graph is recorded, which other sizes may go through later."""
    if torch.jit.is_scripting():
        return False
    if torch._C._get_tracing_state() is not None:
        return True
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return compiling is not None and compiling()
