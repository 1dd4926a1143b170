"""Criss-cross attention in float64: one place after the other, with the places it sees."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((), (1, 8, 1, 9)),
    ((), (1, 9, 7, 1)),
    ((), (2, 64, 2, 3)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "gamma": (1,),
    **plain.conv_keys("query_conv", 8, 64, 1, 1),
    **plain.conv_keys("key_conv", 8, 64, 1, 1),
    **plain.conv_keys("value_conv", 64, 64, 1, 1),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 5201, 256: 82241, 1024: 1312001}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    q, k, v = (plain.conv(state, f"{name}_conv", x) for name in ("query", "key", "value"))
    out = torch.zeros_like(x)
    height, width = x.shape[2:]
    for i in range(height):
        for j in range(width):
            cross = [(i, b) for b in range(width)] + [(a, j) for a in range(height) if a != i]
            rows, columns = (list(axis) for axis in zip(*cross, strict=True))
            scores = torch.einsum("nc,ncp->np", q[:, :, i, j], k[:, :, rows, columns])
            weights = plain.softmax(scores, 1)
            out[:, :, i, j] = torch.einsum("np,ncp->nc", weights, v[:, :, rows, columns])
    return x + state["gamma"] * out


class Transcription(nn.Module):
    """The equations with the operators that tutorials use."""

    def __init__(self, in_dim):
        super().__init__()
        self.query_conv = nn.Conv2d(in_dim, in_dim // 8, 1)
        self.key_conv = nn.Conv2d(in_dim, in_dim // 8, 1)
        self.value_conv = nn.Conv2d(in_dim, in_dim, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        q, k, v = self.query_conv(x), self.key_conv(x), self.value_conv(x)
        q_down = q.permute(0, 3, 1, 2).contiguous().view(n * w, -1, h).transpose(1, 2)
        q_across = q.permute(0, 2, 1, 3).contiguous().view(n * h, -1, w).transpose(1, 2)
        k_down = k.permute(0, 3, 1, 2).contiguous().view(n * w, -1, h)
        k_across = k.permute(0, 2, 1, 3).contiguous().view(n * h, -1, w)
        v_down = v.permute(0, 3, 1, 2).contiguous().view(n * w, -1, h)
        v_across = v.permute(0, 2, 1, 3).contiguous().view(n * h, -1, w)
        self_seen = torch.diag(torch.full((h,), float("inf"), dtype=x.dtype, device=x.device))
        down = (torch.bmm(q_down, k_down) - self_seen).view(n, w, h, h).transpose(1, 2)
        across = torch.bmm(q_across, k_across).view(n, h, w, w)
        weights = torch.softmax(torch.cat((down, across), 3), 3)
        w_down = weights[..., :h].transpose(1, 2).contiguous().view(n * w, h, h)
        w_across = weights[..., h:].contiguous().view(n * h, w, w)
        out_down = torch.bmm(v_down, w_down.transpose(1, 2)).view(n, w, c, h).permute(0, 2, 3, 1)
        out_across = torch.bmm(v_across, w_across.transpose(1, 2)).view(n, h, c, w)
        return self.gamma * (out_down + out_across.permute(0, 2, 1, 3)) + x
