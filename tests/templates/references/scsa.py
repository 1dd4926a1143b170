"""SCSA in float64: each line tap by tap, each window by itself, each channel's answer as a sum."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import plain

_ALL = (2, 3, [5, 1, 9, 3], True, True, None, None)
CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 40, 21, 5)),
    ((), (1, 8, 1, 1)),
    ((1,), (2, 4, 1, 1)),
    ((), (1, 16, 2, 15)),
    ((1, -1), (2, 16, 6, 25)),
    ((*_ALL, "max_pool"), (2, 16, 10, 7)),
    ((*_ALL, "max_pool", 0.5, "softmax"), (1, 16, 2, 4)),
    ((*_ALL, "avg_pool", 0.0, "softmax"), (2, 16, 5, 9)),
]

_LINES = {"local_dwc": 3, "global_dwc_s": 5, "global_dwc_m": 7, "global_dwc_l": 9}
OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    *(plain.conv_keys(name, 16, 1, size) for name, size in _LINES.items()),
    *({f"{name}.weight": (64,), f"{name}.bias": (64,)} for name in ("norm_h", "norm_w", "norm")),
    *(plain.conv_keys(name, 64, 1, 1, 1, bias=False) for name in "qkv"),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 1024, 256: 4096, 1024: 16384}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    rows = _lines(module, state, "norm_h", x.sum(3) / x.shape[3])
    columns = _lines(module, state, "norm_w", x.sum(2) / x.shape[2])
    x = torch.einsum("nchw,nch,ncw->nchw", x, rows, columns)
    places = _norm(state, "norm", _windows(module, x), 1)
    q, k, v = (_scaled(state, name, places).chunk(module.heads, 1) for name in "qkv")
    found = []
    for q_head, k_head, v_head in zip(q, k, v, strict=True):
        scores = torch.einsum("nip,njp->nij", q_head, k_head) / q_head.shape[1] ** 0.5
        found.append(torch.einsum("nij,njp->nip", plain.softmax(scores, 2), v_head))
    gate = torch.cat(found, 1).sum(2) / places.shape[2]
    return x * _gate(module, gate, 1)[:, :, None, None]


def _gate(module: nn.Module, scores: Tensor, axis: int) -> Tensor:
    return plain.softmax(scores, axis) if module.gate_layer == "softmax" else plain.sigmoid(scores)


def _lines(module: nn.Module, state: plain.State, norm: str, line: Tensor) -> Tensor:
    parts = []
    for name, part in zip(_LINES, line.chunk(4, 1), strict=True):
        kernel = state[f"{name}.weight"][:, 0]
        around = kernel.shape[1] // 2
        padded = functional.pad(part, (around, around))
        taps = [
            kernel[:, tap, None] * padded[..., tap : tap + line.shape[2]]
            for tap in range(kernel.shape[1])
        ]
        parts.append(plain.total(taps) + state[f"{name}.bias"][:, None])
    return _gate(module, _norm(state, norm, torch.cat(parts, 1), 4), 2)


def _norm(state: plain.State, name: str, x: Tensor, groups: int) -> Tensor:
    normal = []
    for part in x.chunk(groups, 1):
        part = part - part.mean((1, 2), keepdim=True)
        normal.append(part / (part.pow(2).mean((1, 2), keepdim=True) + 1e-5).sqrt())
    weight, bias = (state[f"{name}.{part}"][:, None] for part in ("weight", "bias"))
    return torch.cat(normal, 1) * weight + bias


def _windows(module: nn.Module, x: Tensor) -> Tensor:
    """What each window that fits the map holds, one value a channel."""
    height, width = x.shape[2:]
    size = max(height, width) if module.window < 0 else module.window
    tall, long = min(size, height), min(size, width)
    found = []
    for i in range(height // tall):
        for j in range(width // long):
            window = x[:, :, i * tall : (i + 1) * tall, j * long : (j + 1) * long].flatten(2)
            is_mean = module.window < 0 or module.mode == "avg_pool"
            found.append(window.sum(2) / (tall * long) if is_mean else window.amax(2))
    return torch.stack(found, 2)


def _scaled(state: plain.State, name: str, x: Tensor) -> Tensor:
    out = x * state[f"{name}.weight"].reshape(-1, 1)
    return out if f"{name}.bias" not in state else out + state[f"{name}.bias"][:, None]


class Transcription(nn.Module):
    """The equations with the operators that tutorials use, for the default arguments."""

    def __init__(self, dim, head_num=8, window_size=7):
        super().__init__()
        self.head_num, self.window_size = head_num, window_size
        for name, size in _LINES.items():
            line = nn.Conv1d(dim // 4, dim // 4, size, padding=size // 2, groups=dim // 4)
            setattr(self, name, line)
        self.norm_h, self.norm_w = nn.GroupNorm(4, dim), nn.GroupNorm(4, dim)
        self.norm = nn.GroupNorm(1, dim)
        for name in "qkv":
            setattr(self, name, nn.Conv2d(dim, dim, 1, groups=dim, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        rows = self._lines(self.norm_h, x.mean(dim=3)).unsqueeze(3)
        columns = self._lines(self.norm_w, x.mean(dim=2)).unsqueeze(2)
        x = x * rows * columns
        n, c, h, w = x.shape
        window = (min(self.window_size, h), min(self.window_size, w))
        y = self.norm(functional.avg_pool2d(x, window, stride=window))
        depth = c // self.head_num
        q, k, v = (
            layer(y).reshape(n, self.head_num, depth, -1) for layer in (self.q, self.k, self.v)
        )
        weights = torch.softmax(q @ k.transpose(-2, -1) * depth**-0.5, dim=-1)
        out = (weights @ v).reshape(n, c, *y.shape[2:]).mean((2, 3), keepdim=True)
        return torch.sigmoid(out) * x

    def _lines(self, norm: nn.GroupNorm, line: Tensor) -> Tensor:
        layers = (self.local_dwc, self.global_dwc_s, self.global_dwc_m, self.global_dwc_l)
        parts = [layer(part) for layer, part in zip(layers, line.chunk(4, dim=1), strict=True)]
        return torch.sigmoid(norm(torch.cat(parts, dim=1)))
