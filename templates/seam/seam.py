# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class SEAM(nn.Module):
    """Channel weights between 1 and e, from a small network that sees the neighbourhood.

    Shapes: (N, C, H, W) to (N, C, H, W).

        u = DCovN(x),    y = x * exp(sigmoid(W2 relu(W1 mean over the map of u)))

    DCovN is n times: u + BN(gelu(depthwise 3x3 of u)), then BN(gelu(1x1 of that)). W1 has
    C / reduction rows, at least 1. One image with a 1x1 map has no spread to train a BatchNorm
    on: its running statistics stand in.

    YOLO-FaceV2: A scale and occlusion aware face detector, Pattern Recognition 2024,
    https://arxiv.org/abs/2208.02019
    """

    def __init__(self, c1, c2, n=1, reduction=16):
        super().__init__()
        _SEAM_check_int("c1", c1)
        _SEAM_check_int("c2", c2)
        _SEAM_check_int("n", n, 1, 16)
        _SEAM_check_int("reduction", reduction)
        if c1 != c2:
            problem = f"{c1} channels come in and {c2} should go out, but the layer keeps them"
            raise _SEAM_fail(ValueError, problem)
        self.DCovN = nn.Sequential(*[_SEAM_block(c2) for _ in range(n)])
        hidden = max(1, c2 // reduction)
        self.fc = nn.Sequential(
            nn.Linear(c2, hidden, bias=False),
            nn.ReLU(),
            nn.Linear(hidden, c2, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x):
        weight = torch.exp(self.fc(self.DCovN(x).mean((2, 3))))
        return x * weight.unsqueeze(-1).unsqueeze(-1).to(x.dtype)


def _SEAM_block(channels):
    """One round of DCovN."""
    spatial = _SEAMStack(
        nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
        nn.GELU(),
        nn.BatchNorm2d(channels),
    )
    return _SEAMStack(
        _SEAMResidual(spatial),
        nn.Conv2d(channels, channels, 1),
        nn.GELU(),
        nn.BatchNorm2d(channels),
    )


class _SEAMResidual(nn.Module):
    """What goes in plus what fn makes of it."""

    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x):
        return self.fn(x) + x


class _SEAMStack(nn.Sequential):
    """A Sequential whose BatchNorm also trains on a single value per channel.

    One image with a 1x1 map has no spread to learn from: the running statistics stand in.
    """

    def forward(self, x):
        for layer in self:
            alone = isinstance(layer, nn.BatchNorm2d) and layer.training
            if alone and x.numel() == x.shape[1]:
                mean, var = layer.running_mean, layer.running_var
                x = F.batch_norm(x, mean, var, layer.weight, layer.bias, False, 0.0, layer.eps)
            else:
                x = layer(x)
        return x


def _SEAM_fail(kind, problem, args="1024, 1, 16"):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"SEAM: {problem}; write the row [-1, 1, SEAM, [{args}]]")


def _SEAM_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _SEAM_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _SEAM_fail(ValueError, problem)
