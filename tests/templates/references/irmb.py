"""iRMB in float64: each set of spread-out places gathered, attended and put back by itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import plain

_PRE = (True, True, 2.0, "bn_2d", "silu", True, 3, 1, 1, 0.0, 8, 3, True, False, 0.0, 0.0, 0.0)
# As in EMO's last stages: LayerNorm, the values after the attention, 4 heads for 138 values.
_EMO = (True, True, 3.45, "ln_2d", "gelu", True, 5, 1, 1, 0.0, 10, 7, True, True, 0.0, 0.0, 0.0)
_EMO = (*_EMO, False, True)
CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 8, 1, 1)),
    ((), (2, 72, 2, 3)),
    ((True, False, 1.0, "bn_2d", "gelu", True, 5, 2, 1, 0.0, 4, 3), (2, 16, 9, 6)),
    ((False, True, 1.0, "none", "relu", False, 3, 1, 2, 0.0, 16, 4, True, True), (1, 16, 5, 8)),
    ((True, True, 2.0, "bn_2d", "relu", True, 3, 1, 1, 0.0, 8, 7, False), (1, 16, 5, 8)),
    ((*_PRE, True, False), (1, 16, 7, 5)),
    ((*_PRE, False, True), (1, 16, 7, 5)),
    (_EMO, (1, 40, 6, 9)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.norm_keys("norm", 64),
    plain.conv_keys("qk.conv", 128, 64, 1, 1, bias=False),
    plain.conv_keys("v.conv", 64, 64, 1, 1, bias=False),
    plain.conv_keys("conv_local.conv", 64, 1, 3, 3, bias=False),
    plain.norm_keys("conv_local.norm", 64),
    plain.conv_keys("proj.conv", 64, 64, 1, 1, bias=False),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 17216, 256: 265472, 1024: 4207616}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    u = plain.norm(state, "norm", x, 1e-6) if "norm.weight" in state else x
    u = _layer_norm(state, x) if "norm.norm.weight" in state else u
    u = _attention(state, module, u) if module.attn_s else _values(state, module, u)
    local = module.conv_local.conv
    setting = {"dilation": local.dilation[0], "stride": local.stride[0], "groups": u.shape[1]}
    near = plain.conv(state, "conv_local.conv", u, local.padding, **setting)
    near = plain.silu(plain.norm(state, "conv_local.norm", near, 1e-6))
    y = plain.conv(state, "proj.conv", u + near if module.skip else near)
    return x + y if module.skip else y


def _layer_norm(state: plain.State, x: Tensor) -> Tensor:
    apart = x - x.sum(1, keepdim=True) / x.shape[1]
    spread = (apart * apart).sum(1, keepdim=True) / x.shape[1]
    shape = (1, -1, 1, 1)
    weight, bias = (state[f"norm.norm.{name}"].reshape(shape) for name in ("weight", "bias"))
    return apart / (spread + 1e-6).sqrt() * weight + bias


def _values(state: plain.State, module: nn.Module, u: Tensor) -> Tensor:
    if "v.conv.weight" not in state:
        return u
    groups = u.shape[1] // state["v.conv.weight"].shape[1]
    full = plain.conv(state, "v.conv", u, groups=groups)
    acts = {nn.ReLU: plain.relu, nn.SiLU: plain.silu, nn.GELU: plain.gelu}
    return acts[type(module.v.act)](full)


def _attention(state: plain.State, module: nn.Module, u: Tensor) -> Tensor:
    n, c, height, width = u.shape
    high, wide = (-(-side // module.window) * module.window for side in (height, width))
    padded = torch.zeros(n, c, high, wide).double()
    padded[:, :, :height, :width] = u
    q, k = plain.conv(state, "qk.conv", padded).chunk(2, 1)
    v = padded if module.attn_pre else _values(state, module, padded)
    out = torch.zeros_like(v)
    for i in range(high // module.window):
        for j in range(wide // module.window):
            # The places of a set lie as far apart as there are sets, beginning at (i, j).
            down, across = (
                slice(i, None, high // module.window),
                slice(j, None, wide // module.window),
            )
            places = (..., down, across)
            parts = (plain.heads_of(part[places], module.heads) for part in (q, k, v))
            seen = plain.attention(*parts, (c // module.heads) ** -0.5)
            out[places] = seen.reshape(out[places].shape)
    out = _values(state, module, out) if module.attn_pre else out
    return out[:, :, :height, :width]


class _Conv(nn.Module):
    def __init__(self, conv: nn.Module, norm: nn.Module, act: nn.Module) -> None:
        super().__init__()
        self.conv, self.norm, self.act = conv, norm, act

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.conv(x)))


class Transcription(nn.Module):
    """The equations with the operators that tutorials use, for the default arguments."""

    def __init__(self, dim_in, dim_out, window_size=7, dim_head=64):
        super().__init__()
        self.window = window_size
        depth = max(n for n in range(1, min(dim_head, dim_in) + 1) if dim_in % n == 0)
        self.depth, self.heads = depth, dim_in // depth
        none = nn.Identity()
        self.norm = nn.BatchNorm2d(dim_in, eps=1e-6)
        self.qk = _Conv(nn.Conv2d(dim_in, 2 * dim_in, 1, bias=False), none, none)
        self.v = _Conv(nn.Conv2d(dim_in, dim_in, 1, bias=False), none, nn.ReLU())
        local = nn.Conv2d(dim_in, dim_in, 3, padding=1, groups=dim_in, bias=False)
        self.conv_local = _Conv(local, nn.BatchNorm2d(dim_in, eps=1e-6), nn.SiLU())
        self.proj = _Conv(nn.Conv2d(dim_in, dim_out, 1, bias=False), none, none)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        size = self.window
        u = functional.pad(self.norm(x), (0, -w % size, 0, -h % size))
        rows, columns = u.shape[2] // size, u.shape[3] // size
        u = u.reshape(n, c, size, rows, size, columns).permute(0, 3, 5, 1, 2, 4)
        u = u.reshape(n * rows * columns, c, size, size)
        q, k = self.qk(u).chunk(2, 1)
        q, k, v = (
            part.reshape(len(u), self.heads, self.depth, -1).transpose(2, 3)
            for part in (q, k, self.v(u))
        )
        weights = torch.softmax(q @ k.transpose(2, 3) * self.depth**-0.5, -1)
        out = (weights @ v).transpose(2, 3).reshape(n, rows, columns, c, size, size)
        out = out.permute(0, 3, 4, 1, 5, 2).reshape(n, c, rows * size, columns * size)
        out = out[:, :, :h, :w]
        return x + self.proj(out + self.conv_local(out))
