# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class NAM(nn.Module):
    """Weighs every value by its normalised self, more so in channels with a large norm weight.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = channels.

        y = x * sigmoid(share * BN(x)),    share = |g| / sum |g| with g the weight of BN

    Where all of g is 0, so is share. The gradient also flows through share. `shape` and
    `out_channels` are accepted, because the published constructor and YAMLs carry them, and have
    no effect. The paper's second gate has one weight for each place of the map, which fixes the
    size; a detector's maps change, so only no_spatial=True is accepted.

    NAM: Normalization-based Attention Module, NeurIPS Workshop 2021,
    https://arxiv.org/abs/2111.12419
    """

    def __init__(self, channels, shape=None, out_channels=None, no_spatial=True):
        super().__init__()
        _NAM_check(channels, shape, out_channels, no_spatial)
        self.Channel_Att = _NAMChannels(channels)

    def forward(self, x):
        return self.Channel_Att(x)

    def _load_from_state_dict(self, state_dict, prefix, *args):
        # Some published checkpoints carry the second gate, which their no_spatial=True never used.
        for key in [key for key in state_dict if key.startswith(prefix + "Spatial_Att.")]:
            del state_dict[key]
        super()._load_from_state_dict(state_dict, prefix, *args)


class _NAMChannels(nn.Module):
    """The gate and its norm, named as in published weights."""

    def __init__(self, channels):
        super().__init__()
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        bn = self.bn2
        size = bn.weight.abs()
        total = size.sum()
        share = size / (total + (total == 0).to(total.dtype))
        # A single value has no spread to learn from, and BatchNorm refuses to train on it (one
        # image with a 1x1 map): what earlier batches taught stands in.
        weight, bias = bn.weight * share, bn.bias * share  # share costs no pass over the map
        if bn.training and x.shape[0] * x.shape[2] * x.shape[3] > 1:
            if not torch.jit.is_scripting():
                # The norm's own call would keep one map more, for the gradient of share.
                if isinstance(bn, nn.BatchNorm2d) and bn.momentum is not None:
                    bn.num_batches_tracked.add_(1)
                    score = F.batch_norm(
                        x, bn.running_mean, bn.running_var, weight, bias, True, bn.momentum, bn.eps
                    )
                    return x * score.sigmoid().to(x.dtype)
            score = bn(x) * share.reshape(-1, 1, 1)
        else:
            score = F.batch_norm(
                x, bn.running_mean, bn.running_var, weight, bias, False, 0.0, bn.eps
            )
        return x * score.sigmoid().to(x.dtype)


def _NAM_check(channels, shape, out_channels, no_spatial):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = "; write the row [-1, 1, NAM, []]"
    for name, value in (("channels", channels), ("shape", shape), ("out_channels", out_channels)):
        if value is None and name != "channels":
            continue
        problem = f"NAM: {name} must be an int of at least 1, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(problem + row)
        if value < 1:
            raise ValueError(problem + row)
    if not isinstance(no_spatial, bool):
        raise TypeError(f"NAM: no_spatial must be True, got {no_spatial!r}{row}")
    if not no_spatial:
        raise ValueError(f"NAM: the gate of the places would fix the size of the map{row}")
