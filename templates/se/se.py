# SPDX-License-Identifier: 0BSD
import torch.nn as nn


class SE(nn.Module):
    """Weighs every channel by a gate that sees the means of all channels.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = channel.

        y = x * sigmoid(W2 relu(W1 mean(x)))

    mean is over H and W; W1 leaves C // reduction values, at least one, and W2 leads back to C.

    Squeeze-and-Excitation Networks, CVPR 2018, https://arxiv.org/abs/1709.01507
    """

    def __init__(self, channel, reduction=16):
        super().__init__()
        _SE_check("channel", channel)
        # The upper bound tells a channel count in the wrong place from a reduction.
        _SE_check("reduction", reduction, 63)
        hidden = max(channel // reduction, 1)
        self.fc = nn.Sequential(
            nn.Linear(channel, hidden, bias=False),
            nn.ReLU(),
            nn.Linear(hidden, channel, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x):
        gate = self.fc(x.mean((2, 3)))
        return x * gate.to(x.dtype).unsqueeze(2).unsqueeze(3)  # autocast may have narrowed the gate


def _SE_check(name, value, high=1 << 30):
    """Refuses what is not an int in 1..high, and names the row to write."""
    problem = f"SE: {name} must be an int from 1 to {high}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(problem + "; write the row [-1, 1, SE, []]")
    if not 1 <= value <= high:
        raise ValueError(problem + "; write the row [-1, 1, SE, []]")
