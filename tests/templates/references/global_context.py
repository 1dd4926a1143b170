"""GlobalContext in float64."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 64, 13, 17)),
    ((), (2, 3, 1, 1)),
    ((0.25,), (1, 40, 5, 2)),
    ((0.25, "avg"), (1, 24, 3, 9)),
    ((1, "att", ["channel_mul"]), (2, 8, 6, 5)),
    ((0.5, "att", ("channel_add", "channel_mul")), (2, 16, 4, 4)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "conv_mask.weight": (1, 64, 1, 1),
    "conv_mask.bias": (1,),
    "channel_add_conv.0.weight": (4, 64, 1, 1),
    "channel_add_conv.0.bias": (4,),
    "channel_add_conv.1.weight": (4, 1, 1),
    "channel_add_conv.1.bias": (4, 1, 1),
    "channel_add_conv.3.weight": (64, 4, 1, 1),
    "channel_add_conv.3.bias": (64,),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 653, 256: 8753, 1024: 133313}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """Image by image, over the list of its places."""
    state = {key: value.double() for key, value in module.state_dict().items()}
    out = torch.empty_like(x)
    for image, result in zip(x, out, strict=True):
        places = image.flatten(1)
        if "conv_mask.weight" in state:
            logits = state["conv_mask.weight"].flatten() @ places + state["conv_mask.bias"]
            share = torch.exp(logits - logits.max())
            context = places @ (share / share.sum())
        else:
            context = places.sum(1) / places.shape[1]
        found = places
        if "channel_mul_conv.0.weight" in state:
            gate = 1 / (1 + torch.exp(-_perceptron(state, "channel_mul_conv.", context)))
            found = found * gate[:, None]
        if "channel_add_conv.0.weight" in state:
            found = found + _perceptron(state, "channel_add_conv.", context)[:, None]
        result.copy_(found.reshape(image.shape))
    return out


def _perceptron(state: dict[str, Tensor], prefix: str, context: Tensor) -> Tensor:
    first, last = (state[f"{prefix}{i}.weight"][:, :, 0, 0] for i in (0, 3))
    hidden = first @ context + state[prefix + "0.bias"]
    hidden = hidden - hidden.mean()
    hidden = hidden / (hidden.pow(2).mean() + 1e-5).sqrt()
    hidden = hidden * state[prefix + "1.weight"].flatten() + state[prefix + "1.bias"].flatten()
    return last @ hidden.clamp(min=0) + state[prefix + "3.bias"]


def _layers(inplanes: int, planes: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inplanes, planes, kernel_size=1),
        nn.LayerNorm([planes, 1, 1]),
        nn.ReLU(inplace=True),
        nn.Conv2d(planes, inplanes, kernel_size=1),
    )


class Transcription(nn.Module):
    """As the usual tutorials write it."""

    def __init__(
        self,
        inplanes: int,
        ratio: float = 0.0625,
        pooling_type: str = "att",
        fusion_types: Sequence[str] = ("channel_add",),
    ) -> None:
        super().__init__()
        self.pooling_type, self.fusion_types = pooling_type, fusion_types
        if pooling_type == "att":
            self.conv_mask = nn.Conv2d(inplanes, 1, kernel_size=1)
        for kind in fusion_types:
            setattr(self, f"{kind}_conv", _layers(inplanes, int(inplanes * ratio)))

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        if self.pooling_type == "att":
            mask = self.conv_mask(x).reshape(n, 1, h * w)
            mask = torch.softmax(mask, dim=2).unsqueeze(-1)
            context = torch.matmul(x.reshape(n, 1, c, h * w), mask).reshape(n, c, 1, 1)
        else:
            context = x.mean((2, 3), keepdim=True)
        out = x
        if "channel_mul" in self.fusion_types:
            out = out * torch.sigmoid(self.channel_mul_conv(context))
        if "channel_add" in self.fusion_types:
            out = out + self.channel_add_conv(context)
        return out
