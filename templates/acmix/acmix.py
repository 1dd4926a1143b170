# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn


def _ACmix_fail(kind, problem, args="1024"):
    """One shape for every refusal: what is wrong, then the row that works."""
    channels = "with the channels of the layer above for 1024"
    return kind(f"ACmix: {problem}; {channels}, write the row [-1, 1, ACmix, [{args}]]")


def _ACmix_check_int(name, value, low=1, high=None, odd=False):
    """Refuse what is not an int in low..high (and odd): a stray YAML number must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an {'odd ' if odd else ''}int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _ACmix_fail(TypeError, problem)
    if value < low or (high is not None and value > high) or (odd and value % 2 == 0):
        raise _ACmix_fail(ValueError, problem)


def _ACmix_check_heads(out_planes, head):
    """Every head takes an equal share of the output channels."""
    if out_planes % head:
        fitting = max(n for n in range(1, min(head, out_planes + 1)) if out_planes % n == 0)
        problem = f"out_planes={out_planes} is not a multiple of head={head}, but of {fitting}"
        raise _ACmix_fail(ValueError, problem, f"1024, 7, {fitting}")


def _ACmix_reflect(index, size):
    """Fold any integer position into 0..size-1 by mirrors at both edges (no repeated edge)."""
    # A side of 1 has no period; 1 does.  Sizes stay in plain arithmetic: a trace records that.
    # Exporters know no remainder by a size that changes; this one is exact far beyond any map.
    period = 2 * size - 2 + (size == 1)
    folded = index - torch.floor(index.to(torch.float32) / period).to(index.dtype) * period
    return (size - 1) - (folded - (size - 1)).abs()


def _ACmix_attend(q, k, v, mask, scale):
    """softmax(scale q k^T) v over the keys that the mask allows; scale is d ** -0.5."""
    fused = getattr(torch.nn.functional, "scaled_dot_product_attention", None)
    # Traced graphs get plain operators: older ONNX opsets do not know the fused one.
    if fused is not None and not torch.jit.is_tracing():
        return fused(q, k, v, attn_mask=mask)
    logits = torch.matmul(q * scale, k.transpose(-2, -1))
    weights = torch.softmax(logits.masked_fill(~mask, float("-inf")), dim=-1)
    return torch.matmul(weights, v)


def _ACmix_is_recorded():
    """Tells whether a tracer, a compiler or an exporter is watching this call."""
    if torch._C._get_tracing_state() is not None:
        return True
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return compiling is not None and compiling()


class _ACmixAxis:
    """How one side of the map is cut into tiles: which rows each tile asks and reads.

    A tile holds `tile` query positions, `stride` apart, and the `span` neighbouring positions
    that their windows cover.  `query` and `key` (tiles, tile or span) are positions on the map,
    `inside` (tile, span) tells which of the span belong to which query's window.
    """

    def __init__(self, size, window, stride, dilation, device):
        self.count = (size + stride - 1) // stride
        # About 10 queries a side: larger tiles copy less, and compute more that the mask drops.
        self.tiles = (self.count + 9) // 10
        self.tile = (self.count + self.tiles - 1) // self.tiles
        reach = dilation * (window - 1)
        self.span = (self.tile - 1) * stride + reach + 1
        inner = torch.arange(self.tile, device=device) * stride
        span = torch.arange(self.span, device=device)
        first = torch.arange(self.tiles, device=device).unsqueeze(1) * (self.tile * stride)
        # The last tile may run past the map; its surplus queries are cut off afterwards.
        self.query = (first + inner).clamp(max=size - 1)
        self.key = _ACmix_reflect(first + span - reach // 2, size)
        ahead = span - inner.unsqueeze(1)
        self.inside = (ahead >= 0) & (ahead <= reach) & (torch.remainder(ahead, dilation) == 0)


class _ACmixRate(nn.Module):
    """One trained scalar, kept as `weight` because YOLOv5 up to v6.2 and YOLOv7 train only that.

    The optimizers there collect `.weight` and `.bias` of modules and pass over bare parameters.
    A state_dict holds it under the module's own name, as the official checkpoints do.
    """

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.full((1,), 0.5))

    def forward(self, x):
        return self.weight * x

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        value = self.weight if keep_vars else self.weight.detach()
        destination[prefix[:-1] if prefix else "weight"] = value


class ACmix(nn.Module):
    """Self-attention in a window and convolution, mixed from the same three projections.

    Shapes: (N, C, H, W) -> (N, out_planes, ceil(H / stride), ceil(W / stride)), C = in_planes.

    With q, k, v = 1x1 convolutions of x, a linear map p of the position in [-1, 1]^2, and N(i)
    the kernel_att x kernel_att window around i (dilation apart):

        att_i  = sum over j in N(i) of softmax_j(q_i . (k_j + p_i - p_j) / sqrt(d)) v_j, per head
        conv   = shifted sum of fc([q, k, v]), which mixes the 3 * head slots of a channel
        output = rate1 * att + rate2 * conv

    Beyond its edge the map is mirrored.  Where a side is too short for one mirror, the mirror
    image is mirrored again (a side of 1 repeats its only row), so every size works.

    On the Integration of Self-Attention and Convolution, CVPR 2022,
    https://arxiv.org/abs/2111.14556
    """

    def __init__(
        self, in_planes, out_planes, kernel_att=7, head=4, kernel_conv=3, stride=1, dilation=1
    ):
        super().__init__()
        _ACmix_check_int("in_planes", in_planes)
        _ACmix_check_int("out_planes", out_planes)
        # The upper bounds tell a channel count in the wrong place from a kernel size.
        _ACmix_check_int("kernel_att", kernel_att, high=31, odd=True)
        _ACmix_check_int("head", head)
        _ACmix_check_int("kernel_conv", kernel_conv, high=15, odd=True)
        _ACmix_check_int("stride", stride, high=8)
        _ACmix_check_int("dilation", dilation, high=15)
        _ACmix_check_heads(out_planes, head)
        self.in_planes, self.out_planes = in_planes, out_planes
        self.head, self.head_dim = head, out_planes // head
        self.kernel_att, self.kernel_conv = kernel_att, kernel_conv
        self.stride, self.dilation = stride, dilation

        self.rate1, self.rate2 = _ACmixRate(), _ACmixRate()
        self.conv1 = nn.Conv2d(in_planes, out_planes, 1)
        self.conv2 = nn.Conv2d(in_planes, out_planes, 1)
        self.conv3 = nn.Conv2d(in_planes, out_planes, 1)
        self.conv_p = nn.Conv2d(2, self.head_dim, 1)
        taps = kernel_conv * kernel_conv
        self.fc = nn.Conv2d(3 * head, taps, 1, bias=False)
        self.dep_conv = nn.Conv2d(
            taps * self.head_dim,
            out_planes,
            kernel_conv,
            stride=stride,
            padding=kernel_conv // 2,
            groups=self.head_dim,
            bias=False,
        )
        self.reset_parameters()

    def reset_parameters(self):
        """Start from equal rates, and from a dep_conv whose tap i shifts its input by offset i."""
        with torch.no_grad():
            self.rate1.weight.fill_(0.5)
            self.rate2.weight.fill_(0.5)
            taps = self.kernel_conv * self.kernel_conv
            shifts = torch.eye(taps).reshape(1, taps, self.kernel_conv, self.kernel_conv)
            self.dep_conv.weight.copy_(shifts.expand_as(self.dep_conv.weight))

    def _load_from_state_dict(self, state_dict, prefix, *args):
        # Checkpoints say "rate1"; the children look for "rate1.weight" in what is handed on.
        for name in ("rate1", "rate2"):
            if prefix + name in state_dict:
                state_dict[prefix + name + ".weight"] = state_dict.pop(prefix + name)
        super()._load_from_state_dict(state_dict, prefix, *args)

    @staticmethod
    def _line(size, dtype, device):
        """`size` even steps from -1 to 1; a side of 1 lies in the middle."""
        steps = 2 * torch.arange(size, device=device) - (size - 1)
        return steps.to(dtype) / (size - 1 + (size == 1))

    def _position(self, like, height, width):
        """p for every place of the map, (places, 1, d).

        The bias of conv_p is the same everywhere, so p_i - p_j does not see it.  Times nought it
        costs no precision and still gets its (zero) gradient, which DDP waits for.
        """
        dtype = torch.promote_types(like.dtype, torch.float32)
        x = self._line(width, dtype, like.device).unsqueeze(1)
        y = self._line(height, dtype, like.device).reshape(-1, 1, 1)
        weight = self.conv_p.weight.to(dtype)[:, :, 0, 0]
        place = weight[:, 0] * x + weight[:, 1] * y + self.conv_p.bias.to(dtype) * 0
        return place.to(like.dtype).reshape(height * width, 1, self.head_dim)

    def _cut(self, x, rows, columns, width):
        """Collect tiles: (n, places, c) -> (n * tiles, head, places in a tile, d)."""
        n, places, channels = x.shape
        chosen = rows[:, None, :, None] * width + columns[None, :, None, :]
        first = torch.arange(n, device=x.device) * places  # of each image
        chosen = first.unsqueeze(1) + chosen.reshape(1, -1)
        x = x.reshape(n * places, channels).index_select(0, chosen.reshape(-1))
        size = rows.shape[1] * columns.shape[1]
        return x.reshape(-1, size, self.head, self.head_dim).transpose(1, 2)

    def _attention(self, q, k, v, height, width):
        """Windowed attention, tile by tile: no copy for each of the window's places."""
        n = q.shape[0]
        setting = (self.kernel_att, self.stride, self.dilation, q.device)
        down, across = _ACmixAxis(height, *setting), _ACmixAxis(width, *setting)
        # q_i . p_i is one number for the whole window, and softmax does not see it.
        place = self._position(k, height, width)
        k = (k.reshape(n, height * width, self.head, self.head_dim) - place).reshape(k.shape)
        mask = down.inside[:, None, :, None] & across.inside[None, :, None, :]
        out = _ACmix_attend(
            self._cut(q, down.query, across.query, width),
            self._cut(k, down.key, across.key, width),
            self._cut(v, down.key, across.key, width),
            mask.reshape(down.tile * across.tile, down.span * across.span),
            self.head_dim**-0.5,
        )
        out = out.transpose(1, 2).reshape(
            n, down.tiles, across.tiles, down.tile, across.tile, self.out_planes
        )
        out = out.permute(0, 1, 3, 2, 4, 5)
        out = out.reshape(n, down.tiles * down.tile, across.tiles * across.tile, self.out_planes)
        return out[:, : down.count, : across.count].permute(0, 3, 1, 2)

    def _convolution(self, q, k, v, height, width):
        """fc mixes the 3 * head slots of each of the d channels; dep_conv shifts and adds.

        Both are linear, so that they are one grouped convolution of the slots.
        """
        side, taps = self.kernel_conv, self.kernel_conv * self.kernel_conv
        weight = self.dep_conv.weight.reshape(self.out_planes, taps, taps).transpose(1, 2)
        weight = torch.matmul(weight, self.fc.weight.reshape(taps, 3 * self.head))
        weight = weight.transpose(1, 2).reshape(self.out_planes, 3 * self.head, side, side)
        n = q.shape[0]
        slots = [x.reshape(n, height * width, self.head, self.head_dim) for x in (q, k, v)]
        slots = torch.cat(slots, 2).transpose(2, 3).reshape(n, height, width, -1)
        return nn.functional.conv2d(
            slots.permute(0, 3, 1, 2),
            weight,
            stride=self.stride,
            padding=side // 2,
            groups=self.head_dim,
        )

    def forward(self, x):
        n, _, height, width = x.shape
        # Places are gathered with all their channels, so channels come last in between.
        plain = _ACmix_is_recorded() or not x.is_contiguous()
        rows = x if plain else x.contiguous(memory_format=torch.channels_last)
        qkv = [
            conv(rows).permute(0, 2, 3, 1).reshape(n, height * width, self.out_planes)
            for conv in (self.conv1, self.conv2, self.conv3)
        ]
        attention = self._attention(*qkv, height, width)
        out = self.rate1(attention) + self.rate2(self._convolution(*qkv, height, width))
        return out if plain else out.contiguous()
