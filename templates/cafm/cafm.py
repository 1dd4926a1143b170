# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class CAFM(nn.Module):
    """Attention between channels, plus a convolution of the same queries, keys and values.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = dim, and num_heads divides C.

        q, k, v = depthwise 3x3 convolution of a 1x1 convolution of x
        global  = project_out(softmax(temperature q k^T / (|q| |k|)) v), per head
        local   = dep_conv(fc(slots)),    y = global + local

    q, k and v have one row for each channel of a head, and one column for each place; the norms
    are those of the rows. The slots are the numbers of q, k and v in the order of memory,
    (C, H, W), read as (H W, 3 num_heads, C / num_heads), as the official code does: fc mixes
    the 3 num_heads slots to 9, and dep_conv has one group for each of the C / num_heads.

    The published layers are 3D, but work on a depth of 1, where a kernel of depth 3 uses the
    middle third of its weight only. This class computes 2D convolutions with that part.

    Hybrid Convolutional and Attention Network for Hyperspectral Image Denoising, IEEE GRSL 2024,
    https://arxiv.org/abs/2403.10067
    """

    def __init__(self, dim, num_heads=2, bias=False):
        super().__init__()
        _CAFM_check_int("dim", dim)
        # The upper bound tells a channel count in the wrong place from a number of heads.
        _CAFM_check_int("num_heads", num_heads, 64)
        if not isinstance(bias, bool):
            raise _CAFM_fail(TypeError, f"bias must be True or False, got {bias!r}")
        _CAFM_check_heads(dim, num_heads)
        self.num_heads = num_heads
        depth = dim // num_heads
        self.temperature = _CAFMTemperature(num_heads)
        self.qkv = _CAFMConv(dim, 3 * dim, 1, 1, bias)
        self.qkv_dwconv = _CAFMConv(3 * dim, 3 * dim, 3, 3 * dim, bias)
        self.project_out = _CAFMConv(dim, dim, 1, 1, bias)
        self.fc = _CAFMConv(3 * num_heads, 9, 1, 1, True)
        self.dep_conv = _CAFMConv(9 * depth, dim, 3, depth, True)

    def extra_repr(self):
        return f"num_heads={self.num_heads}"

    def forward(self, x):
        qkv = self.qkv_dwconv(self.qkv(x))
        out = self._attention(qkv) + self._convolution(qkv)
        if isinstance(x, torch.Tensor):  # torch.fx hands on a Proxy
            if not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
                return out.contiguous(memory_format=torch.channels_last)
        return out.contiguous()

    def _load_from_state_dict(self, state_dict, prefix, *args):
        # Checkpoints say "temperature"; the child looks for "temperature.weight".
        if prefix + "temperature" in state_dict:
            state_dict[prefix + "temperature.weight"] = state_dict.pop(prefix + "temperature")
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _attention(self, qkv):
        """Attention between the channels of each head, (N, C, H, W)."""
        n, c, height, width = qkv.shape
        c = c // 3
        heads, depth = self.num_heads, c // self.num_heads
        parts = qkv.reshape(n, 3, heads, depth, height * width)
        # Sums over a map leave the range of float16: norms and scores are made in float32.
        wide = torch.promote_types(qkv.dtype, torch.float32)
        q = F.normalize(parts[:, 0].to(wide), dim=3)
        k = F.normalize(parts[:, 1].to(wide), dim=3)
        scores = self.temperature(torch.matmul(q, k.transpose(2, 3)))
        weights = torch.softmax(scores, 3).to(qkv.dtype)
        out = torch.matmul(weights, parts[:, 2]).reshape(n, c, height, width)
        return self.project_out(out)

    def _convolution(self, qkv):
        """Both layers are linear, so that they are one grouped convolution of the slots."""
        n, c, height, width = qkv.shape
        slots, depth = 3 * self.num_heads, c // (3 * self.num_heads)
        kernel = self.dep_conv.kernel()  # C, 9, 3, 3
        weight = torch.einsum("ctij,ts->csij", kernel, self.fc.weight.reshape(9, slots))
        x = qkv.flatten(1).reshape(n, height * width, slots, depth).transpose(2, 3)
        x = x.reshape(n, height, width, c).permute(0, 3, 1, 2)
        out = F.conv2d(x, weight, self.dep_conv.bias, padding=1, groups=depth)
        return out + self._offset(kernel, qkv)

    def _offset(self, kernel, qkv):
        """What dep_conv makes of fc's bias, which the zeros beyond the edge do not have."""
        ones = torch.ones_like(qkv[:1, :1])
        bias = self.fc(torch.zeros_like(self.fc.kernel()[:1]))  # what fc makes of 0
        weight = (kernel * bias.reshape(9, 1, 1)).sum(1, keepdim=True)
        return F.conv2d(ones, weight, padding=1)


class _CAFMConv(nn.Conv1d):
    """A 3D convolution of a map whose depth is 1, which it does not change.

    The weight has one axis for the places of the kernel, because a module with weights of five
    axes cannot take the layout channels_last. A state_dict has the published five.
    """

    def __init__(self, planes, out_planes, side, groups, bias):
        super().__init__(planes, out_planes, side**3, groups=groups, bias=bias)
        self.side = side

    def forward(self, x):
        return F.conv2d(x, self.kernel(), self.bias, padding=self.side // 2, groups=self.groups)

    def kernel(self):
        """The middle of the kernel: the rest meets the zeros around the depth."""
        size = self.side * self.side
        first = size * (self.side // 2)
        middle = self.weight[:, :, first : first + size]
        return middle.reshape(self.out_channels, -1, self.side, self.side)

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if not keep_vars:  # exporters ask for the parameters themselves
            weight = destination[prefix + "weight"]
            sides = (self.side, self.side, self.side)
            destination[prefix + "weight"] = weight.reshape((*weight.shape[:2], *sides))

    def _load_from_state_dict(self, state_dict, prefix, *args):
        weight = state_dict.get(prefix + "weight")
        if weight is not None and weight.dim() == 5:
            state_dict[prefix + "weight"] = weight.flatten(2)
        super()._load_from_state_dict(state_dict, prefix, *args)


class _CAFMTemperature(nn.Module):
    """One trained factor for each head.

    It is kept as `weight`, because YOLOv5 up to v6.2 and YOLOv7 train only that. A state_dict
    holds it under the module's own name, as the official checkpoints do.
    """

    def __init__(self, heads):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(heads, 1, 1))

    def forward(self, x):
        return self.weight * x

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        value = self.weight if keep_vars else self.weight.detach()
        destination[prefix[:-1] if prefix else "weight"] = value


def _CAFM_fail(kind, problem, args=""):
    """Every refusal: what is wrong, then the row that works."""
    return kind(f"CAFM: {problem}; write the row [-1, 1, CAFM, [{args}]]")


def _CAFM_check_int(name, value, high=None):
    """Refuse what is not an int in 1..high: a stray number of a YAML row must not build."""
    limits = "of at least 1" if high is None else f"from 1 to {high}"
    problem = f"{name} must be an int {limits}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise _CAFM_fail(TypeError, problem)
    if value < 1 or (high is not None and value > high):
        raise _CAFM_fail(ValueError, problem)


def _CAFM_check_heads(channels, heads):
    """Every head takes an equal share of the channels."""
    if channels % heads:
        fitting = max(n for n in range(1, min(heads, channels) + 1) if channels % n == 0)
        problem = f"{heads} heads do not divide {channels} channels, but {fitting} do"
        raise _CAFM_fail(ValueError, problem, f"{fitting}")
