# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn


class _ShuffleAttentionAffine(nn.Module):
    """weight * x + bias, saved under the published names with a letter in front.

    The optimizers of YOLOv5 up to v6.2 and of YOLOv7 collect `.weight` and `.bias` of modules and
    pass over bare parameters such as cweight and sbias.
    """

    def __init__(self, letter, width):
        super().__init__()
        self.letter = letter
        self.weight = nn.Parameter(torch.zeros(1, width, 1, 1))
        self.bias = nn.Parameter(torch.ones(1, width, 1, 1))

    def forward(self, x):
        return self.weight * x + self.bias

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        owner = prefix[: prefix[:-1].rfind(".") + 1]  # "model.3.channel." belongs to "model.3."
        for name, value in (("weight", self.weight), ("bias", self.bias)):
            destination[owner + self.letter + name] = value if keep_vars else value.detach()


class ShuffleAttention(nn.Module):
    """In every group of channels, gates for the channels of one half and the places of the other.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = channel. Each of G groups is cut into
    halves a and b of m = C / (2 G) channels; one set of weights serves all groups:

        a' = a * sigmoid(cweight * mean(a) + cbias)
        b' = b * sigmoid(sweight * GN(b) + sbias)        one channel a norm, over H and W
        y  = shuffle([a', b' of group 1, a', b' of group 2, ...])

    The shuffle puts the channels of the first half of this line on the even places and those of the
    second half on the odd ones, so the output's channels stand in another order than the input's.

    G = groups where C divides by 2 * groups. Elsewhere G is the largest number up to groups that
    leaves every half the same number of channels, two or more. C must be even.

    SA-Net: Shuffle Attention for Deep Convolutional Neural Networks, ICASSP 2021,
    https://arxiv.org/abs/2102.00240
    """

    def __init__(self, channel, groups=64):
        super().__init__()
        _ShuffleAttention_check(channel, groups)
        self.groups = _ShuffleAttention_groups(channel // 2, groups)
        width = channel // (2 * self.groups)
        self.channel = _ShuffleAttentionAffine("c", width)
        self.place = _ShuffleAttentionAffine("s", width)
        self.gn = nn.GroupNorm(width, width)

    def extra_repr(self):
        return f"groups={self.groups}"

    def forward(self, x):
        out = self._shuffled(x)
        if isinstance(x, torch.Tensor):
            if not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
                return out.contiguous(memory_format=torch.channels_last)
        return out

    def _shuffled(self, x):
        n, c, h, w = x.shape
        x = x.reshape(n * self.groups, 2, c // (2 * self.groups), h, w)
        first, second = x[:, 0], x[:, 1]
        first = first * self.channel(first.mean((2, 3), keepdim=True)).sigmoid().to(x.dtype)
        second = second * self._places(second).sigmoid().to(x.dtype)
        if self.groups % 2:
            both = torch.stack((first, second), 1).reshape(n, 2, c // 2, h, w)
            return both.transpose(1, 2).reshape(n, c, h, w)
        # An even number of groups is cut in the middle by the shuffle: turned first, the halves are
        # joined and shuffled by one copy.
        turned = (n, 2, self.groups // 2, c // (2 * self.groups), h, w)
        first = first.reshape(turned).permute(0, 2, 3, 1, 4, 5)
        second = second.reshape(turned).permute(0, 2, 3, 1, 4, 5)
        return torch.stack((first, second), 2).reshape(n, c, h, w)

    def _places(self, x):
        """sweight * GN(x) + sbias, with both pairs of weight and bias joined into one."""
        outer = self.place.weight.reshape(-1)
        weight = outer * self.gn.weight
        bias = outer * self.gn.bias + self.place.bias.reshape(-1)
        # Exported, group_norm would fix the size; of a single value it leaves a rounding error that
        # its small deviation makes large.
        is_map = isinstance(x, torch.Tensor)  # torch.fx hands on a Proxy
        if is_map and not _ShuffleAttention_is_recorded() and x.shape[2] * x.shape[3] > 1:
            return torch.group_norm(x, x.shape[1], weight, bias, self.gn.eps)
        # Squares leave the range of float16 soon.
        wide = x
        if is_map and (x.dtype == torch.float16 or x.dtype == torch.bfloat16):
            wide = x.float()
        wide = wide - wide.mean((2, 3), keepdim=True)
        wide = wide * (wide.pow(2).mean((2, 3), keepdim=True) + self.gn.eps).rsqrt()
        return wide.to(x.dtype) * weight.reshape(-1, 1, 1) + bias.reshape(-1, 1, 1)

    def _load_from_state_dict(self, state_dict, prefix, *args):
        # Checkpoints say "cweight"; the children look for "channel.weight" in what is handed on.
        for child in ("channel", "place"):
            for name in ("weight", "bias"):
                key = prefix + getattr(self, child).letter + name
                if key in state_dict:
                    state_dict[f"{prefix}{child}.{name}"] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *args)


def _ShuffleAttention_is_recorded() -> bool:
    """Tells whether a tracer, a compiler or an exporter is watching this call."""
    if torch.jit.is_scripting():
        return False
    if torch._C._get_tracing_state() is not None:
        return True
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return compiling is not None and compiling()


def _ShuffleAttention_groups(half, groups):
    """How many groups there are, where half of the channels are to be shared out evenly."""
    if half % groups == 0:
        return groups
    return max(g for g in range(1, min(groups, max(half // 2, 1)) + 1) if half % g == 0)


def _ShuffleAttention_check(channel, groups):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = "; write the row [-1, 1, ShuffleAttention, []]"
    # The upper bound tells a channel count in the wrong place from a number of groups.
    for name, value, high in (("channel", channel, 1 << 30), ("groups", groups, 127)):
        problem = f"ShuffleAttention: {name} must be an int from 1 to {high}, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(problem + row)
        if not 1 <= value <= high:
            raise ValueError(problem + row)
    if channel % 2:
        raise ValueError(
            f"ShuffleAttention: an odd number of channels ({channel}) has no halves; behind a "
            f"layer with an even one{row[1:]}"
        )
