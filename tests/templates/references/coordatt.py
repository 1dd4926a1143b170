"""CoordAtt in float64, rows and columns apart."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 3, 1, 1)),
    ((), (1, 5, 1, 9)),
    ((1024,), (1, 40, 5, 2)),
    ((None, 4), (1, 48, 6, 7)),
    ((16, 2), (1, 16, 3, 3)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "conv1.weight": (8, 64, 1, 1),
    "conv1.bias": (8,),
    "bn1.weight": (8,),
    "bn1.bias": (8,),
    "bn1.running_mean": (8,),
    "bn1.running_var": (8,),
    "bn1.num_batches_tracked": (),
    "conv_h.weight": (64, 8, 1, 1),
    "conv_h.bias": (64,),
    "conv_w.weight": (64, 8, 1, 1),
    "conv_w.bias": (64,),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 1688, 256: 6680, 1024: 100448}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """One gate for each row, one for each column."""
    state = {key: value.double() for key, value in module.state_dict().items()}
    rows = _gate(state, "conv_h", x.sum(3) / x.shape[3])
    columns = _gate(state, "conv_w", x.sum(2) / x.shape[2])
    return torch.einsum("nchw,nch,ncw->nchw", x, rows, columns)


def _gate(state: dict[str, Tensor], last: str, line: Tensor) -> Tensor:
    line = torch.einsum("oc,ncl->nol", state["conv1.weight"][:, :, 0, 0], line)
    line = line + state["conv1.bias"][:, None] - state["bn1.running_mean"][:, None]
    line = line / (state["bn1.running_var"] + 1e-5).sqrt()[:, None]
    line = line * state["bn1.weight"][:, None] + state["bn1.bias"][:, None]
    line = line * (line + 3).clamp(0, 6) / 6
    score = torch.einsum("oc,ncl->nol", state[f"{last}.weight"][:, :, 0, 0], line)
    return 1 / (1 + torch.exp(-score - state[f"{last}.bias"][:, None]))


class Transcription(nn.Module):
    """As the usual tutorials write it."""

    def __init__(self, inp: int, oup: int | None = None, reduction: int = 32) -> None:
        super().__init__()
        hidden = max(8, inp // reduction)
        self.pool_h = nn.AdaptiveAvgPool2d((None, 1))
        self.pool_w = nn.AdaptiveAvgPool2d((1, None))
        self.conv1 = nn.Conv2d(inp, hidden, kernel_size=1)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.conv_h = nn.Conv2d(hidden, inp, kernel_size=1)
        self.conv_w = nn.Conv2d(hidden, inp, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        line = torch.cat((self.pool_h(x), self.pool_w(x).permute(0, 1, 3, 2)), dim=2)
        line = self.bn1(self.conv1(line))
        line = line * (F.relu6(line + 3) / 6)
        rows, columns = torch.split(line, [height, width], dim=2)
        rows = self.conv_h(rows).sigmoid()
        columns = self.conv_w(columns.permute(0, 1, 3, 2)).sigmoid()
        return x * columns * rows
