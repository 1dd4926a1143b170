# SPDX-License-Identifier: 0BSD
import torch.nn as nn
import torch.nn.functional as F


class EffectiveSE(nn.Module):
    """Weighs every channel by a gate that sees the means of all channels, through one layer.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = channel.

        y = x * relu6(W mean(x) + b + 3) / 6

    mean is over H and W; W is C x C, so that no channel is lost on the way. `reduction` is
    accepted, because the published constructor and YAMLs carry it, and has no effect.

    CenterMask: Real-Time Anchor-Free Instance Segmentation, CVPR 2020,
    https://arxiv.org/abs/1911.06667
    """

    def __init__(self, channel, reduction=4):
        super().__init__()
        _EffectiveSE_check("channel", channel)
        _EffectiveSE_check("reduction", reduction)
        self.fc = nn.Conv2d(channel, channel, 1)

    def forward(self, x):
        score = self.fc(x.mean((2, 3), keepdim=True))
        return x * (F.relu6(score + 3.0) / 6.0).to(x.dtype)  # autocast may have narrowed the gate


def _EffectiveSE_check(name, value):
    """Refuses what is not an int of at least 1, and names the row to write."""
    problem = f"EffectiveSE: {name} must be an int of at least 1, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(problem + "; write the row [-1, 1, EffectiveSE, []]")
    if value < 1:
        raise ValueError(problem + "; write the row [-1, 1, EffectiveSE, []]")
