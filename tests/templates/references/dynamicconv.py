"""DynamicConv in float64: each image with its own kernel, one after the other."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((3,), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((3, 2), (3, 6, 7, 4)),
    ((5, 1, 2), (2, 8, 4, 6)),
    ((1, 1, 1, 3, 0.5, 1.0), (2, 6, 3, 5)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    {"conv.weight": (4, 64, 64, 1, 1)},
    plain.conv_keys("conv.attention.fc1", 16, 64, 1, 1, bias=False),
    plain.conv_keys("conv.attention.fc2", 4, 16, 1, 1, bias=False),
    plain.norm_keys("bn", 64),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 17600, 256: 279296, 1024: 4459520}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state, kernels = plain.state_of(module), module.conv
    mean = x.mean((2, 3), keepdim=True)
    hidden = plain.relu(plain.conv(state, "conv.attention.fc1", mean))
    scores = plain.conv(state, "conv.attention.fc2", hidden).flatten(1)
    shares = plain.softmax(scores / kernels.attention.temperature, 1)
    reach = state["conv.weight"].shape[3] // 2
    images = []
    for number in range(len(x)):
        own = torch.einsum("e,eocij->ocij", shares[number], state["conv.weight"])
        images.append(
            plain.conv(
                {"own.weight": own},
                "own",
                x[number : number + 1],
                (reach, reach),
                stride=kernels.stride,
                groups=kernels.groups,
            )
        )
    return plain.silu(plain.norm(state, "bn", torch.cat(images), module.bn.eps))


class _Attention(nn.Module):
    def __init__(self, channels: int, hidden: int, experts: int, temperature: float) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, hidden, 1, bias=False)
        self.fc2 = nn.Conv2d(hidden, experts, 1, bias=False)
        self.temperature = temperature

    def forward(self, x: Tensor) -> Tensor:
        scores = self.fc2(F.relu(self.fc1(self.pool(x)))).flatten(1)
        return F.softmax(scores / self.temperature, 1)


class _Kernels(nn.Module):
    def __init__(self, c1: int, c2: int, k: int, s: int, g: int, experts: int) -> None:
        super().__init__()
        self.stride, self.groups = s, g
        self.weight = nn.Parameter(torch.zeros(experts, c2, c1 // g, k, k))
        self.attention = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        n, c, height, width = x.shape
        experts, out, depth, k, _ = self.weight.shape
        own = (self.attention(x) @ self.weight.view(experts, -1)).view(n * out, depth, k, k)
        y = F.conv2d(
            x.reshape(1, n * c, height, width),
            own,
            stride=self.stride,
            padding=k // 2,
            groups=n * self.groups,
        )
        return y.view(n, out, y.shape[2], y.shape[3])


class Transcription(nn.Module):
    """The kernels mixed for each image, and the images convolved as groups."""

    def __init__(
        self,
        c1: int,
        c2: int,
        k: int = 1,
        s: int = 1,
        g: int = 1,
        experts: int = 4,
        ratio: float = 0.25,
        temperature: float = 30.0,
    ) -> None:
        super().__init__()
        self.conv = _Kernels(c1, c2, k, s, g, experts)
        self.conv.attention = _Attention(c1, int(c1 * ratio) or experts, experts, temperature)
        self.bn, self.act = nn.BatchNorm2d(c2), nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))
