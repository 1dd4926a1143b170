# SPDX-License-Identifier: 0BSD
import math

import torch.nn as nn


class ECA(nn.Module):
    """Weighs every channel by a gate that sees the means of its neighbouring channels.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = channel.

        y = x * sigmoid(w convolved with mean(x) along the channels)

    mean is over H and W; w has k_size weights and no bias, the ends are padded with zeros.
    k_size=None takes the paper's k = |log2(C) / 2 + 1 / 2|, made odd as its authors do.

    ECA-Net: Efficient Channel Attention for Deep Convolutional Neural Networks, CVPR 2020,
    https://arxiv.org/abs/1910.03151
    """

    def __init__(self, channel, k_size=3):
        super().__init__()
        _ECA_check("channel", channel)
        if k_size is None:
            length = int(abs((math.log(channel, 2) + 1) / 2))
            k_size = length if length % 2 else length + 1
        # The upper bound tells a channel count in the wrong place from a kernel size.
        _ECA_check("k_size", k_size, 31)
        self.conv = nn.Conv1d(1, 1, k_size, padding=k_size // 2, bias=False)

    def forward(self, x):
        gate = self.conv(x.mean((2, 3)).unsqueeze(1)).sigmoid()  # N, 1, C
        return x * gate.to(x.dtype).transpose(1, 2).unsqueeze(3)  # autocast may have narrowed it


def _ECA_check(name, value, high=None):
    """Refuses what is not an int (odd up to high, where there is one), and names the row."""
    kind = "an int of at least 1" if high is None else f"an odd int from 1 to {high}, or None"
    problem = f"ECA: {name} must be {kind}, got {value!r}; write the row [-1, 1, ECA, []]"
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(problem)
    if value < 1 or (high is not None and (value > high or value % 2 == 0)):
        raise ValueError(problem)
