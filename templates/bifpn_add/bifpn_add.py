# SPDX-License-Identifier: 0BSD
from typing import List

import torch
import torch.nn as nn
import torch.nn.functional as F


class BiFPN_Add(nn.Module):
    """Weighted sum of its inputs, then SiLU and a 1x1 convolution: fast normalised fusion.

    Shapes: (N, C, H, W), (N, C_2, H, W), ... to (N, C, H, W).

        y = conv(SiLU(v_1 x_1 + v_2 p_2(x_2) + ...)),   v_i = ReLU(w_i) / (0.0001 + all ReLU(w_j))

    Every w_i starts at 1. p_i is a 1x1 convolution where input i has other channels than the first,
    and nothing where it has the same.

    EfficientDet: Scalable and Efficient Object Detection, CVPR 2020,
    https://arxiv.org/abs/1911.09070
    """

    def __init__(self, channels):
        super().__init__()
        row = "write the row [[-1, 6], 1, BiFPN_Add, []]"
        problem = f"BiFPN_Add: it takes the channels of two inputs or more, got {channels!r}; {row}"
        if not isinstance(channels, (list, tuple)):
            raise TypeError(problem)
        if len(channels) < 2 or any(type(c) is not int or c < 1 for c in channels):
            raise ValueError(problem)
        first = channels[0]
        self.w = _BiFPN_AddWeights(len(channels))
        self.project = nn.ModuleList(
            [nn.Identity() if c == first else nn.Conv2d(c, first, 1) for c in channels]
        )
        self.act = nn.SiLU()
        self.conv = nn.Conv2d(first, first, 1)

    def forward(self, x: List[torch.Tensor]):
        share = self.w()
        y = x[0] * share[0]
        for i, project in enumerate(self.project):
            if i > 0:
                y = y + project(x[i]) * share[i]
        return self.conv(self.act(y))

    def _load_from_state_dict(self, state_dict, prefix, *args):
        # Checkpoints say "w"; the child looks for "w.weight" in what is handed on.
        if prefix + "w" in state_dict:
            state_dict[prefix + "w.weight"] = state_dict.pop(prefix + "w")
        super()._load_from_state_dict(state_dict, prefix, *args)


class _BiFPN_AddWeights(nn.Module):
    """One number for each input, kept as `weight` because older YOLOs train only that.

    A state_dict holds it under the module's own name, as published.
    """

    def __init__(self, count):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(count))

    def forward(self):
        positive = F.relu(self.weight)
        return positive / (positive.sum() + 0.0001)

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        value = self.weight if keep_vars else self.weight.detach()
        destination[prefix[:-1] if prefix else "weight"] = value
