# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class iRMB(nn.Module):
    """An inverted residual block whose expansion is an attention among spread-out places.

    Shapes: (N, C, H, W) to (N, dim_out, ceil(H / stride), ceil(W / stride)), C = dim_in.

        u = BN(x),    a = softmax(q k^T / sqrt(d)) v,    q, k = qk(u),    v = relu(conv(u))
        y = x + proj(a + silu(BN(depthwise(a))))

    Without a residual path (dim_in != dim_out, a stride, or has_skip=False) both sums keep their
    second term alone. norm_layer="ln_2d" takes a LayerNorm over the channels of every place instead
    of BN, as the authors' EMO does in its later stages. The map is padded with nought to a multiple
    of window_size and cut into sets of window_size x window_size places that are spread evenly over
    it, as the published code does it; each set is an attention of its own. Heads have at most
    dim_head channels: the largest number up to it that divides dim_in. One image with a 1x1 map has
    no spread to train a BatchNorm on: its running statistics stand in.

    Rethinking Mobile Block for Efficient Attention-based Models, ICCV 2023,
    https://arxiv.org/abs/2301.01146
    """

    __constants__ = ("attn_s", "in_batches")  # TorchScript compiles no branch they rule out

    def __init__(
        self,
        dim_in,
        dim_out,
        norm_in=True,
        has_skip=True,
        exp_ratio=1.0,
        norm_layer="bn_2d",
        act_layer="relu",
        v_proj=True,
        dw_ks=3,
        stride=1,
        dilation=1,
        se_ratio=0.0,
        dim_head=64,
        window_size=7,
        attn_s=True,
        qkv_bias=False,
        attn_drop=0.0,
        drop=0.0,
        drop_path=0.0,
        v_group=False,
        attn_pre=False,
    ):
        super().__init__()
        _iRMB_check_int("dim_in", dim_in)
        _iRMB_check_int("dim_out", dim_out)
        _iRMB_check_bool("norm_in", norm_in)
        _iRMB_check_bool("has_skip", has_skip)
        _iRMB_check_number("exp_ratio", exp_ratio, 0.1, 16)
        _iRMB_check_choice("norm_layer", norm_layer, ("bn_2d", "ln_2d", "none"))
        _iRMB_check_choice("act_layer", act_layer, ("relu", "silu", "gelu"))
        _iRMB_check_bool("v_proj", v_proj)
        _iRMB_check_odd("dw_ks", dw_ks, 15)
        _iRMB_check_int("stride", stride, 1, 2)
        _iRMB_check_int("dilation", dilation, 1, 15)
        _iRMB_check_number("se_ratio", se_ratio, 0, 0)
        _iRMB_check_int("dim_head", dim_head, 1, 256)
        _iRMB_check_int("window_size", window_size, 1, 255)
        _iRMB_check_bool("attn_s", attn_s)
        _iRMB_check_bool("qkv_bias", qkv_bias)
        _iRMB_check_rate("attn_drop", attn_drop)
        _iRMB_check_rate("drop", drop)
        _iRMB_check_rate("drop_path", drop_path)
        _iRMB_check_bool("v_group", v_group)
        _iRMB_check_bool("attn_pre", attn_pre)
        self.depth = max(n for n in range(1, min(dim_head, dim_in) + 1) if dim_in % n == 0)
        self.heads = dim_in // self.depth
        middle = int(dim_in * exp_ratio)
        # Before v the attention has the input's channels.
        if middle % self.heads and attn_s and (v_group or not attn_pre):
            problem = f"{self.heads} heads do not divide the {middle} expanded channels"
            raise _iRMB_fail(ValueError, problem)
        if not v_proj and middle != dim_in:
            raise _iRMB_fail(ValueError, f"v_proj=False leaves {dim_in} channels, not {middle}")
        self.skip = dim_in == dim_out and stride == 1 and has_skip
        self.window, self.attn_s, self.attn_pre = window_size, attn_s, attn_pre
        self.attn_drop, self.drop, self.drop_path = float(attn_drop), float(drop), float(drop_path)
        norms = {"bn_2d": nn.BatchNorm2d, "ln_2d": _iRMBLayerNorm}
        normed = norm_in and norm_layer in norms
        self.norm = norms[norm_layer](dim_in, eps=1e-6) if normed else nn.Identity()
        self.in_batches = normed and norm_layer == "bn_2d"
        if attn_s:
            self.qk = _iRMBConv(dim_in, 2 * dim_in, 1, bias=qkv_bias)
        act = {"relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU}[act_layer]()
        groups = self.heads if v_group else 1
        self.v = nn.Identity()
        if v_proj:
            self.v = _iRMBConv(dim_in, middle, 1, groups=groups, bias=qkv_bias, act=act)
        self.conv_local = _iRMBConv(
            middle,
            middle,
            dw_ks,
            stride=stride,
            dilation=dilation,
            groups=middle,
            norm=nn.BatchNorm2d(middle, eps=1e-6),
            act=nn.SiLU(),
        )
        self.proj = _iRMBConv(middle, dim_out, 1)

    def extra_repr(self):
        return f"heads={self.heads}, window={self.window}, skip={self.skip}"

    def forward(self, x):
        u = self._attention(x) if self.attn_s else self.v(self._normed(x))
        near = self.conv_local(u)
        near = u + near if self.skip else near
        y = self.proj(F.dropout(near, self.drop, self.training))
        if not self.skip:
            return y
        if self.training and self.drop_path > 0:  # a whole image goes without this layer
            kept = torch.rand((y.shape[0], 1, 1, 1), device=y.device) >= self.drop_path
            y = y * kept.to(y.dtype) / (1 - self.drop_path)
        return x + y

    def _normed(self, x):
        if self.in_batches:
            bn = self.norm
            if bn.training and x.numel() == x.shape[1]:
                return _iRMB_norm_one(
                    x, bn.running_mean, bn.running_var, bn.weight, bn.bias, bn.eps
                )
        return self.norm(x)

    def _attention(self, x):
        """The attention of every set of places, back on the map."""
        n, c, height, width = x.shape
        window = self.window
        # Sides in terms of the sets: an exporter then knows that they divide.
        rows, columns = (height + window - 1) // window, (width + window - 1) // window
        high, wide = rows * window, columns * window
        # One name for each map in turn, so that none is kept longer than it is needed.
        u = F.pad(self._normed(x), (0, wide - width, 0, high - height))
        # Places of one set are as far apart as there are sets along that side. Cut before the 1x1
        # convolutions, the map is turned once, not three times.
        u = u.reshape(n, c, window, rows, window, columns).permute(0, 3, 5, 1, 2, 4)
        u = u.reshape(n * rows * columns, c, window, window)
        sets, places = n * rows * columns, window * window
        v = (u if self.attn_pre else self.v(u)).reshape(sets, self.heads, -1, places)
        u = self._queries_and_keys(u).reshape(sets, 2, self.heads, c // self.heads, places)
        dropout = self.attn_drop if self.training else 0.0
        u = _iRMB_attend(u[:, 0], u[:, 1], v, dropout)
        # (N * rows * columns, heads, d, places) back to (N, heads * d, H, W)
        u = u.reshape(n, rows, columns, -1, window, window).permute(0, 3, 4, 1, 5, 2)
        if not torch.jit.is_scripting():
            # Joining window and rows, an exporter asks whether rows is 1; not of a line of numbers.
            u = u.flatten() if _iRMB_is_exported() else u
        u = u.reshape(n, -1, high, wide)
        u = self.v(u) if self.attn_pre else u
        return _iRMB_crop(u, height, width)

    def _queries_and_keys(self, u):
        if not _iRMB_is_short(u):
            return self.qk(u)
        # Scores leave the digits of float16 soon.
        conv = self.qk.conv
        bias = conv.bias  # a name of its own: TorchScript follows `is None` of names
        return F.conv2d(u.float(), conv.weight.float(), None if bias is None else bias.float())


class _iRMBLayerNorm(nn.Module):
    """LayerNorm over the channels of every place, named as in published weights."""

    def __init__(self, channels, eps):
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=eps)

    def forward(self, x):
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).to(x.dtype)


