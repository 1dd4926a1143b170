# SPDX-License-Identifier: 0BSD
from typing import Optional

import torch
import torch.nn as nn
import torch.nn.functional as F


class CrissCrossAttention(nn.Module):
    """Attention of every place to the places of its own row and column.

    Shapes: (N, C, H, W) to (N, C, H, W), C at least 8.

        y_i = x_i + gamma * sum over j in row(i) and column(i) of softmax_j(q_i . k_j) v_j

    q and k have C / 8 channels. A place stands in its own row and column, but counts once.
    gamma starts at 0: the layer begins as the identity.

    CCNet: Criss-Cross Attention for Semantic Segmentation, ICCV 2019,
    https://arxiv.org/abs/1811.11721
    """

    def __init__(self, in_dim):
        super().__init__()
        _CrissCrossAttention_check_int("in_dim", in_dim)
        if in_dim < 8:
            problem = f"{in_dim} channels leave none for the queries; 8 are the least"
            raise _CrissCrossAttention_fail(ValueError, problem)
        self.query_conv = nn.Conv2d(in_dim, in_dim // 8, 1)
        self.key_conv = nn.Conv2d(in_dim, in_dim // 8, 1)
        self.value_conv = nn.Conv2d(in_dim, in_dim, 1)
        self.gamma = _CrissCrossAttentionScale()

    def forward(self, x):
        height = x.shape[2]
        # With the channels last, rows and columns are matrices as they lie: nothing is turned.
        rows = x if torch.jit.is_tracing() else x.contiguous(memory_format=torch.channels_last)
        v = self.value_conv(rows).permute(0, 2, 3, 1)  # N, H, W, C
        if _CrissCrossAttention_is_short(rows):
            # Scores leave the digits of float16 soon: the few queries and keys are made in float32.
            wide = rows.float()
            q = _CrissCrossAttention_wide(wide, self.query_conv.weight, self.query_conv.bias)
            k = _CrissCrossAttention_wide(wide, self.key_conv.weight, self.key_conv.bias)
        else:
            q, k = self.query_conv(rows), self.key_conv(rows)
        if _CrissCrossAttention_is_short(q):  # under autocast
            q, k = q.float(), k.float()
        q, k = q.permute(0, 2, 3, 1), k.permute(0, 2, 3, 1)  # N, H, W, C / 8
        down = torch.matmul(q.transpose(1, 2), k.permute(0, 2, 3, 1))  # N, W, H, H
        across = torch.matmul(q, k.transpose(2, 3))  # N, H, W, W
        line = torch.arange(height, device=x.device)
        down = down.masked_fill(line.unsqueeze(1) == line, float("-inf"))
        scores = torch.cat((down.transpose(1, 2), across), 3)
        weights = torch.softmax(scores, 3).to(v.dtype)
        column = torch.matmul(weights[..., :height].transpose(1, 2), v.transpose(1, 2))
        row = torch.matmul(weights[..., height:], v)
        out = (row + column.transpose(1, 2)).permute(0, 3, 1, 2)
        return x + self.gamma(out)

    def _load_from_state_dict(self, state_dict, prefix, *args):
        # Checkpoints say "gamma"; the child looks for "gamma.weight" in what is handed on.
        if prefix + "gamma" in state_dict:
            state_dict[prefix + "gamma.weight"] = state_dict.pop(prefix + "gamma")
        super()._load_from_state_dict(state_dict, prefix, *args)


def _CrissCrossAttention_is_short(x) -> bool:
    """Tells whether x is a short float; a Proxy of torch.fx counts as none."""
    if not isinstance(x, torch.Tensor):
        return False
    return x.dtype == torch.float16 or x.dtype == torch.bfloat16


def _CrissCrossAttention_wide(x, weight, bias: Optional[torch.Tensor]):
    """A 1x1 convolution in float32."""
    return F.conv2d(x, weight.float(), None if bias is None else bias.float())


class _CrissCrossAttentionScale(nn.Module):
    """One trained scalar, kept as `weight` because YOLOv5 up to v6.2 and YOLOv7 train only that.

    A state_dict holds it under the module's own name, as the official checkpoints do.
    """

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.weight * x

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        value = self.weight if keep_vars else self.weight.detach()
        destination[prefix[:-1] if prefix else "weight"] = value


def _CrissCrossAttention_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    return kind(
        f"CrissCrossAttention: {problem}; write the row [-1, 1, CrissCrossAttention, [{args}]]"
    )


def _CrissCrossAttention_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _CrissCrossAttention_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _CrissCrossAttention_fail(ValueError, problem)
