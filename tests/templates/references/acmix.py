"""ACmix in float64: every window walked place by place, every mirror step by step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 64, 5, 7)),
    ((), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((), (1, 8, 2, 3)),
    ((), (1, 8, 1, 9)),
    ((1,), (1, 16, 6, 5)),
    ((9, 2), (1, 16, 4, 19)),
    ((5, 8, 1), (1, 16, 9, 6)),
    ((3, 4, 5), (2, 16, 9, 10)),
    ((7, 4, 3, 2), (1, 16, 9, 12)),
    ((3, 1, 3, 3), (1, 6, 20, 2)),
    ((5, 2, 3, 1, 2), (1, 8, 11, 9)),
    ((3, 4, 3, 2, 3), (2, 16, 18, 7)),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "rate1": (1,),
    "rate2": (1,),
    "conv1.weight": (64, 64, 1, 1),
    "conv1.bias": (64,),
    "conv2.weight": (64, 64, 1, 1),
    "conv2.bias": (64,),
    "conv3.weight": (64, 64, 1, 1),
    "conv3.bias": (64,),
    "conv_p.weight": (16, 2, 1, 1),
    "conv_p.bias": (16,),
    "fc.weight": (9, 12, 1, 1),
    "dep_conv.weight": (64, 9, 3, 3),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 17822, 256: 218414, 1024: 3232622}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """rate1 * attention + rate2 * convolution, from the state alone."""
    state = {key: value.double() for key, value in module.state_dict().items()}
    heads = []
    for name in ("conv1", "conv2", "conv3"):
        weight = state[f"{name}.weight"][:, :, 0, 0]
        full = torch.einsum("oc,nchw->nohw", weight, x) + state[f"{name}.bias"][:, None, None]
        heads.append(full.unflatten(1, (module.head, -1)))  # n, head, d, h, w
    attention = _attention(module, state, *heads)
    convolution = _convolution(module, state, torch.cat(heads, 1))
    return state["rate1"] * attention + state["rate2"] * convolution


def _attention(
    module: nn.Module, state: dict[str, Tensor], q: Tensor, k: Tensor, v: Tensor
) -> Tensor:
    _, _, depth, height, width = q.shape
    place = _place(state, height, width)
    rows = []
    for i in range(0, height, module.stride):
        row = []
        for j in range(0, width, module.stride):
            across = _window(j, width, module.kernel_att, module.dilation)
            down = _window(i, height, module.kernel_att, module.dilation)
            near = (..., torch.tensor(down)[:, None], torch.tensor(across))
            keys = k[near] + place[:, i, j, None, None] - place[near]
            logits = torch.einsum("nmd,nmdab->nmab", q[..., i, j], keys) / depth**0.5
            weights = torch.exp(logits - logits.amax((2, 3), keepdim=True))
            weights = weights / weights.sum((2, 3), keepdim=True)
            row.append(torch.einsum("nmab,nmdab->nmd", weights, v[near]).flatten(1))
        rows.append(torch.stack(row, -1))
    return torch.stack(rows, -2)


def _place(state: dict[str, Tensor], height: int, width: int) -> Tensor:
    across = torch.linspace(-1, 1, width, dtype=torch.float64).expand(height, width)
    down = torch.linspace(-1, 1, height, dtype=torch.float64)[:, None].expand(height, width)
    weight = state["conv_p.weight"][:, :, 0, 0]
    linear = torch.einsum("dp,phw->dhw", weight, torch.stack((across, down)))
    return linear + state["conv_p.bias"][:, None, None]


def _window(centre: int, size: int, kernel: int, dilation: int) -> list[int]:
    return [_mirrored(centre + dilation * (t - kernel // 2), size) for t in range(kernel)]


def _mirrored(position: int, size: int) -> int:
    """Bounces off both ends until it lies on the map."""
    while size > 1 and not 0 <= position < size:
        position = -position if position < 0 else 2 * (size - 1) - position
    return position if size > 1 else 0


def _convolution(module: nn.Module, state: dict[str, Tensor], slots: Tensor) -> Tensor:
    """Channel d of all 3 * head slots is mixed into maps, which make channels d * head + 0..."""
    count, _, depth, height, width = slots.shape
    maps = torch.einsum("ts,nsdhw->ndthw", state["fc.weight"][:, :, 0, 0], slots)
    kernel, pad = module.kernel_conv, module.kernel_conv // 2
    padded = torch.nn.functional.pad(maps, (pad, pad, pad, pad))
    weight = state["dep_conv.weight"].reshape(depth, -1, kernel * kernel, kernel, kernel)
    out = torch.zeros(count, depth, weight.shape[1], height, width, dtype=torch.float64)
    for a in range(kernel):
        for b in range(kernel):
            shifted = padded[..., a : a + height, b : b + width]
            out += torch.einsum("dot,ndthw->ndohw", weight[..., a, b], shifted)
    return out.flatten(1, 2)[:, :, :: module.stride, :: module.stride]


class Transcription(nn.Module):
    """Equations (3) to (9) as they stand: every window is unfolded."""

    def __init__(
        self,
        in_planes: int,
        out_planes: int,
        kernel_att: int = 7,
        head: int = 4,
        kernel_conv: int = 3,
        stride: int = 1,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        assert stride == dilation == 1, "the usual setting is enough for a comparison"
        self.head, self.depth, self.kernel = head, out_planes // head, kernel_att
        self.rate1 = nn.Parameter(torch.full((1,), 0.5))
        self.rate2 = nn.Parameter(torch.full((1,), 0.5))
        self.conv1 = nn.Conv2d(in_planes, out_planes, 1)
        self.conv2 = nn.Conv2d(in_planes, out_planes, 1)
        self.conv3 = nn.Conv2d(in_planes, out_planes, 1)
        self.conv_p = nn.Conv2d(2, self.depth, 1)
        self.pad = nn.ReflectionPad2d(kernel_att // 2)
        self.unfold = nn.Unfold(kernel_att)
        taps = kernel_conv**2
        self.fc = nn.Conv2d(3 * head, taps, 1, bias=False)
        self.dep_conv = nn.Conv2d(
            taps * self.depth,
            out_planes,
            kernel_conv,
            padding=kernel_conv // 2,
            groups=self.depth,
            bias=False,
        )

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.conv1(x), self.conv2(x), self.conv3(x)
        n, _, h, w = q.shape
        attention = self._attention(*(t.reshape(n * self.head, -1, h, w) for t in (q, k, v)))
        slots = [t.reshape(n, self.head, self.depth, h * w) for t in (q, k, v)]
        mixed = self.fc(torch.cat(slots, dim=1))  # n, taps, depth, places
        mixed = mixed.permute(0, 2, 1, 3).reshape(n, -1, h, w)
        return self.rate1 * attention.reshape(n, -1, h, w) + self.rate2 * self.dep_conv(mixed)

    def _attention(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        h, w = q.shape[2:]
        across = torch.linspace(-1, 1, w, dtype=q.dtype).reshape(1, w).expand(h, w)
        down = torch.linspace(-1, 1, h, dtype=q.dtype).reshape(h, 1).expand(h, w)
        place = self.conv_p(torch.stack((across, down)).unsqueeze(0))
        keys = self._windows(k) + place.unsqueeze(2) - self._windows(place)
        scores = (q.unsqueeze(2) * self.depth**-0.5 * keys).sum(1, keepdim=True)
        return (torch.softmax(scores, dim=2) * self._windows(v)).sum(2)

    def _windows(self, x: Tensor) -> Tensor:
        """(n, c, h, w) -> (n, c, places of a window, h, w)."""
        return self.unfold(self.pad(x)).reshape(*x.shape[:2], self.kernel**2, *x.shape[2:])
