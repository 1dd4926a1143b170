# SPDX-License-Identifier: 0BSD
import math
from typing import List

import torch
import torch.nn as nn
import torch.nn.functional as F


class attention_model(nn.Module):
    """Adds two maps, the first weighed by channel, and weighs the sum by its rows and columns.

    Shapes: (N, C, H, W), (N, C, H, W) to (N, C, H, W), any H and W.

        s = a * sigmoid(w convolved with mean(a) along the channels) + b     for inputs a, b
        z = ReLU(BN(conv_1x1([mean of s over W, mean of s over H])))         H + W places
        y = s * sigmoid(F_h(z of the rows)) * sigmoid(F_w(z of the columns))

    w has |log2(C) / 2 + 1 / 2| weights, made odd, and no bias; z has C // 16 channels, at least
    one. `ch` is accepted, because the published constructor and YAMLs carry it, and has no effect:
    the channels are those of the inputs.

    ASF-YOLO: A Novel YOLO Model with Attentional Scale Sequence Fusion for Cell Instance
    Segmentation, Image and Vision Computing 2024, https://arxiv.org/abs/2312.06458
    """

    def __init__(self, channels, ch=None):
        super().__init__()
        _attention_model_check(channels, ch)
        self.channel_att = _attention_modelChannels(channels[0])
        self.local_att = _attention_modelPlaces(channels[0], max(channels[0] // 16, 1))

    def forward(self, x: List[torch.Tensor]):
        return self.local_att(x[1] + self.channel_att(x[0]))


class _attention_modelChannels(nn.Module):
    """Multiplies every channel by a gate that sees the means of its neighbours."""

    def __init__(self, channels):
        super().__init__()
        length = int(abs((math.log(channels, 2) + 1) / 2))
        length = length if length % 2 else length + 1
        self.conv = nn.Conv1d(1, 1, length, padding=length // 2, bias=False)

    def forward(self, x):
        gate = self.conv(x.mean((2, 3)).unsqueeze(1)).sigmoid()  # N, 1, C
        return x * gate.to(x.dtype).transpose(1, 2).unsqueeze(3)  # autocast may have narrowed it


class _attention_modelPlaces(nn.Module):
    """Multiplies every row and every column of each channel by its gate."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.conv_1x1 = nn.Conv2d(channels, hidden, 1, bias=False)
        self.bn = nn.BatchNorm2d(hidden)
        self.F_h = nn.Conv2d(hidden, channels, 1, bias=False)
        self.F_w = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, x):
        # Rows and columns lie in one line, so that one convolution and one norm see both.
        line = torch.cat((x.mean(3), x.mean(2)), 2).unsqueeze(3)  # N, C, H + W, 1
        line = F.relu(self.bn(self.conv_1x1(line)))
        height = x.shape[2]
        rows = self.F_h(line[:, :, :height]).sigmoid()  # N, C, H, 1
        columns = self.F_w(line[:, :, height:]).sigmoid()  # N, C, W, 1
        return x * rows.to(x.dtype) * columns.to(x.dtype).transpose(2, 3)


def _attention_model_check(channels, ch):
    """Refuses what is not two inputs of equal channels, and names the row to write."""
    row = "write the row [[-1, 6], 1, attention_model, []]"
    problem = f"attention_model: it takes the channels of two inputs, got {channels!r}; {row}"
    if not isinstance(channels, (list, tuple)):
        raise TypeError(problem)
    if len(channels) != 2 or any(type(c) is not int or c < 1 for c in channels):
        raise ValueError(problem)
    if channels[0] != channels[1]:
        first, second = channels
        problem = f"both inputs need the same channels, got {first} and {second}"
        conv = f"[-1, 1, Conv, [{first}, 1, 1]]"
        problem = f"{problem}; bring the second to them by a row {conv} in front"
        raise ValueError(f"attention_model: {problem}, and {row}")
    if ch is None:
        return
    problem = f"attention_model: ch must be None or an int of at least 1, got {ch!r}; {row}"
    if isinstance(ch, bool) or not isinstance(ch, int):
        raise TypeError(problem)
    if ch < 1:
        raise ValueError(problem)
