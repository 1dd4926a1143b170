"""CBAM in float64, the spatial kernel term by term."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 3, 1, 1)),
    ((), (1, 1, 1, 1)),
    ((4,), (1, 40, 5, 2)),
    ((8, ["max"]), (1, 16, 3, 9)),
    ((16, ("lp", "lse"), True), (2, 16, 6, 5)),
    ((16, ["avg", "max", "lp", "lse"], False), (1, 32, 9, 4)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "ChannelGate.mlp.1.weight": (4, 64),
    "ChannelGate.mlp.1.bias": (4,),
    "ChannelGate.mlp.3.weight": (64, 4),
    "ChannelGate.mlp.3.bias": (64,),
    "SpatialGate.spatial.conv.weight": (1, 2, 7, 7),
    "SpatialGate.spatial.bn.weight": (1,),
    "SpatialGate.spatial.bn.bias": (1,),
    "SpatialGate.spatial.bn.running_mean": (1,),
    "SpatialGate.spatial.bn.running_var": (1,),
    "SpatialGate.spatial.bn.num_batches_tracked": (),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 680, 256: 8564, 1024: 132260}

_POOLS = {
    "avg": lambda values: values.sum(2) / values.shape[2],
    "max": lambda values: values.sort(2).values[:, :, -1],
    "lp": lambda values: (values * values).sum(2) ** 0.5,
    "lse": lambda values: torch.log(torch.exp(values).sum(2)),
}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """Channel gates, then place gates."""
    state = {key: value.double() for key, value in module.state_dict().items()}
    score = torch.zeros(x.shape[:2], dtype=torch.float64)
    for kind in module.ChannelGate.pool_types:
        pooled = _POOLS[kind](x.flatten(2))
        hidden = pooled @ state["ChannelGate.mlp.1.weight"].T + state["ChannelGate.mlp.1.bias"]
        score = score + hidden.clamp(min=0) @ state["ChannelGate.mlp.3.weight"].T
        score = score + state["ChannelGate.mlp.3.bias"]
    x = x / (1 + torch.exp(-score))[:, :, None, None]
    if module.no_spatial:
        return x
    prefix = "SpatialGate.spatial."
    kernel = state[prefix + "conv.weight"][0]
    height, width = x.shape[2:]
    padded = F.pad(torch.stack((x.max(1).values, x.sum(1) / x.shape[1]), 1), (3, 3, 3, 3))
    plane = torch.zeros_like(x[:, 0])
    for a in range(7):
        for b in range(7):
            window = padded[:, :, a : a + height, b : b + width]
            plane += (window * kernel[:, a, b, None, None]).sum(1)
    deviation = (state[prefix + "bn.running_var"] + 1e-5).sqrt()
    plane = (plane - state[prefix + "bn.running_mean"]) / deviation
    plane = plane * state[prefix + "bn.weight"] + state[prefix + "bn.bias"]
    return x / (1 + torch.exp(-plane))[:, None]


class _ChannelGate(nn.Module):
    def __init__(self, channels: int, reduction_ratio: int, pool_types: Sequence[str]) -> None:
        super().__init__()
        hidden = channels // reduction_ratio
        self.mlp = nn.Sequential(
            nn.Flatten(), nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels)
        )
        self.pool_types = pool_types

    def forward(self, x: Tensor) -> Tensor:
        pools = {"avg": F.adaptive_avg_pool2d, "max": F.adaptive_max_pool2d}
        score = sum(self.mlp(pools[kind](x, 1)) for kind in self.pool_types)
        return x * torch.sigmoid(score)[:, :, None, None].expand_as(x)


class _Spatial(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.bn = nn.BatchNorm2d(1, eps=1e-5, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x))


class _SpatialGate(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.spatial = _Spatial()

    def forward(self, x: Tensor) -> Tensor:
        pooled = torch.cat((x.max(1)[0].unsqueeze(1), x.mean(1).unsqueeze(1)), dim=1)
        return x * torch.sigmoid(self.spatial(pooled))


class Transcription(nn.Module):
    """As the usual tutorials write it."""

    def __init__(
        self,
        gate_channels: int,
        reduction_ratio: int = 16,
        pool_types: Sequence[str] = ("avg", "max"),
        no_spatial: bool = False,
    ) -> None:
        super().__init__()
        self.ChannelGate = _ChannelGate(gate_channels, reduction_ratio, pool_types)
        self.no_spatial = no_spatial
        if not no_spatial:
            self.SpatialGate = _SpatialGate()

    def forward(self, x: Tensor) -> Tensor:
        x = self.ChannelGate(x)
        return x if self.no_spatial else self.SpatialGate(x)
