# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class MHSA(nn.Module):
    """Attention of every place to every place of the map, in several heads.

    Shapes: (N, C, H, W) to (N, C, H, W); C is a multiple of heads, H and W are free.

        y_i = sum over j of softmax_j(q_i . (k_j + r_j)) v_j, per head

    q, k and v are 1x1 convolutions of x. There is no division by sqrt(d), as in the code that
    YOLO forks use. r is 0; with pos_emb=True it is a learned row vector plus a learned column
    vector. The tables hold `height` rows and `width` columns, and are resized to other maps.

    Bottleneck Transformers for Visual Recognition, CVPR 2021,
    https://arxiv.org/abs/2101.11605
    """

    __constants__ = ("pos_emb",)  # TorchScript compiles no branch that this rules out

    def __init__(self, n_dims, width=14, height=14, heads=4, pos_emb=False):
        super().__init__()
        _MHSA_check_int("n_dims", n_dims)
        # The upper bounds tell a channel count in the wrong place from a side or from heads.
        _MHSA_check_int("width", width, 1, 255)
        _MHSA_check_int("height", height, 1, 255)
        _MHSA_check_int("heads", heads, 1, 64)
        _MHSA_check_bool("pos_emb", pos_emb)
        _MHSA_check_heads(n_dims, heads)
        self.heads, self.pos_emb = heads, pos_emb
        self.query = nn.Conv2d(n_dims, n_dims, 1)
        self.key = nn.Conv2d(n_dims, n_dims, 1)
        self.value = nn.Conv2d(n_dims, n_dims, 1)
        if pos_emb:
            depth = n_dims // heads
            self.rel_h_weight = _MHSATable((1, heads, depth, 1, height))
            self.rel_w_weight = _MHSATable((1, heads, depth, width, 1))

    def extra_repr(self):
        return f"heads={self.heads}, pos_emb={self.pos_emb}"

    def forward(self, x):
        n, c, height, width = x.shape
        key = self.key(x)
        if self.pos_emb:
            key = key + self._position(height, width)
        shape = (n, self.heads, c // self.heads, height * width)
        q, k, v = self.query(x).reshape(shape), key.reshape(shape), self.value(x).reshape(shape)
        out = _MHSA_attend(q, k, v).reshape(n, c, height, width)
        if isinstance(x, torch.Tensor):  # torch.fx hands on a Proxy
            if not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
                return out.contiguous(memory_format=torch.channels_last)
        return out

    def _position(self, height: int, width: int):
        """r for every place of the map, (1, C, height, width)."""
        down = self.rel_h_weight.resized(height).unsqueeze(3)
        return down + self.rel_w_weight.resized(width).unsqueeze(2)

    def _load_from_state_dict(self, state_dict, prefix, *args):
        # Checkpoints say "rel_h_weight"; the child looks for "rel_h_weight.weight".
        for name in ("rel_h_weight", "rel_w_weight"):
            if self.pos_emb and prefix + name in state_dict:
                state_dict[prefix + name + ".weight"] = state_dict.pop(prefix + name)
        super()._load_from_state_dict(state_dict, prefix, *args)


class _MHSATable(nn.Module):
    """Learned vectors along one axis, kept as `weight`: older YOLO optimizers train only that."""

    def __init__(self, shape):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(shape))

    def resized(self, size: int):
        """(1, C, size): the vectors, interpolated where the map has another side."""
        table = self.weight
        line = table.reshape(1, table.shape[1] * table.shape[2], -1)
        if not torch.jit.is_tracing() and line.shape[2] == size:
            return line
        wide = line.to(torch.promote_types(line.dtype, torch.float32))
        return F.interpolate(wide, size=size, mode="linear", align_corners=False).to(line.dtype)

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        value = self.weight if keep_vars else self.weight.detach()
        destination[prefix[:-1] if prefix else "weight"] = value


def _MHSA_attend(q, k, v):
    """v softmax(q^T k)^T with a softmax over the keys, all (..., d, places)."""
    # TorchScript knows no look-up by name, and older releases no fused attention.
    if not torch.jit.is_scripting():
        fused = _MHSA_fused(q)
        if fused is not None:
            q, k, v = (part.transpose(-2, -1).contiguous() for part in (q, k, v))
            # The fused attention divides by sqrt(d); this one does not.
            return fused(q * q.shape[-1] ** 0.5, k, v).transpose(-2, -1)
    if _MHSA_is_short(q):  # scores leave the range of float16 soon
        q, k = q.float(), k.float()
    weights = torch.softmax(torch.matmul(q.transpose(-2, -1), k), dim=-1).to(v.dtype)
    return torch.matmul(v, weights.transpose(-2, -1))


def _MHSA_fused(q):
    """The fused attention, where torch has one and it gains something; else None."""
    if not isinstance(q, torch.Tensor):  # torch.fx hands on a Proxy, and gets plain operators
        return None
    fused = getattr(F, "scaled_dot_product_attention", None)
    # Traced graphs get plain operators: older ONNX opsets do not know the fused one.
    if fused is None or torch.jit.is_tracing():
        return None
    # On a processor it gains nothing where the scores are few.
    return fused if q.is_cuda or q.shape[-1] > 512 else None


def _MHSA_is_short(x) -> bool:
    """Tells whether x is a short float; a Proxy of torch.fx counts as none."""
    if not isinstance(x, torch.Tensor):
        return False
    return x.dtype == torch.float16 or x.dtype == torch.bfloat16


def _MHSA_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"MHSA: {problem}; write the row [-1, 1, MHSA, [{args}]]")


def _MHSA_check_int(name, value, low=1, high=None):
    """Refuse what is not an int in low..high: a stray number of a YAML row must not build."""
    limits = f"of at least {low}" if high is None else f"from {low} to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _MHSA_fail(TypeError, problem)
    if value < low or (high is not None and value > high):
        raise _MHSA_fail(ValueError, problem)


def _MHSA_check_bool(name, value):
    """Refuse what is neither True nor False: 1 and 0 are counts in a YAML row."""
    if not isinstance(value, bool):
        raise _MHSA_fail(TypeError, f"{name} must be True or False, got {value!r}")


def _MHSA_check_heads(channels, heads):
    """Every head takes an equal share of the channels."""
    if channels % heads:
        fitting = max(n for n in range(1, min(heads, channels) + 1) if channels % n == 0)
        problem = f"{heads} heads do not divide {channels} channels, but {fitting} do"
        raise _MHSA_fail(ValueError, problem, f"14, 14, {fitting}")
