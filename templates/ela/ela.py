# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn


class ELA(nn.Module):
    """A gate for every row and a gate for every column of each channel, by one 1D convolution.

    Shapes: (N, C, H, W) to (N, C, H, W), any H and W; C = channels.

        gate(z) = sigmoid(GN(conv1d(z)))
        y       = x * gate(mean of x over W) * gate(mean of x over H)

    The convolution has kernel_size places and group_width channels a group (None: one group of all
    channels). GN has norm_groups groups where that divides C, else the largest divisor of C below.
    The paper's ELA-B is kernel_size=7, group_width=1; ELA-T is 5, 1 with norm_groups=32; ELA-S is
    5, 8 and ELA-L is 7, 8. Published copies of these have no bias (bias=False), and name the two
    layers conv and gn: their weights load, and a bias that they lack is set to 0.

    ELA: Efficient Local Attention for Deep Convolutional Neural Networks, arXiv 2024,
    https://arxiv.org/abs/2403.01123
    """

    def __init__(self, channels, kernel_size=1, group_width=None, norm_groups=16, bias=True):
        super().__init__()
        _ELA_check(channels, kernel_size, group_width, norm_groups, bias)
        groups = 1 if group_width is None else channels // group_width
        norm_groups = max(g for g in range(1, min(norm_groups, channels) + 1) if channels % g == 0)
        self.conv1x1 = nn.Sequential(
            nn.Conv1d(
                channels, channels, kernel_size, padding=kernel_size // 2, groups=groups, bias=bias
            ),
            nn.GroupNorm(norm_groups, channels),
            nn.Sigmoid(),
        )

    def forward(self, x):
        rows, columns = self._gate(x.mean(3)), self._gate(x.mean(2))
        return x * rows.to(x.dtype).unsqueeze(3) * columns.to(x.dtype).unsqueeze(2)

    def _gate(self, line):
        """From means (N, C, L) to gates (N, C, L)."""
        norm = self.conv1x1[1]
        line = self.conv1x1[0](line)
        # Exported, group_norm would fix the size; of a single value it leaves a rounding error
        # that its small deviation makes large.
        is_line = isinstance(line, torch.Tensor)  # torch.fx hands on a Proxy
        plain = not is_line or _ELA_is_recorded()
        if plain or line.shape[1] * line.shape[2] == norm.num_groups:
            # Squares leave the range of float16 soon.
            wide = line
            if is_line and (line.dtype == torch.float16 or line.dtype == torch.bfloat16):
                wide = line.float()
            wide = wide.reshape(line.shape[0], norm.num_groups, -1)
            wide = wide - wide.mean(2, keepdim=True)
            wide = wide * (wide.pow(2).mean(2, keepdim=True) + norm.eps).rsqrt()
            line = wide.reshape(line.shape).to(line.dtype)
            return (line * norm.weight.unsqueeze(1) + norm.bias.unsqueeze(1)).sigmoid()
        # The module's own forward refuses a single value a group, which torch.group_norm takes.
        return torch.group_norm(line, norm.num_groups, norm.weight, norm.bias, norm.eps).sigmoid()

    def _load_from_state_dict(self, state_dict, prefix, *args):
        names = {"conv.weight": "conv1x1.0.weight", "conv.bias": "conv1x1.0.bias"}
        names.update({"gn.weight": "conv1x1.1.weight", "gn.bias": "conv1x1.1.bias"})
        lacks_bias = prefix + "conv.weight" in state_dict and prefix + "conv.bias" not in state_dict
        for old, new in names.items():
            if prefix + old in state_dict and prefix + new not in state_dict:
                state_dict[prefix + new] = state_dict.pop(prefix + old)
        bias = self.conv1x1[0].bias
        if lacks_bias and bias is not None:
            state_dict.setdefault(prefix + names["conv.bias"], torch.zeros_like(bias))
        super()._load_from_state_dict(state_dict, prefix, *args)


def _ELA_is_recorded() -> bool:
    """Tells whether a tracer, a compiler or an exporter is watching this call."""
    if torch.jit.is_scripting():
        return False
    if torch._C._get_tracing_state() is not None:
        return True
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return compiling is not None and compiling()


def _ELA_check(channels, kernel_size, group_width, norm_groups, bias):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = "; write the row [-1, 1, ELA, []]"
    given = [
        ("channels", channels, 1 << 30),
        # The upper bounds tell a channel count in the wrong place from the others.
        ("kernel_size", kernel_size, 31),
        ("norm_groups", norm_groups, 127),
    ]
    if group_width is not None:
        given.append(("group_width", group_width, 1 << 30))
    for name, value, high in given:
        problem = f"ELA: {name} must be an int from 1 to {high}, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(problem + row)
        if not 1 <= value <= high:
            raise ValueError(problem + row)
    if not isinstance(bias, bool):
        raise TypeError(f"ELA: bias must be True or False, got {bias!r}{row}")
    if kernel_size % 2 == 0:
        raise ValueError(f"ELA: kernel_size must be odd, got {kernel_size}{row}")
    if group_width is not None and channels % group_width:
        raise ValueError(
            f"ELA: {channels} channels do not divide into groups of {group_width}{row}"
        )
