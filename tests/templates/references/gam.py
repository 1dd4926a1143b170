"""GAM in float64, the 7x7 kernels term by term and group by group."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.templates import support

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 64, 5, 6)),
    ((), (2, 3, 1, 1)),
    ((), (1, 16, 1, 1)),
    ((1024,), (1, 40, 5, 2)),
    ((None, False), (1, 16, 3, 9)),
    ((None, True, 2), (2, 16, 6, 5)),
    ((16, False, 8), (1, 16, 4, 4)),
    ((None, False, 4, 4), (2, 24, 3, 5)),
    ((None, True, 8, 4, True), (1, 64, 3, 4)),
    ((None, True, 4, 1, True), (1, 16, 5, 4)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "channel_attention.0.weight": (16, 64),
    "channel_attention.0.bias": (16,),
    "channel_attention.2.weight": (64, 16),
    "channel_attention.2.bias": (64,),
    "spatial_attention.0.weight": (16, 16, 7, 7),
    "spatial_attention.0.bias": (16,),
    "spatial_attention.1.weight": (16,),
    "spatial_attention.1.bias": (16,),
    "spatial_attention.1.running_mean": (16,),
    "spatial_attention.1.running_var": (16,),
    "spatial_attention.1.num_batches_tracked": (),
    "spatial_attention.3.weight": (64, 4, 7, 7),
    "spatial_attention.3.bias": (64,),
    "spatial_attention.4.weight": (64,),
    "spatial_attention.4.bias": (64,),
    "spatial_attention.4.running_mean": (64,),
    "spatial_attention.4.running_var": (64,),
    "spatial_attention.4.num_batches_tracked": (),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 27456, 256: 435456, 1024: 6951936}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """A perceptron at every place, then the gate, whose channel g * k + i comes from i * G + g."""
    state = {key: value.double() for key, value in module.state_dict().items()}
    hidden = torch.einsum("oc,nchw->nhwo", state["channel_attention.0.weight"], x)
    hidden = (hidden + state["channel_attention.0.bias"]).clamp(min=0)
    gate = torch.einsum("oc,nhwc->nohw", state["channel_attention.2.weight"], hidden)
    gate = gate + state["channel_attention.2.bias"][:, None, None]
    _, _, _, _, shuffle, sigmoid, *_ = (*support.built_with(module), *[None] * 6)
    x = x * (1 / (1 + torch.exp(-gate)) if sigmoid else gate)

    groups = state["channel_attention.2.weight"].shape[0]
    groups //= state["spatial_attention.0.weight"].shape[1]  # C over channels seen by a kernel
    plane = _layer(state, "spatial_attention.", 0, 1, groups, x).clamp(min=0)
    plane = _layer(state, "spatial_attention.", 3, 4, groups, plane)
    gate = 1 / (1 + torch.exp(-plane))
    groups = shuffle or groups
    share = x.shape[1] // groups
    out = torch.empty_like(x)
    for place in range(x.shape[1]):
        out[:, place] = x[:, place] * gate[:, place % groups * share + place // groups]
    return out


def _layer(
    state: dict[str, Tensor], prefix: str, conv: int, norm: int, groups: int, x: Tensor
) -> Tensor:
    weight = state[f"{prefix}{conv}.weight"]
    height, width = x.shape[2:]
    padded = F.pad(x, (3, 3, 3, 3)).reshape(len(x), groups, -1, height + 6, width + 6)
    kernel = weight.reshape(groups, -1, *weight.shape[1:])
    plane = torch.zeros(len(x), groups, kernel.shape[1], height, width, dtype=torch.float64)
    for a in range(7):
        for b in range(7):
            window = padded[..., a : a + height, b : b + width]
            plane += torch.einsum("goi,ngihw->ngohw", kernel[..., a, b], window)
    plane = plane.flatten(1, 2) + state[f"{prefix}{conv}.bias"][:, None, None]
    plane = plane - state[f"{prefix}{norm}.running_mean"][:, None, None]
    plane = plane / (state[f"{prefix}{norm}.running_var"] + 1e-5).sqrt()[:, None, None]
    plane = plane * state[f"{prefix}{norm}.weight"][:, None, None]
    return plane + state[f"{prefix}{norm}.bias"][:, None, None]


class Transcription(nn.Module):
    """As the usual tutorials write it."""

    def __init__(self, c1: int, c2: int | None = None, group: bool = True, rate: int = 4) -> None:
        super().__init__()
        hidden = c1 // rate
        self.groups = rate if group else 1
        self.channel_attention = nn.Sequential(
            nn.Linear(c1, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, c1)
        )
        self.spatial_attention = nn.Sequential(
            nn.Conv2d(c1, hidden, kernel_size=7, padding=3, groups=self.groups),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, c1, kernel_size=7, padding=3, groups=self.groups),
            nn.BatchNorm2d(c1),
        )

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        places = x.permute(0, 2, 3, 1).reshape(n, -1, c)
        gate = self.channel_attention(places).reshape(n, h, w, c).permute(0, 3, 1, 2)
        x = x * gate
        gate = self.spatial_attention(x).sigmoid()
        if self.groups > 1:
            gate = gate.reshape(n, self.groups, c // self.groups, h, w).permute(0, 2, 1, 3, 4)
            gate = gate.contiguous().reshape(n, c, h, w)
        return x * gate
