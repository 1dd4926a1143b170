"""Parameters and multiply-adds of a template, counted without computing anything."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from . import support

CHANNELS = (64, 256, 1024)
SHAPES = ((256, 40, 40), (512, 20, 20))


def measure(folder: str) -> dict[str, Any]:
    """By channels and by shape; a count of channels that the defaults refuse is left out."""
    refused = support.refused(folder)
    return {
        "parameters": {str(c): parameters(folder, c) for c in CHANNELS if c not in refused},
        "mmacs": {"x".join(map(str, s)): mmacs(folder, *s) for s in SHAPES if s[0] not in refused},
    }


def parameters(folder: str, channels: int) -> int:
    with torch.device("meta"):
        module = support.build(folder, channels, *support.usual(folder))
    return sum(value.numel() for value in module.parameters())


def mmacs(folder: str, channels: int, height: int, width: int) -> float:
    """In convolutions and matrix products, for one image; what the class does, tiling included."""
    with torch.device("meta"):
        module = support.build(folder, channels, *support.usual(folder)).eval()
        x = torch.empty(1, channels, height, width)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(x)
    return round(counter.get_total_flops() / 2e6, 2)
