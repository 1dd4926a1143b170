# SPDX-License-Identifier: 0BSD
from typing import List

import torch
import torch.nn as nn
import torch.nn.functional as F


class BiFPN_Concat(nn.Module):
    """Concatenation in which every input has a trained share: fast normalised fusion.

    Shapes: (N, C_1, H, W), (N, C_2, H, W), ... to (N, C_1 + C_2 + ..., H, W).

        y = [v_1 x_1, v_2 x_2, ...],   v_i = ReLU(w_i) / (0.0001 + the sum of all ReLU(w_j))

    Every w_i starts at 1.

    EfficientDet: Scalable and Efficient Object Detection, CVPR 2020,
    https://arxiv.org/abs/1911.09070
    """

    def __init__(self, channels, dimension=1):
        super().__init__()
        row = "write the row [[-1, 6], 1, BiFPN_Concat, [1]]"
        _BiFPN_Concat_check(channels, row)
        if isinstance(dimension, bool) or not isinstance(dimension, int):
            raise TypeError(f"BiFPN_Concat: dimension must be 1, got {dimension!r}; {row}")
        if dimension != 1:
            raise ValueError(f"BiFPN_Concat: dimension must be 1, got {dimension!r}; {row}")
        self.w = _BiFPN_ConcatWeights(len(channels))

    def forward(self, x: List[torch.Tensor]):
        share = self.w()
        parts = [part * share[i] for i, part in enumerate(x)]
        return torch.cat(parts, 1)

    def _load_from_state_dict(self, state_dict, prefix, *args):
        # Checkpoints say "w"; the child looks for "w.weight" in what is handed on.
        if prefix + "w" in state_dict:
            state_dict[prefix + "w.weight"] = state_dict.pop(prefix + "w")
        super()._load_from_state_dict(state_dict, prefix, *args)


class _BiFPN_ConcatWeights(nn.Module):
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


def _BiFPN_Concat_check(channels, row):
    """Refuses what are not the channels of two inputs or more."""
    problem = f"BiFPN_Concat: it takes the channels of two inputs or more, got {channels!r}; {row}"
    if not isinstance(channels, (list, tuple)):
        raise TypeError(problem)
    if len(channels) < 2 or any(type(c) is not int or c < 1 for c in channels):
        raise ValueError(problem)
