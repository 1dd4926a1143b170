# SPDX-License-Identifier: 0BSD
import math
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F


class GAM(nn.Module):
    """A perceptron across the channels of every place, then two 7x7 convolutions as a gate.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = c1.

        x' = x * (W2 relu(W1 x + b1) + b2)                              at every place
        y  = x' * shuffle(sigmoid(BN(conv7x7(relu(BN(conv7x7(x')))))))

    Between the layers there are C // rate channels, at least one. With group=True both convolutions
    have rate groups and the gate's channels are shuffled over them; where rate does not divide
    C // rate and C, there are as many groups as the greatest common divisor of the three. With
    group=False they are full and nothing is shuffled. `c2` is accepted, because the published
    constructor and YAMLs carry it, and has no effect.

    Copies of one state_dict compute different things: some shuffle over 4 groups whatever group and
    rate are (shuffle=4), some put a sigmoid after the perceptron (sigmoid=True).

    Global Attention Mechanism: Retain Information to Enhance Channel-Spatial Interactions,
    arXiv 2021, https://arxiv.org/abs/2112.05561
    """

    # A state_dict of another class says 1: that tells its weights from those of this one.
    _version = 2

    def __init__(self, c1, c2=None, group=True, rate=4, shuffle=None, sigmoid=False):
        super().__init__()
        _GAM_check(c1, c2, group, rate)
        _GAM_check_form(c1, shuffle, sigmoid)
        hidden = max(c1 // rate, 1)
        self.groups = math.gcd(math.gcd(rate, hidden), c1) if group else 1
        self.shuffle = self.groups if shuffle is None else shuffle
        self.sigmoid = sigmoid
        self.channel_attention = nn.Sequential(
            nn.Linear(c1, hidden), nn.ReLU(), nn.Linear(hidden, c1)
        )
        self.spatial_attention = nn.Sequential(
            nn.Conv2d(c1, hidden, 7, padding=3, groups=self.groups),
            nn.BatchNorm2d(hidden),
            nn.ReLU(),
            nn.Conv2d(hidden, c1, 7, padding=3, groups=self.groups),
            nn.BatchNorm2d(c1),
        )

    def extra_repr(self):
        return f"groups={self.groups}, shuffle={self.shuffle}, sigmoid={self.sigmoid}"

    def forward(self, x):
        gate = self._channels(x)
        x = x * (gate.sigmoid() if self.sigmoid else gate).to(x.dtype)
        # A single value has no spread to learn from, and BatchNorm refuses to train on it (one
        # image with a 1x1 map): what earlier batches taught stands in.
        alone = self.training and x.shape[0] * x.shape[2] * x.shape[3] == 1
        gate = self._alone(x) if alone else self.spatial_attention(x)
        gate = gate.sigmoid()
        if self.shuffle > 1:
            n, c, h, w = gate.shape
            gate = gate.reshape(n, self.shuffle, c // self.shuffle, h, w).transpose(1, 2)
            gate = gate.reshape(n, c, h, w)
        return x * gate.to(x.dtype)

    def _channels(self, x):
        """The perceptron as 1x1 convolutions: no place has to be copied into a row of its own."""
        first, last = self.channel_attention[0], self.channel_attention[2]
        if not torch.jit.is_scripting():
            if not isinstance(first, nn.Linear):  # a quantized one keeps no plain weight
                return self.channel_attention(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        hidden = F.relu(F.conv2d(x, first.weight.unsqueeze(2).unsqueeze(3), first.bias))
        return F.conv2d(hidden, last.weight.unsqueeze(2).unsqueeze(3), last.bias)

    def _alone(self, x):
        """spatial_attention with its norms in eval mode."""
        layers = self.spatial_attention
        bn = layers[1]
        x = F.batch_norm(
            layers[0](x), bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
        )
        x, bn = layers[3](F.relu(x)), layers[4]
        return F.batch_norm(
            x, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0.0, bn.eps
        )

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
        if local_metadata.get("version") == 1:
            warnings.warn(
                f"GAM at {prefix[:-1] or 'the top'}: another class saved these weights. This one "
                f"shuffles the gate over {self.shuffle} groups"
                + (", with a" if self.sigmoid else ", without a")
                + " sigmoid after the perceptron. Copies with the same names differ in both: "
                "compare an output, and set shuffle and sigmoid",
                stacklevel=2,
            )
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)


def _GAM_check_form(c1, shuffle, sigmoid):
    """Refuses a shuffle that does not fit the channels, and what is no bool."""
    row = "; write the row [-1, 1, GAM, []]"
    if not isinstance(sigmoid, bool):
        raise TypeError(f"GAM: sigmoid must be True or False, got {sigmoid!r}{row}")
    if shuffle is None:
        return
    if isinstance(shuffle, bool) or not isinstance(shuffle, int):
        raise TypeError(f"GAM: shuffle must be None or an int, got {shuffle!r}{row}")
    if not 1 <= shuffle <= 63 or c1 % shuffle:
        raise ValueError(
            f"GAM: shuffle must be from 1 to 63 and divide the {c1} channels, got {shuffle!r}{row}"
        )


def _GAM_check(c1, c2, group, rate):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = "; write the row [-1, 1, GAM, []]"
    given = [("c1", c1, 1 << 30), ("rate", rate, 63)]
    for name, value, high in given if c2 is None else [("c2", c2, 1 << 30), *given]:
        problem = f"GAM: {name} must be an int from 1 to {high}, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(problem + row)
        if not 1 <= value <= high:
            raise ValueError(problem + row)
    if not isinstance(group, bool):
        raise TypeError(f"GAM: group must be True or False, got {group!r}{row}")
    if c2 is not None and c2 <= 16 and c2 != c1:
        raise ValueError(
            f"GAM: {c2} looks like a rate but stands in the place of a channel count; "
            f"write the row [-1, 1, GAM, [None, True, {c2}]]"
        )