class _iRMBConv(nn.Module):
    """A convolution with what may follow it: a norm and an activation."""

    __constants__ = ("in_batches",)

    def __init__(
        self,
        channels,
        out,
        kernel,
        stride=1,
        dilation=1,
        groups=1,
        bias=False,
        norm=None,
        act=None,
    ):
        super().__init__()
        around = dilation * (kernel // 2)
        self.conv = nn.Conv2d(
            channels, out, kernel, stride, around, dilation, groups=groups, bias=bias
        )
        self.norm = nn.Identity() if norm is None else norm
        self.in_batches = norm is not None
        self.act = nn.Identity() if act is None else act

    def forward(self, x):
        x = self.conv(x)
        if self.in_batches:
            bn = self.norm
            if bn.training and x.numel() == x.shape[1]:
                x = _iRMB_norm_one(x, bn.running_mean, bn.running_var, bn.weight, bn.bias, bn.eps)
            else:
                x = self.norm(x)
        return self.act(x)


def _iRMB_check_choice(name, value, choices):
    """Refuse a word that is none of the choices."""
    if value not in choices:
        words = " or ".join(choices)
        raise _iRMB_fail(ValueError, f"{name} must be {words}, got {value!r}")


def _iRMB_crop(u, height: int, width: int):
    """The places of the map without the padding below and beside it."""
    if not torch.jit.is_scripting():
        if _iRMB_is_exported():  # it cannot prove of a slice that it ends within the padded side
            return F.pad(u, (0, width - u.shape[3], 0, height - u.shape[2]))
    return u[:, :, :height, :width]


def _iRMB_is_exported():
    """Tells whether torch.export is watching this call."""
    exporting = getattr(getattr(torch, "compiler", None), "is_exporting", None)
    return exporting is not None and exporting()


def _iRMB_attend(q, k, v, dropout: float = 0.0):
    """v softmax(k^T q / sqrt(d)) with a softmax over the keys, all (..., d, places)."""
    # TorchScript knows no look-up by name, and older releases no fused attention.
    if not torch.jit.is_scripting():
        fused = _iRMB_fused(q)
        if fused is not None:
            q, k, v = (part.transpose(-2, -1).contiguous() for part in (q, k, v))
            return fused(q, k, v, dropout_p=dropout).transpose(-2, -1)
    if _iRMB_is_short(q):  # scores leave the range of float16 soon
        q, k = q.float(), k.float()
    scores = torch.matmul((k * k.shape[-2] ** -0.5).transpose(-2, -1), q)
    weights = F.dropout(torch.softmax(scores, dim=-2).to(v.dtype), dropout, dropout > 0)
    return torch.matmul(v, weights)


def _iRMB_fused(q):
    """The fused attention, where torch has one and it gains something; else None."""
    if not isinstance(q, torch.Tensor):  # torch.fx hands on a Proxy, and gets plain operators
        return None
    fused = getattr(F, "scaled_dot_product_attention", None)
    # Traced graphs get plain operators: older ONNX opsets do not know the fused one.
    if fused is None or torch.jit.is_tracing():
        return None
    # On a processor it gains nothing where the scores are few.
    return fused if q.is_cuda or q.shape[-1] > 512 else None


def _iRMB_is_short(x) -> bool:
    """Tells whether x is a short float; a Proxy of torch.fx counts as none."""
    if not isinstance(x, torch.Tensor):
        return False
    return x.dtype == torch.float16 or x.dtype == torch.bfloat16


def _iRMB_norm_one(x, mean, var, weight, bias, eps: float):
    """BatchNorm in training on a single value per channel (one image, a 1x1 map).

    Such a value has no spread to learn from: what earlier batches taught stands in.
    """
    return F.batch_norm(x, mean, var, weight, bias, False, 0.0, eps)


def _iRMB_fail(kind, problem, args="1024"):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"iRMB: {problem}; write the row [-1, 1, iRMB, [{args}]]")


def _iRMB_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _iRMB_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _iRMB_fail(ValueError, problem)


def _iRMB_check_odd(name, value, high):
    """Refuse a kernel side that is even, or no int from 1 to high."""
    _iRMB_check_int(name, value, 1, high)
    if value % 2 == 0:
        raise _iRMB_fail(ValueError, f"{name} must be odd, got {value!r}")


def _iRMB_check_bool(name, value):
    """Refuse what is neither True nor False: 1 and 0 are counts in a YAML row."""
    if not isinstance(value, bool):
        raise _iRMB_fail(TypeError, f"{name} must be True or False, got {value!r}")


def _iRMB_check_rate(name, value):
    """Refuse what is no share of values to drop."""
    problem = f"{name} must be a number from 0 to below 1, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _iRMB_fail(TypeError, problem)
    if not 0 <= value < 1:
        raise _iRMB_fail(ValueError, problem)


def _iRMB_check_number(name, value, low, high):
    """Refuse what is no number from low to high."""
    problem = f"{name} must be a number from {low} to {high}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _iRMB_fail(TypeError, problem)
    if not low <= value <= high:
        raise _iRMB_fail(ValueError, problem)
