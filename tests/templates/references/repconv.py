"""RepConv in float64: the sum of its three branches, each convolution tap by tap."""

from __future__ import annotations

from torch import Tensor, nn

from . import plain

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((3, 2), (1, 6, 7, 4)),
    ((3, 1, 1, 2), (1, 8, 4, 6)),
    ((3, 1, None, 1, False), (1, 6, 3, 5)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = plain.merged(
    plain.norm_keys("rbr_identity", 64),
    plain.conv_keys("rbr_dense.0", 64, 64, 3, 3, bias=False),
    plain.norm_keys("rbr_dense.1", 64),
    plain.conv_keys("rbr_1x1.0", 64, 64, 1, 1, bias=False),
    plain.norm_keys("rbr_1x1.1", 64),
)
OFFICIAL_PARAMS: dict[int, int] = {64: 41344, 256: 656896, 1024: 10491904}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    state, dense = plain.state_of(module), module.rbr_dense[0]
    how = {"stride": dense.stride[0], "groups": dense.groups}
    wide = plain.conv(state, "rbr_dense.0", x, (1, 1), **how)
    point = plain.conv(state, "rbr_1x1.0", x, **how)
    y = plain.norm(state, "rbr_dense.1", wide) + plain.norm(state, "rbr_1x1.1", point)
    if "rbr_identity.weight" in state:
        y = y + plain.norm(state, "rbr_identity", x)
    return plain.silu(y) if isinstance(module.act, nn.SiLU) else y


def _branch(c1: int, c2: int, k: int, s: int, g: int) -> nn.Sequential:
    convolution = nn.Conv2d(c1, c2, k, s, k // 2, groups=g, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(c2))


class Transcription(nn.Module):
    """The three branches of training, added."""

    def __init__(
        self,
        c1: int,
        c2: int,
        k: int = 3,
        s: int = 1,
        p: int | None = None,
        g: int = 1,
        act: bool = True,
    ) -> None:
        super().__init__()
        self.act = nn.SiLU() if act else nn.Identity()
        self.rbr_identity = nn.BatchNorm2d(c1) if c1 == c2 and s == 1 else None
        self.rbr_dense = _branch(c1, c2, k, s, g)
        self.rbr_1x1 = _branch(c1, c2, 1, s, g)

    def forward(self, x: Tensor) -> Tensor:
        around = 0 if self.rbr_identity is None else self.rbr_identity(x)
        return self.act(self.rbr_dense(x) + self.rbr_1x1(x) + around)
