# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class CoordAtt(nn.Module):
    """A gate for every row and a gate for every column of each channel.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = inp.

        z    = hardswish(BN(conv1([mean of x over W, mean of x over H])))    H + W places
        y    = x * sigmoid(conv_h(z of the rows)) * sigmoid(conv_w(z of the columns))

    z has C // reduction channels, at least 8. The output has as many channels as the input: the
    product needs it. `oup` is accepted, because the published constructor and YAMLs carry it, and
    has no effect.

    Coordinate Attention for Efficient Mobile Network Design, CVPR 2021,
    https://arxiv.org/abs/2103.02907
    """

    def __init__(self, inp, oup=None, reduction=32):
        super().__init__()
        _CoordAtt_check(inp, oup, reduction)
        hidden = max(8, inp // reduction)
        self.conv1 = nn.Conv2d(inp, hidden, 1)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.conv_h = nn.Conv2d(hidden, inp, 1)
        self.conv_w = nn.Conv2d(hidden, inp, 1)

    def forward(self, x):
        # Rows and columns lie in one line, so that one convolution and one norm see both.
        line = torch.cat((x.mean(3), x.mean(2)), 2).unsqueeze(3)  # N, C, H + W, 1
        line = F.hardswish(self.bn1(self.conv1(line)))
        height = x.shape[2]
        rows = self.conv_h(line[:, :, :height]).sigmoid()  # N, C, H, 1
        columns = self.conv_w(line[:, :, height:]).sigmoid()  # N, C, W, 1
        return x * rows.to(x.dtype) * columns.to(x.dtype).transpose(2, 3)

    def _load_from_state_dict(self, state_dict, prefix, *args):
        # The authors' MobileNetV2 has other names for the two gates.
        for old, new in (("conv2.", "conv_h."), ("conv3.", "conv_w.")):
            for part in ("weight", "bias"):
                if prefix + old + part in state_dict and prefix + new + part not in state_dict:
                    state_dict[prefix + new + part] = state_dict.pop(prefix + old + part)
        super()._load_from_state_dict(state_dict, prefix, *args)


def _CoordAtt_check(inp, oup, reduction):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = "; write the row [-1, 1, CoordAtt, []]"
    given = [("inp", inp, 1 << 30), ("reduction", reduction, 63)]
    for name, value, high in given if oup is None else [("oup", oup, 1 << 30), *given]:
        problem = f"CoordAtt: {name} must be an int from 1 to {high}, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(problem + row)
        if not 1 <= value <= high:
            raise ValueError(problem + row)
    if oup is not None and oup <= 32 and oup != inp:
        raise ValueError(
            f"CoordAtt: {oup} looks like a reduction but stands in the place of a channel count; "
            f"write the row [-1, 1, CoordAtt, [None, {oup}]]"
        )
