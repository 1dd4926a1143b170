"""FocalModulation in float64: kernels tap by tap, the levels summed at the end."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (1, 8, 1, 1)),
    ((), (2, 3, 2, 3)),
    ((5, 3, 4), (2, 16, 6, 9)),
    ((1, 1, 0, False), (1, 16, 5, 4)),
    ((7, 2, 2, True, 0.5, True), (2, 16, 3, 8)),
    ((3, 4, 2, True, 0.0, False, True), (1, 16, 7, 5)),
    ((3, 2, 2, False, 0.0, True, True), (1, 16, 4, 4)),
]

# Of the copies in YOLO forks. The authors' class has the same numbers in linear layers, and f
# instead of f_linear.
OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("f_linear", 131, 64, 1, 1),
    plain.conv_keys("h", 64, 64, 1, 1),
    plain.conv_keys("proj", 64, 64, 1, 1),
    plain.conv_keys("focal_layers.0.0", 64, 1, 3, 3, bias=False),
    plain.conv_keys("focal_layers.1.0", 64, 1, 5, 5, bias=False),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 19011, 256: 272643, 1024: 4236291}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state, levels = plain.state_of(module), len(module.focal_layers)
    first = plain.conv(state, "f_linear", x)
    q, z, gates = first.split((module.dim, module.dim, levels + 1), 1)
    seen = []
    for level in range(levels):
        side = state[f"focal_layers.{level}.0.weight"].shape[2] // 2
        name = f"focal_layers.{level}.0"
        z = plain.gelu(plain.conv(state, name, z, (side, side), groups=module.dim))
        seen.append(z)
    overall = plain.gelu(z.sum((2, 3)) / (x.shape[2] * x.shape[3]))
    seen.append(overall[:, :, None, None].expand_as(z))
    total = torch.einsum("lnchw,nlhw->nchw", torch.stack(seen), gates) * module.share
    out = q * plain.conv(state, "h", total)
    if "ln.weight" in state:
        apart = out - out.mean(1, keepdim=True)
        out = apart / (apart.pow(2).mean(1, keepdim=True) + 1e-5).sqrt()
        out = out * state["ln.weight"][:, None, None] + state["ln.bias"][:, None, None]
    return plain.conv(state, "proj", out)


class Transcription(nn.Module):
    """The equations with the operators that tutorials use, for the default arguments."""

    def __init__(self, dim, focal_window=3, focal_level=2, focal_factor=2):
        super().__init__()
        self.dim, self.focal_level = dim, focal_level
        self.f_linear = nn.Conv2d(dim, 2 * dim + focal_level + 1, 1)
        self.h = nn.Conv2d(dim, dim, 1)
        self.act = nn.GELU()
        self.proj = nn.Conv2d(dim, dim, 1)
        self.focal_layers = nn.ModuleList()
        for level in range(focal_level):
            size = focal_window + level * focal_factor
            conv = nn.Conv2d(dim, dim, size, padding=size // 2, groups=dim, bias=False)
            self.focal_layers.append(nn.Sequential(conv, nn.GELU()))

    def forward(self, x: Tensor) -> Tensor:
        q, z, gates = torch.split(self.f_linear(x), (self.dim, self.dim, self.focal_level + 1), 1)
        total = 0.0
        for level, layer in enumerate(self.focal_layers):
            z = layer(z)
            total = total + z * gates[:, level : level + 1]
        overall = self.act(z.mean(2, keepdim=True).mean(3, keepdim=True))
        total = total + overall * gates[:, self.focal_level :]
        return self.proj(q * self.h(total))
