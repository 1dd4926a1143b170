"""NAM in float64."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 24, 13, 17)),
    ((), (2, 3, 1, 1)),
    ((), (1, 3, 1, 1)),
    ((1024,), (1, 40, 5, 2)),
    ((None, 64, True), (1, 8, 3, 3)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "Channel_Att.bn2.weight": (64,),
    "Channel_Att.bn2.bias": (64,),
    "Channel_Att.bn2.running_mean": (64,),
    "Channel_Att.bn2.running_var": (64,),
    "Channel_Att.bn2.num_batches_tracked": (),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 128, 256: 512, 1024: 2048}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """Each channel's normalised map times the channel's share."""
    state = {key[16:]: value.double() for key, value in module.state_dict().items()}
    out = torch.empty_like(x)
    total = sum(abs(float(value)) for value in state["weight"])
    for i in range(x.shape[1]):
        score = (x[:, i] - state["running_mean"][i]) / (state["running_var"][i] + 1e-5).sqrt()
        score = score * state["weight"][i] + state["bias"][i]
        score = score * abs(float(state["weight"][i])) / total
        out[:, i] = x[:, i] / (1 + torch.exp(-score))
    return out


class _Channels(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        score = self.bn2(x)
        share = self.bn2.weight.abs() / self.bn2.weight.abs().sum()
        score = torch.mul(share, score.permute(0, 2, 3, 1).contiguous())
        score = score.permute(0, 3, 1, 2).contiguous()
        return torch.sigmoid(score) * x


class Transcription(nn.Module):
    """As the usual tutorials write it."""

    def __init__(
        self,
        channels: int,
        shape: int | None = None,
        out_channels: int | None = None,
        no_spatial: bool = True,
    ) -> None:
        super().__init__()
        self.Channel_Att = _Channels(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.Channel_Att(x)
