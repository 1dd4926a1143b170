"""LSKA in float64, the thin kernels tap by tap."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 3, 1, 1)),
    ((7,), (1, 40, 5, 2)),
    ((11,), (1, 8, 9, 14)),
    ((35,), (1, 8, 20, 3)),
    ((41,), (1, 8, 21, 24)),
    ((53,), (1, 8, 30, 26)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "conv0h.weight": (64, 1, 1, 5),
    "conv0h.bias": (64,),
    "conv0v.weight": (64, 1, 5, 1),
    "conv0v.bias": (64,),
    "conv_spatial_h.weight": (64, 1, 1, 7),
    "conv_spatial_h.bias": (64,),
    "conv_spatial_v.weight": (64, 1, 7, 1),
    "conv_spatial_v.bias": (64,),
    "conv1.weight": (64, 64, 1, 1),
    "conv1.bias": (64,),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 5952, 256: 72960, 1024: 1078272}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """Rows, columns, far rows, far columns, then a mix of channels."""
    state = {key: value.double() for key, value in module.state_dict().items()}
    step = 2 if module.k_size < 20 else 3
    gate = x
    for name, axis, dilation in (
        ("conv0h", 3, 1),
        ("conv0v", 2, 1),
        ("conv_spatial_h", 3, step),
        ("conv_spatial_v", 2, step),
    ):
        taps = state[f"{name}.weight"].flatten(1).T
        moved = [_moved(gate, axis, dilation * (i - len(taps) // 2)) for i in range(len(taps))]
        gate = torch.einsum("tc,tnchw->nchw", taps, torch.stack(moved))
        gate = gate + state[f"{name}.bias"][:, None, None]
    gate = torch.einsum("oc,nchw->nohw", state["conv1.weight"][:, :, 0, 0], gate)
    return x * (gate + state["conv1.bias"][:, None, None])


def _moved(x: Tensor, axis: int, step: int) -> Tensor:
    """What lies `step` ahead along the axis, and zeros beyond the end."""
    size = x.shape[axis]
    place = torch.arange(size) + step
    inside = ((place >= 0) & (place < size)).double()
    shape = [1, 1, 1, 1]
    shape[axis] = size
    return x.index_select(axis, place.clamp(0, size - 1)) * inside.reshape(shape)


class Transcription(nn.Module):
    """As the usual tutorials write it."""

    def __init__(self, dim: int, k_size: int = 23) -> None:
        super().__init__()
        near, far, step = {
            7: (3, 3, 2),
            11: (3, 5, 2),
            23: (5, 7, 3),
            35: (5, 11, 3),
            41: (5, 13, 3),
            53: (5, 17, 3),
        }[k_size]
        pad = (far - 1) * step // 2
        self.conv0h = nn.Conv2d(dim, dim, (1, near), padding=(0, near // 2), groups=dim)
        self.conv0v = nn.Conv2d(dim, dim, (near, 1), padding=(near // 2, 0), groups=dim)
        self.conv_spatial_h = nn.Conv2d(
            dim, dim, (1, far), padding=(0, pad), groups=dim, dilation=step
        )
        self.conv_spatial_v = nn.Conv2d(
            dim, dim, (far, 1), padding=(pad, 0), groups=dim, dilation=step
        )
        self.conv1 = nn.Conv2d(dim, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.conv0v(self.conv0h(x))
        gate = self.conv1(self.conv_spatial_v(self.conv_spatial_h(gate)))
        return x * gate
