"""SimAM in float64, from the closed form of the minimal energy."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((), (1, 8, 1, 2)),
    ((1024,), (1, 16, 40, 24)),
    ((None, 0.5), (1, 16, 9, 5)),
    ((64, 1e-7), (1, 3, 2, 2)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {}
OFFICIAL_PARAMS: dict[int, int] = {64: 0, 256: 0, 1024: 0}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """sigmoid(1 / e) x, with e = 4 (var + lambda) / ((t - mu)^2 + 2 var + 2 lambda)."""
    lam = module.e_lambda
    out = torch.empty_like(x)
    for image, result in zip(x, out, strict=True):
        for plane, target in zip(image, result, strict=True):
            mu = plane.sum() / plane.numel()
            var = ((plane - mu) ** 2).sum() / max(plane.numel() - 1, 1)
            energy = 4 * (var + lam) / ((plane - mu) ** 2 + 2 * var + 2 * lam)
            target.copy_(plane / (1 + torch.exp(-1 / energy)))
    return out


class Transcription(nn.Module):
    """Equations (5) and (6) as they stand."""

    def __init__(self, channels: int | None = None, e_lambda: float = 1e-4) -> None:
        super().__init__()
        self.e_lambda = e_lambda

    def forward(self, x: Tensor) -> Tensor:
        n = x.shape[2] * x.shape[3] - 1
        square = (x - x.mean(dim=(2, 3), keepdim=True)).pow(2)
        variance = square.sum(dim=(2, 3), keepdim=True) / n
        inverse_energy = square / (4 * (variance + self.e_lambda)) + 0.5
        return x * torch.sigmoid(inverse_energy)
