# SPDX-License-Identifier: 0BSD
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def _BiLevelRoutingAttention_rearrange(x, pattern, **sizes):
    """einops.rearrange, imported at use: a fork without einops can still import this file."""
    from einops import rearrange

    return rearrange(x, pattern, **sizes)


def _BiLevelRoutingAttention_require_einops():
    """Say at construction, not in the first forward pass, that einops is missing."""
    try:
        import einops  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "BiLevelRoutingAttention needs the package einops: pip install einops"
        ) from error


def _BiLevelRoutingAttention_fail(kind, problem, args=""):
    """One shape for every refusal: what is wrong, then the row that works."""
    row = f"[-1, 1, BiLevelRoutingAttention, [{args}]]"
    return kind(f"BiLevelRoutingAttention: {problem}; write the row {row}")


def _BiLevelRoutingAttention_check_int(name, value, low, high=None):
    """Refuse what is not an int in low..high: a stray YAML number must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _BiLevelRoutingAttention_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _BiLevelRoutingAttention_fail(ValueError, problem)


def _BiLevelRoutingAttention_check_scale(value):
    """A temperature is a finite number above nought."""
    problem = f"qk_scale must be None or a finite number above 0, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _BiLevelRoutingAttention_fail(TypeError, problem)
    if not (math.isfinite(value) and value > 0):
        raise _BiLevelRoutingAttention_fail(ValueError, problem)


def _BiLevelRoutingAttention_check_choice(name, value, choices):
    """Refuse a word that is not among those implemented."""
    problem = f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}"
    if not isinstance(value, str):
        raise _BiLevelRoutingAttention_fail(TypeError, problem)
    if value not in choices:
        raise _BiLevelRoutingAttention_fail(ValueError, problem)


def _BiLevelRoutingAttention_check_heads(dim, qk_dim, num_heads):
    """Every head takes an equal share of the queries' and of the values' channels."""
    if dim % num_heads or qk_dim % num_heads:
        common = math.gcd(dim, qk_dim)
        fitting = [n for n in range(1, min(num_heads, common + 1)) if common % n == 0]
        heads = f"num_heads={num_heads} (the order is n_win, num_heads)"
        problem = f"{heads} does not divide dim={dim} and qk_dim={qk_dim}, but these do: "
        problem += ", ".join(map(str, fitting[-8:]))
        raise _BiLevelRoutingAttention_fail(ValueError, problem, f"7, {fitting[-1]}")


def _BiLevelRoutingAttention_check_routing(param_routing, diff_routing, soft_routing):
    """The combinations that are defined, and train every parameter they have."""
    flags = (("param", param_routing), ("diff", diff_routing), ("soft", soft_routing))
    for name, value in flags:
        if not isinstance(value, bool):
            problem = f"{name}_routing must be True or False, got {value!r}"
            raise _BiLevelRoutingAttention_fail(TypeError, problem)
    if diff_routing and not soft_routing:
        problem = "diff_routing=True without soft_routing=True (hard routing) is not defined"
        raise _BiLevelRoutingAttention_fail(ValueError, problem)
    if param_routing and not diff_routing:
        problem = "param_routing=True without diff_routing=True would never train its parameters"
        raise _BiLevelRoutingAttention_fail(ValueError, problem)


def _BiLevelRoutingAttention_is_recorded():
    """Tells whether a tracer, a compiler or an exporter is watching this call."""
    if torch._C._get_tracing_state() is not None:
        return True
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return compiling is not None and compiling()


def _BiLevelRoutingAttention_crop(x, height, width):
    """The places of the map without the padding below and beside it."""
    if _BiLevelRoutingAttention_is_exported():
        # An exporter cannot prove of a slice that it ends within the padded side.
        return F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2]))
    return x[:, :, :height, :width]


def _BiLevelRoutingAttention_is_exported():
    """Tells whether torch.export is watching this call."""
    exporting = getattr(getattr(torch, "compiler", None), "is_exporting", None)
    return exporting is not None and exporting()


def _BiLevelRoutingAttention_linear(layer, x):
    """The linear map of the last axis; on a CPU as a 1x1 convolution, whose kernels are faster."""
    # Routed by what it is: wo may be an Identity, and other devices have fast linear maps.
    plain = not isinstance(layer, nn.Linear) or x.device.type != "cpu" or x.dim() < 3
    if plain or x.dtype != torch.float32 or _BiLevelRoutingAttention_is_recorded():
        return layer(x)
    places = x.reshape(1, -1, 1, x.shape[-1]).permute(0, 3, 1, 2)  # channels_last as it stands
    out = F.conv2d(places, layer.weight.unsqueeze(-1).unsqueeze(-1), layer.bias)
    return out.permute(0, 2, 3, 1).reshape((*x.shape[:-1], layer.out_features))


def _BiLevelRoutingAttention_attend(q, k, v):
    """softmax(q k^T / sqrt(d)) v for (..., length, d)."""
    fused = getattr(F, "scaled_dot_product_attention", None)
    # Traced graphs get plain operators: older ONNX opsets do not know the fused one.
    if fused is not None and not torch.jit.is_tracing():
        return fused(q, k, v)
    logits = torch.matmul(q * float(q.shape[-1]) ** -0.5, k.transpose(-2, -1))
    return torch.matmul(torch.softmax(logits, dim=-1), v)


class _BiLevelRoutingAttentionProjection(nn.Module):
    """One linear map to queries, keys and values (a module for the official key `qkv.qkv`)."""

    def __init__(self, dim, qk_dim):
        super().__init__()
        self.sizes = [qk_dim, qk_dim, dim]
        self.qkv = nn.Linear(dim, sum(self.sizes))

    def forward(self, x):
        return _BiLevelRoutingAttention_linear(self.qkv, x).split(self.sizes, dim=-1)


class _BiLevelRoutingAttentionRouter(nn.Module):
    """Region-to-region affinity: which topk regions each region reads, and how much."""

    def __init__(self, dim, scale, topk, embedded, differentiable):
        super().__init__()
        self.scale, self.topk, self.differentiable = scale, topk, differentiable
        self.emb = nn.Linear(dim, dim) if embedded else nn.Identity()

    def forward(self, q, k):
        """(n, regions, dim) twice -> weights and indices, both (n, regions, topk)."""
        if not self.differentiable:
            q, k = q.detach(), k.detach()
        # topk is discrete: this order of operations decides near ties, so it is the official one.
        affinity = torch.matmul(self.emb(q) * self.scale, self.emb(k).transpose(-2, -1))
        best, index = torch.topk(affinity, self.topk, dim=-1)
        return torch.softmax(best, dim=-1), index


class BiLevelRoutingAttention(nn.Module):
    """Attention from each region of the map to the topk regions that suit it best.

    Shapes: (N, C, H, W) -> (N, C, H, W) with C = dim, for n_win x n_win regions.

    With q, k, v = linear maps of every place, Q and K the means of q and k over each region:

        read   = the topk regions of largest scale Q K^T, for each region
        out_i  = softmax(scale q_i k^T) v over all places in the regions that i's region reads
        output = linear(out + depthwise convolution of v)

    A side that n_win does not divide is padded with zeros at its end before the linear maps, as
    the official code does: the padding then holds the biases as keys and values, and takes part
    in routing and attention.  Region means in half precision are summed in float32 by torch.

    BiFormer: Vision Transformer with Bi-Level Routing Attention, CVPR 2023,
    https://arxiv.org/abs/2303.08810
    """

    def __init__(
        self,
        dim,
        n_win=7,
        num_heads=8,
        qk_dim=None,
        qk_scale=None,
        kv_per_win=4,
        kv_downsample_ratio=4,
        kv_downsample_kernel=None,
        kv_downsample_mode="identity",
        topk=4,
        param_attention="qkvo",
        param_routing=False,
        diff_routing=False,
        soft_routing=False,
        side_dwconv=3,
        auto_pad=True,
    ):
        super().__init__()
        _BiLevelRoutingAttention_require_einops()
        _BiLevelRoutingAttention_check_int("dim", dim, 1)
        # 64 and more is a channel count that slipped into n_win's place.
        _BiLevelRoutingAttention_check_int("n_win", n_win, 1, 63)
        _BiLevelRoutingAttention_check_int("num_heads", num_heads, 1)
        qk_dim = dim if qk_dim is None else qk_dim
        _BiLevelRoutingAttention_check_int("qk_dim", qk_dim, 1)
        _BiLevelRoutingAttention_check_heads(dim, qk_dim, num_heads)
        _BiLevelRoutingAttention_check_int("topk (of n_win * n_win)", topk, 1, n_win * n_win)
        qk_scale = qk_dim**-0.5 if qk_scale is None else qk_scale
        _BiLevelRoutingAttention_check_scale(qk_scale)
        _BiLevelRoutingAttention_check_choice("param_attention", param_attention, ("qkvo", "qkv"))
        _BiLevelRoutingAttention_check_routing(param_routing, diff_routing, soft_routing)
        self._check_pooling(
            kv_per_win, kv_downsample_ratio, kv_downsample_kernel, kv_downsample_mode
        )
        self._check_sides(side_dwconv, auto_pad)
        self.dim, self.qk_dim, self.scale = dim, qk_dim, float(qk_scale)
        self.n_win, self.num_heads, self.topk = n_win, num_heads, topk
        self.kv_downsample_mode = kv_downsample_mode
        self.kv_per_win, self.kv_downsample_ratio = kv_per_win, kv_downsample_ratio
        self.soft_routing, self.auto_pad = soft_routing, auto_pad

        self.lepe = None
        if side_dwconv:
            self.lepe = nn.Conv2d(dim, dim, side_dwconv, padding=side_dwconv // 2, groups=dim)
        self.router = _BiLevelRoutingAttentionRouter(
            qk_dim, self.scale, topk, param_routing, diff_routing
        )
        self.qkv = _BiLevelRoutingAttentionProjection(dim, qk_dim)
        self.wo = nn.Linear(dim, dim) if param_attention == "qkvo" else nn.Identity()

    @staticmethod
    def _check_pooling(per_win, ratio, kernel, mode):
        _BiLevelRoutingAttention_check_int("kv_per_win", per_win, 1, 63)
        _BiLevelRoutingAttention_check_int("kv_downsample_ratio", ratio, 1, 63)
        if kernel is not None:
            problem = f"kv_downsample_kernel must be None, no pooling reads it, got {kernel!r}"
            raise _BiLevelRoutingAttention_fail(ValueError, problem)
        modes = ("identity", "ada_avgpool", "ada_maxpool", "avgpool", "maxpool")
        _BiLevelRoutingAttention_check_choice("kv_downsample_mode", mode, modes)

    @staticmethod
    def _check_sides(side_dwconv, auto_pad):
        _BiLevelRoutingAttention_check_int("side_dwconv", side_dwconv, 0, 31)
        if side_dwconv and side_dwconv % 2 == 0:
            problem = f"side_dwconv must be 0 (none) or odd, got {side_dwconv}"
            raise _BiLevelRoutingAttention_fail(ValueError, problem)
        if not isinstance(auto_pad, bool):
            problem = f"auto_pad must be True or False, got {auto_pad!r}"
            raise _BiLevelRoutingAttention_fail(TypeError, problem)

    def _pad(self, x):
        """Zeros at the right and the bottom, up to sides that n_win divides."""
        height, width = x.shape[2:]
        # In terms of the regions: an exporter then knows that they divide.
        below = (height + self.n_win - 1) // self.n_win * self.n_win - height
        beside = (width + self.n_win - 1) // self.n_win * self.n_win - width
        if self.auto_pad:
            return F.pad(x, (0, beside, 0, below))
        if below or beside:
            problem = f"auto_pad=False needs sides that {self.n_win} divides, got {height}x{width}"
            raise _BiLevelRoutingAttention_fail(ValueError, problem)
        return x

    def _pool(self, x):
        """Fewer keys (or values) a region: (n, regions, h, w, c) -> the same with less h and w."""
        mode, ratio = self.kv_downsample_mode, self.kv_downsample_ratio
        if mode == "identity":
            return x
        n, _, height, width, _ = x.shape
        x = _BiLevelRoutingAttention_rearrange(x, "n r h w c -> (n r) c h w")
        if mode == "ada_avgpool":
            x = F.adaptive_avg_pool2d(x, self.kv_per_win)
        elif mode == "ada_maxpool":
            x = F.adaptive_max_pool2d(x, self.kv_per_win)
        else:
            pool = F.avg_pool2d if mode == "avgpool" else F.max_pool2d
            # Only whole windows count, but a region smaller than the ratio is one window.
            x = pool(x, ratio, ceil_mode=True)
            x = x[:, :, : height // ratio + (height < ratio), : width // ratio + (width < ratio)]
        return _BiLevelRoutingAttention_rearrange(x, "(n r) c h w -> n r h w c", n=n)

    def _rows(self, index):
        """Where each head of each chosen region lies among (n heads regions) rows."""
        n, regions, _ = index.shape
        first = torch.arange(n * self.num_heads, device=index.device) * regions
        return first.reshape(n, 1, self.num_heads, 1) + index.unsqueeze(2)

    def _table(self, x):
        """Rows to gather: (n, r, h, w, m c) -> (n m r, h w c), a region's share of a head each."""
        return _BiLevelRoutingAttention_rearrange(
            self._pool(x), "n r h w (m c) -> (n m r) (h w c)", m=self.num_heads
        )

    def _gather(self, table, rows, weights, depth):
        """The places of the chosen regions for some regions: (some, m, topk h w, c).

        A region's share of a head lies in one piece, so that one index_select copies whole rows
        and needs no index as large as its result.
        """
        x = table.index_select(0, rows.reshape(-1))
        if weights is not None:
            x = x.reshape(rows.shape[0], self.num_heads, self.topk, -1)
            x = x * weights.reshape(-1, 1, self.topk, 1)
        return x.reshape(rows.shape[0], self.num_heads, -1, depth)

    def _region_means(self, x, q, k):
        """The means of q and k over each region."""
        short = x.dtype == torch.float16 or x.dtype == torch.bfloat16
        if not short or self.router.differentiable:
            return q.mean((2, 3)), k.mean((2, 3))
        # Rounded queries choose other regions: the means of x give those of q and k in float32.
        layer = self.qkv.qkv
        rows = slice(0, 2 * self.qk_dim)
        means = x.mean((2, 3), dtype=torch.float32)
        both = F.linear(means, layer.weight[rows].float(), layer.bias[rows].float())
        return both.split(self.qk_dim, dim=-1)

    def _attention(self, x, q, k, v):
        """Attention of each region's places to the regions routed to it, in q's layout."""
        weights, index = self.router(*self._region_means(x, q, k))
        weights = weights.flatten(0, 1) if self.soft_routing else None
        rows = self._rows(index).flatten(0, 1)
        n, _, height, width, _ = q.shape
        # The official scale goes by all channels; the attention itself divides by sqrt(d).
        factor = self.scale * math.sqrt(self.qk_dim // self.num_heads)
        q = _BiLevelRoutingAttention_rearrange(
            q, "n r h w (m c) -> (n r) m (h w) c", m=self.num_heads
        )
        k, v = self._table(k), self._table(v)
        q = q * factor
        if torch.is_grad_enabled() or _BiLevelRoutingAttention_is_recorded():
            out = self._read(q, k, v, rows, weights)
        else:
            out = self._read_in_parts(q, k, v, rows, weights)
        return _BiLevelRoutingAttention_rearrange(
            out, "(n r) m (h w) c -> n r h w (m c)", n=n, h=height, w=width
        )

    def _read(self, q, k, v, rows, weights):
        """What some regions read of the regions routed to them: (some, m, h w, c)."""
        return _BiLevelRoutingAttention_attend(
            q,
            self._gather(k, rows, weights, self.qk_dim // self.num_heads),
            self._gather(v, rows, weights, self.dim // self.num_heads),
        )

    def _read_in_parts(self, q, k, v, rows, weights):
        """The same without gradients: what is gathered at once is half of the map.

        Of a small map it is all: there the calls take longer than what they compute.
        """
        step = max(1, rows.shape[0] // (2 * self.topk))
        if rows.numel() * k.shape[-1] <= 1 << 20:
            return self._read(q, k, v, rows, weights)
        shape = (rows.shape[0], q.shape[2], self.num_heads, self.dim // self.num_heads)
        out = q.new_empty(shape).transpose(1, 2)
        for first in range(0, rows.shape[0], step):
            some = slice(first, first + step)
            share = None if weights is None else weights[some]
            out[some] = self._read(q[some], k, v, rows[some], share)
        return out

    def _as_map(self, x):
        """Regions back in their places: (n, regions, h, w, c) -> (n, c, H, W)."""
        n, _, height, width, channels = x.shape
        x = _BiLevelRoutingAttention_rearrange(
            x, "n (j i) h w c -> n c j h i w", j=self.n_win, i=self.n_win
        )
        # Joining j and h, an exporter asks whether h is 1; not of a line of numbers.
        x = x.flatten() if _BiLevelRoutingAttention_is_exported() else x
        return x.reshape(n, channels, self.n_win * height, self.n_win * width).contiguous()

    def forward(self, x):
        height, width = x.shape[2:]
        regions = _BiLevelRoutingAttention_rearrange(
            self._pad(x), "n c (j h) (i w) -> n (j i) h w c", j=self.n_win, i=self.n_win
        )
        q, k, v = self.qkv(regions)
        out = self._as_map(self._attention(regions, q, k, v))
        del regions, q, k
        if self.lepe is not None:
            out = out + self.lepe(self._as_map(v))
        out = _BiLevelRoutingAttention_rearrange(
            _BiLevelRoutingAttention_crop(out, height, width), "n c h w -> n h w c"
        )
        out = _BiLevelRoutingAttention_linear(self.wo, out)
        out = _BiLevelRoutingAttention_rearrange(out, "n h w c -> n c h w")
        if not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
            return out.contiguous(memory_format=torch.channels_last)
        return out.contiguous()
