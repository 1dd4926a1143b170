"""FasterBlock in float64: PConv as in its own reference, the other convolutions as sums."""

from __future__ import annotations

from torch import Tensor, nn

from . import pconv, plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((2, 1.5), (1, 10, 5, 4)),
    ((1, 0.5), (1, 6, 3, 7)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.conv_keys("mlp.0", 128, 64, 1, 1, bias=False),
    plain.norm_keys("mlp.1", 128),
    plain.conv_keys("mlp.3", 64, 128, 1, 1, bias=False),
    plain.conv_keys("spatial_mixing.partial_conv3", 16, 16, 3, 3, bias=False),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 18944, 256: 300032, 1024: 4788224}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state = plain.state_of(module)
    y = pconv.partial(state, "spatial_mixing.partial_conv3", x)
    y = plain.norm(state, "mlp.1", plain.conv(state, "mlp.0", y))
    return x + plain.conv(state, "mlp.3", plain.relu(y))


class Transcription(nn.Module):
    """The block as the paper draws it."""

    def __init__(self, dim: int, n_div: int = 4, mlp_ratio: float = 2.0) -> None:
        super().__init__()
        hidden = int(dim * mlp_ratio)
        self.mlp = nn.Sequential(
            nn.Conv2d(dim, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(),
            nn.Conv2d(hidden, dim, 1, bias=False),
        )
        self.spatial_mixing = pconv.Transcription(dim, n_div)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mlp(self.spatial_mixing(x))
