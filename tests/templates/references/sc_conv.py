"""ScConv in float64: every group normalised by itself, the gate as a sigmoid, both parts joined."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((16,), (1, 16, 1, 1)),
    ((2, 0.6, 0.25, 1, 1, 5), (2, 16, 6, 5)),
    ((4, 0.4, 0.75, 2, 3), (1, 24, 4, 9)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "SRU.gn.weight": (64,),
    "SRU.gn.bias": (64,),
    "CRU.squeeze1.weight": (16, 32, 1, 1),
    "CRU.squeeze2.weight": (16, 32, 1, 1),
    "CRU.GWC.weight": (64, 8, 3, 3),
    "CRU.GWC.bias": (64,),
    "CRU.PWC1.weight": (64, 16, 1, 1),
    "CRU.PWC2.weight": (48, 16, 1, 1),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 7616, 256: 119552, 1024: 1903616}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state, channels = plain.state_of(module), x.shape[1]
    x = _spatial(state, module.SRU.gn.num_groups, module.SRU.limit, x)
    upper = state["CRU.squeeze1.weight"].shape[1]
    up = plain.conv(state, "CRU.squeeze1", x[:, :upper])
    low = plain.conv(state, "CRU.squeeze2", x[:, upper:])
    kernel = state["CRU.GWC.weight"]
    around = (kernel.shape[2] // 2, kernel.shape[3] // 2)
    full = plain.conv(state, "CRU.GWC", up, around, groups=up.shape[1] // kernel.shape[1])
    parts = (full + plain.conv(state, "CRU.PWC1", up), plain.conv(state, "CRU.PWC2", low), low)
    both = torch.cat(parts, 1)
    both = plain.softmax(both.mean((2, 3)), 1)[:, :, None, None] * both
    return both[:, :channels] + both[:, channels:]


def _spatial(state: plain.State, groups: int, limit: float, x: Tensor) -> Tensor:
    grouped = x.unflatten(1, (groups, -1))
    centred = grouped - grouped.mean((2, 3, 4), keepdim=True)
    spread = (centred.square().mean((2, 3, 4), keepdim=True) + 1e-5).sqrt()
    weight, bias = state["SRU.gn.weight"], state["SRU.gn.bias"]
    normed = (centred / spread).flatten(1, 2) * weight[:, None, None] + bias[:, None, None]
    gate = plain.sigmoid(normed * (weight / weight.sum())[:, None, None])
    threshold = plain.sigmoid(torch.tensor(limit).double())
    strong = (gate > threshold).double()
    a = (strong + (1 - strong) * gate) * x
    b = (1 - strong) * gate * x
    a1, a2 = a.chunk(2, 1)
    b1, b2 = b.chunk(2, 1)
    return torch.cat((a1 + b2, a2 + b1), 1)


class _Spatial(nn.Module):
    def __init__(self, channels, groups, threshold):
        super().__init__()
        self.gn, self.threshold = nn.GroupNorm(groups, channels), threshold

    def forward(self, x: Tensor) -> Tensor:
        weight = (self.gn.weight / self.gn.weight.sum()).view(1, -1, 1, 1)
        gate = torch.sigmoid(self.gn(x) * weight)
        a = torch.where(gate > self.threshold, torch.ones_like(gate), gate) * x
        b = torch.where(gate > self.threshold, torch.zeros_like(gate), gate) * x
        a1, a2 = torch.split(a, a.size(1) // 2, 1)
        b1, b2 = torch.split(b, b.size(1) // 2, 1)
        return torch.cat((a1 + b2, a2 + b1), 1)


class _Channel(nn.Module):
    def __init__(self, channels, alpha, squeeze, groups, kernel):
        super().__init__()
        self.upper = int(alpha * channels)
        self.lower = channels - self.upper
        up, low = self.upper // squeeze, self.lower // squeeze
        self.squeeze1 = nn.Conv2d(self.upper, up, 1, bias=False)
        self.squeeze2 = nn.Conv2d(self.lower, low, 1, bias=False)
        self.GWC = nn.Conv2d(up, channels, kernel, padding=kernel // 2, groups=groups)
        self.PWC1 = nn.Conv2d(up, channels, 1, bias=False)
        self.PWC2 = nn.Conv2d(low, channels - low, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        up, low = torch.split(x, [self.upper, self.lower], 1)
        up, low = self.squeeze1(up), self.squeeze2(low)
        rich = self.GWC(up) + self.PWC1(up)
        both = torch.cat((rich, torch.cat((self.PWC2(low), low), 1)), 1)
        both = torch.softmax(both.mean((2, 3), keepdim=True), 1) * both
        first, second = torch.split(both, both.size(1) // 2, 1)
        return first + second


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(
        self,
        op_channel,
        group_num=4,
        gate_treshold=0.5,
        alpha=0.5,
        squeeze_radio=2,
        group_size=2,
        group_kernel_size=3,
    ):
        super().__init__()
        self.SRU = _Spatial(op_channel, group_num, gate_treshold)
        self.CRU = _Channel(op_channel, alpha, squeeze_radio, group_size, group_kernel_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.CRU(self.SRU(x))
