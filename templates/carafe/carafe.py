# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class CARAFE(nn.Module):
    """Upsampling by a weighted average of a window, with weights that the map itself predicts.

    Shapes: (N, C, H, W) to (N, C, scale_factor * H, scale_factor * W); up_group divides C.

        m = content_encoder(channel_compressor(x)),    w_p = softmax(m_p)
        y_p = sum of w_p(q) x_q over the up_kernel x up_kernel window around floor(p / scale_factor)

    channel_compressor is a 1x1 convolution, content_encoder an encoder_kernel x encoder_kernel one;
    its channels are the weights of all new points p of a place, in the order of a pixel shuffle.
    Beyond the border are zeros. Each of up_group groups of channels has weights of its own.

    CARAFE: Content-Aware ReAssembly of FEatures, ICCV 2019, https://arxiv.org/abs/1905.02188
    """

    def __init__(
        self,
        channels,
        scale_factor=2,
        up_kernel=5,
        up_group=1,
        encoder_kernel=3,
        encoder_dilation=1,
        compressed_channels=64,
    ):
        super().__init__()
        _CARAFE_check_int("channels", channels, 1, 1 << 30)
        # The upper bounds tell a channel count in the wrong place.
        _CARAFE_check_int("scale_factor", scale_factor, 2, 8)
        _CARAFE_check_odd("up_kernel", up_kernel, 15)
        _CARAFE_check_int("up_group", up_group, 1, 64)
        _CARAFE_check_odd("encoder_kernel", encoder_kernel, 15)
        _CARAFE_check_int("encoder_dilation", encoder_dilation, 1, 16)
        _CARAFE_check_int("compressed_channels", compressed_channels, 1, 1024)
        if scale_factor in (3, 5):
            problem = f"{scale_factor} is the kernel of other copies; here stands scale_factor"
            raise _CARAFE_fail(ValueError, problem)
        if channels % up_group:
            raise _CARAFE_fail(ValueError, f"up_group={up_group} does not divide {channels}")
        self.scale, self.side, self.groups = scale_factor, up_kernel, up_group
        self.channel_compressor = nn.Conv2d(channels, compressed_channels, 1)
        self.content_encoder = nn.Conv2d(
            compressed_channels,
            up_kernel * up_kernel * up_group * scale_factor * scale_factor,
            encoder_kernel,
            padding=(encoder_kernel - 1) * encoder_dilation // 2,
            dilation=encoder_dilation,
        )
        nn.init.xavier_uniform_(self.channel_compressor.weight)
        nn.init.zeros_(self.channel_compressor.bias)
        nn.init.normal_(self.content_encoder.weight, std=0.001)
        nn.init.zeros_(self.content_encoder.bias)

    def extra_repr(self):
        return f"scale_factor={self.scale}, up_kernel={self.side}, up_group={self.groups}"

    def forward(self, x):
        n, c, height, width = x.shape
        groups, side, points = self.groups, self.side, self.scale * self.scale
        weights = self.content_encoder(self.channel_compressor(x))
        weights = weights.reshape(n, groups, side * side, 1, points, height, width)
        weights = torch.softmax(weights, 2).to(x.dtype)
        around = F.pad(x, [side // 2, side // 2, side // 2, side // 2])
        high, wide = around.shape[2], around.shape[3]
        around = around.reshape(n, groups, c // groups, 1, high, wide)
        # One tap of the window after the other: the window is copied nowhere, and the new points
        # of a place, which share it, lie side by side until the end.
        out = around[..., :height, :width] * weights[:, :, 0]
        for tap in range(1, side * side):
            top, left = tap // side, tap % side
            seen = around[..., top : top + height, left : left + width]
            out = torch.addcmul(out, seen, weights[:, :, tap])
        out = F.pixel_shuffle(out.reshape(n, c * points, height, width), self.scale)
        if isinstance(x, torch.Tensor):  # torch.fx hands on a Proxy
            if not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
                return out.contiguous(memory_format=torch.channels_last)
        return out


def _CARAFE_fail(kind, problem):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"CARAFE: {problem}; write the row [-1, 1, CARAFE, []]")


def _CARAFE_check_int(name, value, low, high):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    problem = f"{name} must be an int from {low} to {high}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _CARAFE_fail(TypeError, problem)
    if not low <= value <= high:
        raise _CARAFE_fail(ValueError, problem)


def _CARAFE_check_odd(name, value, high):
    """Refuse a kernel side that is even, or no int from 1 to high."""
    _CARAFE_check_int(name, value, 1, high)
    if value % 2 == 0:
        raise _CARAFE_fail(ValueError, f"{name} must be odd, got {value!r}")
