# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn


class GlobalContext(nn.Module):
    """Adds to every place one vector, made from an attentive mean of all places.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = inplanes.

        z = sum over places of softmax(conv_mask(x)) x
        y = x + W2 relu(LN(W1 z))

    W1 leaves int(C * ratio) planes, at least 2 (LN, over the planes, erases a single one). W2
    starts from 0, and so y from x. pooling_type="avg" takes the plain mean for z. With channel_mul
    among the fusion_types, x is multiplied by sigmoid of a second such perceptron first.

    GCNet: Non-local Networks Meet Squeeze-Excitation Networks and Beyond, ICCVW 2019,
    https://arxiv.org/abs/1904.11492
    """

    def __init__(self, inplanes, ratio=0.0625, pooling_type="att", fusion_types=("channel_add",)):
        super().__init__()
        _GlobalContext_check(inplanes, ratio, pooling_type, fusion_types)
        planes = max(int(inplanes * ratio), 2)
        if pooling_type == "att":
            self.conv_mask = nn.Conv2d(inplanes, 1, 1)
        if "channel_add" in fusion_types:
            self.channel_add_conv = _GlobalContext_perceptron(inplanes, planes)
        if "channel_mul" in fusion_types:
            self.channel_mul_conv = _GlobalContext_perceptron(inplanes, planes)
        self.reset_parameters()

    def reset_parameters(self):
        """The fusions start from 0; the mask from numbers that keep a rectified layer's spread."""
        if hasattr(self, "conv_mask"):
            nn.init.kaiming_normal_(self.conv_mask.weight, nonlinearity="relu")
            nn.init.zeros_(self.conv_mask.bias)
        for name in ("channel_add_conv", "channel_mul_conv"):
            if hasattr(self, name):
                last = getattr(self, name)[3]
                nn.init.zeros_(last.weight)
                nn.init.zeros_(last.bias)

    def forward(self, x):
        context = self._context(x)
        out = x
        if hasattr(self, "channel_mul_conv"):
            out = out * self.channel_mul_conv(context).sigmoid().to(x.dtype)
        if hasattr(self, "channel_add_conv"):
            out = out + self.channel_add_conv(context).to(x.dtype)
        return out

    def _context(self, x):
        """The mean of the places, by their weights: (N, C, 1, 1)."""
        if hasattr(self, "conv_mask"):
            weights = torch.softmax(self.conv_mask(x).flatten(2), 2).to(x.dtype)  # N, 1, H W
            return torch.bmm(x.flatten(2), weights.transpose(1, 2)).unsqueeze(3)
        return x.mean((2, 3), keepdim=True)


def _GlobalContext_perceptron(inplanes, planes):
    return nn.Sequential(
        nn.Conv2d(inplanes, planes, 1),
        nn.LayerNorm([planes, 1, 1]),
        nn.ReLU(),
        nn.Conv2d(planes, inplanes, 1),
    )


def _GlobalContext_check(inplanes, ratio, pooling_type, fusion_types):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = "; write the row [-1, 1, GlobalContext, []]"
    if isinstance(inplanes, bool) or not isinstance(inplanes, int):
        raise TypeError(f"GlobalContext: inplanes must be an int, got {inplanes!r}{row}")
    if inplanes < 1:
        raise ValueError(f"GlobalContext: inplanes must be at least 1, got {inplanes}{row}")
    if isinstance(ratio, bool) or not isinstance(ratio, (int, float)):
        raise TypeError(f"GlobalContext: ratio must be a number up to 1, got {ratio!r}{row}")
    if not 0 < ratio <= 1:
        raise ValueError(f"GlobalContext: ratio must be above 0 and up to 1, got {ratio!r}{row}")
    if pooling_type not in ("att", "avg"):
        kind = ValueError if isinstance(pooling_type, str) else TypeError
        raise kind(f"GlobalContext: pooling_type must be att or avg, got {pooling_type!r}{row}")
    kinds = ("channel_add", "channel_mul")
    problem = f"GlobalContext: fusion_types must be a list of {kinds}, got {fusion_types!r}{row}"
    if not isinstance(fusion_types, (list, tuple)):
        raise TypeError(problem)
    if not fusion_types or any(kind not in kinds for kind in fusion_types):
        raise ValueError(problem)
