"""Small networks with every kind of pair, layer by layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tests.templates import support


class Conv(nn.Module):
    """A convolution as YOLOv5 has it; the activation is one object for all, as there."""

    default_act = nn.SiLU()

    def __init__(self, c1: int, c2: int, act: nn.Module | None = None) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = act or self.default_act

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class Swish(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)


class Hardswish(nn.Module):
    """That of YOLOv5's own utils."""

    def forward(self, x: Tensor) -> Tensor:
        return x * nn.functional.hardtanh(x + 3, 0.0, 6.0) / 6.0


class Lean(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)


class LeanSwish(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return Lean.apply(x)


class Block(nn.Module):
    """Two convolutions in a row, and a gate by a sigmoid of its own."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.m = nn.Sequential(Conv(c, c), Conv(c, c, nn.SiLU(inplace=True)))
        self.gate = nn.Conv2d(c, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.m(x).mul_(self.gate(x).sigmoid_())


class Detect(nn.Module):
    """The decoding of YOLOv5's head."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.m = nn.Conv2d(c, 7, 1)

    def forward(self, x: Tensor) -> Tensor:
        n, _, h, w = x.shape
        y = self.m(x).view(n, 1, 7, h, w).permute(0, 1, 3, 4, 2).contiguous()
        xy, wh, conf = y.sigmoid().split((2, 2, 3), 4)
        grid = torch.ones(h, w, 2).cumsum(0)
        return torch.cat(((xy * 2 + grid) * 8, (wh * 2) ** 2 * 3.0, conf), 4)


class Model(nn.Module):
    """Layers in a Sequential that is walked, not called, as in YOLOv5."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.model:
            x = layer(x)
        return x


C = 16
# A layer, and what is to be found in it.
LAYERS: list[tuple[nn.Module, dict[str, int]]] = [
    (Conv(3, C), {"silu": 1}),
    (Conv(C, C, Swish()), {"silu": 1}),
    (Conv(C, C, nn.Hardswish()), {"hardswish": 1}),
    (Conv(C, C, Hardswish()), {"hardswish": 1}),
    (support.build("se", C), {"gate": 1}),
    (support.build("cbam", C), {"gate": 2}),
    (support.build("simam", C), {"gate": 1}),
    (support.build("coordatt", C), {"gate": 2, "hardswish": 1}),
    (support.build("eca", C), {"gate": 1}),
    (support.build("nam", C), {"gate": 1}),
    (Block(C), {"silu": 2, "gate": 1}),
    (nn.Conv2d(C, C, 1), {}),
    (Detect(C), {"constant": 2}),
]
SIMAM = 6
WANTED = {index: kinds for index, (_, kinds) in enumerate(LAYERS) if kinds}


def network() -> Model:
    """Return all of them in a row."""
    return Model(*(layer for layer, _ in LAYERS)).eval()
