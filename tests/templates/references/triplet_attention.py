"""TripletAttention in float64, on views that are really turned."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 5, 1, 1)),
    ((), (1, 1, 1, 1)),
    ((), (1, 3, 2, 9)),
    ((False,), (1, 64, 20, 12)),
    ((True,), (2, 16, 6, 11)),
]

_GATE = {
    "conv.conv.weight": (1, 2, 7, 7),
    "conv.bn.weight": (1,),
    "conv.bn.bias": (1,),
    "conv.bn.running_mean": (1,),
    "conv.bn.running_var": (1,),
    "conv.bn.num_batches_tracked": (),
}
OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    f"{gate}.{key}": shape for gate in ("cw", "hc", "hw") for key, shape in _GATE.items()
}
OFFICIAL_PARAMS: dict[int, int] = {64: 300, 256: 300, 1024: 300}

# Which view each gate sees: its first axis after the batch is the one that is pooled away.
_VIEWS = {"cw": (0, 2, 1, 3), "hc": (0, 3, 2, 1), "hw": (0, 1, 2, 3)}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """The mean of the gated views, each turned back (each view is its own inverse)."""
    state = {key: value.double() for key, value in module.state_dict().items()}
    gates = [gate for gate in _VIEWS if f"{gate}.conv.conv.weight" in state]
    assert gates == (["cw", "hc"] if module.no_spatial else ["cw", "hc", "hw"])
    parts = []
    for gate in gates:
        view = x.permute(_VIEWS[gate])
        parts.append((view * _gate(state, gate + ".conv.", view)).permute(_VIEWS[gate]))
    return sum(parts[1:], parts[0]) / len(parts)


def _gate(state: dict[str, Tensor], prefix: str, view: Tensor) -> Tensor:
    pooled = torch.stack((view.max(1).values, view.mean(1)), 1)
    plane = _correlate(pooled, state[prefix + "conv.weight"][0])
    deviation = (state[prefix + "bn.running_var"] + 1e-5).sqrt()
    plane = (plane - state[prefix + "bn.running_mean"]) / deviation
    plane = plane * state[prefix + "bn.weight"] + state[prefix + "bn.bias"]
    return (1 / (1 + torch.exp(-plane)))[:, None]


def _correlate(pooled: Tensor, kernel: Tensor) -> Tensor:
    """The 7x7 sum around every place, with zeros outside, term by term."""
    _, _, rows, columns = pooled.shape
    padded = torch.nn.functional.pad(pooled, (3, 3, 3, 3))
    plane = torch.zeros_like(pooled[:, 0])
    for channel in range(2):
        for i in range(7):
            for j in range(7):
                window = padded[:, channel, i : i + rows, j : j + columns]
                plane += kernel[channel, i, j] * window
    return plane


class Transcription(nn.Module):
    """Section 3.2 as it stands: turn the map, pool its first axis, gate it, turn it back."""

    def __init__(self, no_spatial: bool = False) -> None:
        super().__init__()
        self.cw, self.hc = _Branch(), _Branch()
        self.hw = None if no_spatial else _Branch()

    def forward(self, x: Tensor) -> Tensor:
        outs = [
            self.cw(x.permute(0, 2, 1, 3).contiguous()).permute(0, 2, 1, 3).contiguous(),
            self.hc(x.permute(0, 3, 2, 1).contiguous()).permute(0, 3, 2, 1).contiguous(),
        ]
        if self.hw is not None:
            outs.append(self.hw(x))
        return 1 / len(outs) * sum(outs[1:], outs[0])


class _Branch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential()
        self.conv.add_module("conv", nn.Conv2d(2, 1, 7, padding=3, bias=False))
        self.conv.add_module("bn", nn.BatchNorm2d(1, eps=1e-5, momentum=0.01))

    def forward(self, x: Tensor) -> Tensor:
        peak, mean = x.max(dim=1, keepdim=True).values, x.mean(dim=1, keepdim=True)
        return x * torch.sigmoid(self.conv(torch.cat((peak, mean), dim=1)))
