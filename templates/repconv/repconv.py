# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class RepConv(nn.Module):
    """Re-parameterised convolution: three branches in training, one 3x3 convolution after fuse().

    Shapes: (N, C, H, W) to (N, c2, ceil(H / s), ceil(W / s)), C = c1.

        y = SiLU(BN(W3 * x) + BN(W1 * x) + BN(x))

    W3 is a 3x3 and W1 a 1x1 convolution with stride s; the last term is there where s is 1 and
    c1 = c2. Without act there is no SiLU. fuse() folds the running statistics and all branches into
    one convolution with a bias, which gives the same output to rounding: call it after training, in
    eval mode. One image with a 1x1 map has no spread to train a BatchNorm on: its running
    statistics stand in.

    RepVGG: Making VGG-style ConvNets Great Again, CVPR 2021, https://arxiv.org/abs/2101.03697
    """

    def __init__(self, c1, c2, k=3, s=1, p=None, g=1, act=True):
        super().__init__()
        row = "write the row [-1, 1, RepConv, [256, 3, 1]]"
        # The upper bounds tell a channel count in the wrong place.
        most = 1 << 30
        limits = (("c1", c1, 1, most), ("c2", c2, 1, most), ("k", k, 3, 3), ("s", s, 1, 8))
        for name, value, low, high in (
            *limits,
            ("p", 1 if p is None else p, 1, 1),
            ("g", g, 1, most),
        ):
            problem = f"RepConv: {name} must be an int from {low} to {high}, got {value!r}; {row}"
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(problem)
            if not low <= value <= high:
                raise ValueError(problem)
        if not isinstance(act, bool):
            raise TypeError(f"RepConv: act must be True or False, got {act!r}; {row}")
        if c1 % g or c2 % g:
            raise ValueError(f"RepConv: g={g} must divide the channels, {c1} and {c2}; {row}")
        self.stride, self.groups = s, g
        self.act = nn.SiLU() if act else nn.Identity()
        self.rbr_identity = nn.BatchNorm2d(c1) if c1 == c2 and s == 1 else None
        self.rbr_dense = _RepConvBranch(c1, c2, 3, s, g)
        self.rbr_1x1 = _RepConvBranch(c1, c2, 1, s, g)
        self.rbr_reparam = None

    def forward(self, x):
        if self.rbr_reparam is not None:
            return self.act(self.rbr_reparam(x))
        y = self.rbr_dense(x) + self.rbr_1x1(x)
        if self.rbr_identity is not None:
            bn = self.rbr_identity
            if self.training and x.numel() == x.shape[1]:
                y = y + F.batch_norm(
                    x, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
                )
            else:
                y = y + bn(x)
        return self.act(y)

    @torch.no_grad()
    def fuse(self):
        """Fold all branches into one convolution; the second call does nothing."""
        if self.rbr_reparam is not None:
            return self
        kernel, bias = self.rbr_dense.folded()
        point, offset = self.rbr_1x1.folded()
        kernel[:, :, 1:2, 1:2] += point
        bias += offset
        if self.rbr_identity is not None:
            scale, offset = _RepConv_affine(self.rbr_identity)
            inside = torch.arange(len(scale), device=scale.device)
            kernel[inside, inside % kernel.shape[1], 1, 1] += scale
            bias += offset
        old = self.rbr_dense[0]
        new = nn.Conv2d(
            old.in_channels, old.out_channels, 3, self.stride, 1, groups=self.groups, bias=True
        )
        new = new.to(old.weight)
        new.weight.copy_(kernel)
        new.bias.copy_(bias)
        self.rbr_reparam = new.train(self.training)
        self.rbr_dense = self.rbr_1x1 = self.rbr_identity = None
        return self


class _RepConvBranch(nn.Sequential):
    """A convolution and its BN."""

    def __init__(self, channels, out, side, stride, groups):
        super().__init__(
            nn.Conv2d(channels, out, side, stride, side // 2, groups=groups, bias=False),
            nn.BatchNorm2d(out),
        )

    def forward(self, x):
        y = self[0](x)
        bn = self[1]
        if self.training and y.numel() == y.shape[1]:
            y = F.batch_norm(
                y, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
            )
        else:
            y = bn(y)
        return y

    def folded(self):
        """The kernel and the bias, in float64, that do the same with the running statistics."""
        scale, bias = _RepConv_affine(self[1])
        return self[0].weight.double() * scale.reshape(-1, 1, 1, 1), bias


def _RepConv_affine(bn):
    """The factor and the offset of a BN with its running statistics, in float64."""
    scale = bn.weight.double() / torch.sqrt(bn.running_var.double() + bn.eps)
    return scale, bn.bias.double() - bn.running_mean.double() * scale
