"""BiLevelRoutingAttention in float64: region by region, head by head."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Behind dim: n_win, num_heads, qk_dim, qk_scale, kv_per_win, ratio, kernel, mode, topk, ...
CASES: list[tuple[tuple, tuple[int, ...]]] = [
    ((), (2, 16, 8, 8)),
    ((), (1, 64, 14, 14)),
    ((), (1, 24, 13, 17)),
    ((), (2, 8, 1, 1)),
    ((), (1, 8, 2, 3)),
    ((1, 2, None, None, 4, 4, None, "identity", 1), (1, 8, 5, 6)),
    ((3, 4, 8), (1, 16, 7, 12)),
    ((2, 2, 6, 0.7), (2, 4, 5, 4)),
    ((2, 2, None, None, 2, 4, None, "ada_avgpool", 3), (1, 8, 11, 9)),
    ((2, 2, None, None, 3, 4, None, "ada_maxpool", 2), (1, 8, 4, 9)),
    ((2, 2, None, None, 4, 2, None, "avgpool", 4), (2, 8, 10, 14)),
    ((2, 2, None, None, 4, 3, None, "maxpool", 1), (1, 8, 8, 14)),
    ((2, 2, None, None, 4, 4, None, "avgpool", 2), (1, 8, 3, 20)),
    ((2, 2, None, None, 4, 1, None, "maxpool", 2), (1, 8, 4, 6)),
    ((3, 2, None, None, 4, 4, None, "identity", 9, "qkv"), (1, 8, 6, 5)),
    ((3, 2, None, None, 4, 4, None, "identity", 2, "qkvo", False, False, True), (1, 8, 6, 7)),
    ((3, 2, None, None, 4, 4, None, "identity", 4, "qkvo", False, True, True), (1, 8, 9, 7)),
    ((3, 2, 4, None, 4, 4, None, "identity", 4, "qkvo", True, True, True), (2, 8, 9, 7)),
    ((3, 2, 4, None, 4, 4, None, "identity", 1, "qkv", True, True, True), (1, 8, 9, 7)),
    ((2, 2, None, None, 4, 4, None, "identity", 2, "qkvo", False, False, False, 0), (1, 8, 4, 5)),
    ((2, 2, None, None, 4, 4, None, "identity", 2, "qkvo", False, False, False, 5), (1, 8, 4, 5)),
    (
        (2, 2, None, None, 4, 4, None, "identity", 2, "qkvo", False, False, False, 3, False),
        (1, 8, 4, 6),
    ),
]

OFFICIAL_KEYS_64: dict[str, tuple[int, ...]] = {
    "lepe.weight": (64, 1, 3, 3),
    "lepe.bias": (64,),
    "qkv.qkv.weight": (192, 64),
    "qkv.qkv.bias": (192,),
    "wo.weight": (64, 64),
    "wo.bias": (64,),
}
OFFICIAL_PARAMS: dict[int, int] = {64: 17280, 256: 265728, 1024: 4208640}


def reference(module: nn.Module, x: Tensor) -> Tensor:
    """Every region's answer, put where the region lies; then the local part and the output map."""
    state = {key: value.double() for key, value in module.state_dict().items()}
    count, _, height, width = x.shape
    side = (-(-height // module.n_win), -(-width // module.n_win))  # of one region
    full = torch.zeros(count, x.shape[1], side[0] * module.n_win, side[1] * module.n_win).double()
    full[:, :, :height, :width] = x
    mapped = torch.einsum("oc,nchw->nohw", state["qkv.qkv.weight"], full)
    mapped = mapped + state["qkv.qkv.bias"][:, None, None]
    q, k, v = mapped.split((module.qk_dim, module.qk_dim, module.dim), 1)
    out = torch.stack([_image(module, state, side, *parts) for parts in zip(q, k, v, strict=True)])
    if "lepe.weight" in state:
        out = out + _local(state["lepe.weight"][:, 0], v) + state["lepe.bias"][:, None, None]
    if "wo.weight" in state:
        out = torch.einsum("oc,nchw->nohw", state["wo.weight"], out)
        out = out + state["wo.bias"][:, None, None]
    return out[:, :, :height, :width]


def _image(
    module: nn.Module, state: dict[str, Tensor], side: tuple[int, int], *parts: Tensor
) -> Tensor:
    """Attention for the q, k, v of one image, each (c, h, w)."""
    boxes = [
        (slice(i * side[0], (i + 1) * side[0]), slice(j * side[1], (j + 1) * side[1]))
        for i in range(module.n_win)
        for j in range(module.n_win)
    ]
    q, k, v = ([part[(slice(None), *box)] for box in boxes] for part in parts)
    centre_q = _embedded(state, torch.stack([region.mean((1, 2)) for region in q]))
    centre_k = _embedded(state, torch.stack([region.mean((1, 2)) for region in k]))
    affinity = centre_q @ centre_k.T * module.scale
    out = torch.zeros_like(parts[2])
    for number, box in enumerate(boxes):
        chosen = torch.sort(affinity[number], descending=True, stable=True).indices[: module.topk]
        share = torch.softmax(affinity[number, chosen], 0) if module.soft_routing else None
        keys = _read(module, k, chosen, share)
        values = _read(module, v, chosen, share)
        out[(slice(None), *box)] = _answer(module, q[number], keys, values)
    return out


def _embedded(state: dict[str, Tensor], centres: Tensor) -> Tensor:
    if "router.emb.weight" not in state:
        return centres
    return centres @ state["router.emb.weight"].T + state["router.emb.bias"]


def _read(module: nn.Module, regions: list[Tensor], chosen: Tensor, share: Tensor | None) -> Tensor:
    """The pooled places of the chosen regions, one behind the other: (c, places)."""
    found = [_pooled(module, regions[number]).flatten(1) for number in chosen.tolist()]
    if share is not None:
        found = [places * weight for places, weight in zip(found, share, strict=True)]
    return torch.cat(found, 1)


def _pooled(module: nn.Module, region: Tensor) -> Tensor:
    mode = module.kv_downsample_mode
    if mode == "identity":
        return region
    bounds = []
    for size in region.shape[1:]:
        if mode.startswith("ada"):
            number = module.kv_per_win
            bounds.append(
                [(t * size // number, -(-(t + 1) * size // number)) for t in range(number)]
            )
        else:
            step = min(module.kv_downsample_ratio, size)
            bounds.append([(t * step, (t + 1) * step) for t in range(size // step)])
    reduce = torch.amax if mode.endswith("maxpool") else torch.mean
    rows = [
        torch.stack([reduce(region[:, a:b, c:d], (1, 2)) for c, d in bounds[1]], -1)
        for a, b in bounds[0]
    ]
    return torch.stack(rows, -2)


def _answer(module: nn.Module, q: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """softmax(scale q k) v of one region, each head with its share of the channels."""
    found = []
    heads = (part.chunk(module.num_heads, 0) for part in (q, keys, values))
    for q_head, k_head, v_head in zip(*heads, strict=True):
        logits = module.scale * torch.einsum("chw,ck->hwk", q_head, k_head)
        weights = torch.exp(logits - logits.max(-1, keepdim=True).values)
        weights = weights / weights.sum(-1, keepdim=True)
        found.append(torch.einsum("hwk,ck->chw", weights, v_head))
    return torch.cat(found)


def _local(weight: Tensor, v: Tensor) -> Tensor:
    """Every channel's own kernel over its own map, zeros outside."""
    kernel, pad = weight.shape[-1], weight.shape[-1] // 2
    height, width = v.shape[2:]
    padded = torch.nn.functional.pad(v, (pad, pad, pad, pad))
    out = torch.zeros_like(v)
    for a in range(kernel):
        for b in range(kernel):
            out += weight[:, a, b, None, None] * padded[:, :, a : a + height, b : b + width]
    return out


class Transcription(nn.Module):
    """Equations (3) to (7) as they stand: regions, routing, gather, attention."""

    def __init__(
        self, dim: int, n_win: int = 7, num_heads: int = 8, topk: int = 4, side_dwconv: int = 3
    ) -> None:
        super().__init__()
        self.dim, self.n_win, self.num_heads, self.topk = dim, n_win, num_heads, topk
        self.qkv = nn.ModuleDict({"qkv": nn.Linear(dim, 3 * dim)})
        self.lepe = nn.Conv2d(dim, dim, side_dwconv, padding=side_dwconv // 2, groups=dim)
        self.wo = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        side = self.n_win
        x = nn.functional.pad(x, (0, -width % side, 0, -height % side)).permute(0, 2, 3, 1)
        n, high, wide, c = x.shape
        q, k, v = self.qkv["qkv"](x).chunk(3, dim=-1)
        local = self.lepe(v.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        q, k, v = (self._regions(t) for t in (q, k, v))
        affinity = q.mean(2) @ k.mean(2).transpose(1, 2)
        index = affinity.topk(self.topk, dim=-1).indices
        k, v = self._gather(k, index), self._gather(v, index)
        q, k, v = (
            t.reshape(n, side**2, -1, self.num_heads, c // self.num_heads).transpose(2, 3)
            for t in (q, k, v)
        )
        weights = torch.softmax(self.dim**-0.5 * q @ k.transpose(-2, -1), dim=-1)
        out = (weights @ v).transpose(2, 3)
        out = out.reshape(n, side, side, high // side, wide // side, c).permute(0, 1, 3, 2, 4, 5)
        out = self.wo(out.reshape(n, high, wide, c) + local)
        return out[:, :height, :width].permute(0, 3, 1, 2).contiguous()

    def _regions(self, x: Tensor) -> Tensor:
        """(n, H, W, c) -> (n, regions, places, c)."""
        n, height, width, c = x.shape
        side = self.n_win
        x = x.reshape(n, side, height // side, side, width // side, c).permute(0, 1, 3, 2, 4, 5)
        return x.reshape(n, side**2, -1, c)

    def _gather(self, x: Tensor, index: Tensor) -> Tensor:
        """For every region the places of the regions it reads, one behind the other."""
        n, regions, places, c = x.shape
        wide = x.unsqueeze(1).expand(n, regions, regions, places, c)
        chosen = index[..., None, None].expand(n, regions, self.topk, places, c)
        return torch.gather(wide, 2, chosen).reshape(n, regions, -1, c)
