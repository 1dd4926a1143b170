# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn
import torch.nn.functional as F


class DySample(nn.Module):
    """Upsampling that reads the map at points which the map itself moves.

    Shapes: (N, C, H, W) to (N, C, scale * H, scale * W); groups divides C.

        O = 0.25 linear(x)    or, with dyscope,    O = 0.5 sigmoid(linear1(x)) linear2(x)
        y = x read at G + O by bilinear interpolation

    G is the place of each new point on the map as bilinear upsampling has it; beyond the border
    lies the border. Each of the groups of channels has offsets of its own. style "lp" (linear, then
    pixel shuffle) makes the offsets of scale * scale points at each old one; "pl" shuffles
    scale * scale divides C first.

    Learning to Upsample by Learning to Sample, ICCV 2023, https://arxiv.org/abs/2308.15085
    """

    def __init__(self, in_channels, scale=2, style="lp", groups=4, dyscope=False):
        super().__init__()
        _DySample_check(in_channels, scale, style, groups, dyscope)
        self.scale, self.style, self.groups = scale, style, groups
        points = scale * scale
        wide = in_channels if style == "lp" else in_channels // points
        out = 2 * groups * (points if style == "lp" else 1)
        self.offset = nn.Conv2d(wide, out, 1)
        nn.init.normal_(self.offset.weight, std=0.001)
        nn.init.zeros_(self.offset.bias)
        if dyscope:
            self.scope = nn.Conv2d(wide, out, 1, bias=False)
            nn.init.zeros_(self.scope.weight)
        # Saved by the published code; forward computes the same numbers in full precision.
        self.register_buffer("init_pos", _DySample_start(scale, groups))

    def extra_repr(self):
        return f"scale={self.scale}, style={self.style}, groups={self.groups}"

    def forward(self, x):
        n, c, height, width = x.shape
        reach = self._reach(x)
        share = 0.5 if hasattr(self, "scope") else 0.25
        grouped = x.reshape(n * self.groups, c // self.groups, height, width).to(reach.dtype)
        rows, columns = self.scale * height, self.scale * width
        if _DySample_needs_plain():
            down = _DySample_line(rows, self.scale, reach).unsqueeze(1) + reach[1] * share
            across = _DySample_line(columns, self.scale, reach) + reach[0] * share
            out = _DySample_bilinear(grouped, across, down)
        else:
            # grid_sample counts from -1 to 1, from border to border.
            grid = reach.new_empty(2, 1, rows, columns)
            edge = 1 - 1 / columns
            grid[0] = torch.linspace(-edge, edge, columns, dtype=grid.dtype, device=grid.device)
            edge = 1 - 1 / rows
            line = torch.linspace(-edge, edge, rows, dtype=grid.dtype, device=grid.device)
            grid[1] = line.unsqueeze(1)
            steps = torch.tensor((2 * share / width, 2 * share / height), dtype=grid.dtype)
            grid = torch.addcmul(grid, reach, steps.to(grid.device).reshape(2, 1, 1, 1))
            grid = grid.permute(1, 2, 3, 0)
            out = F.grid_sample(grouped, grid, "bilinear", "border", align_corners=False)
        out = out.reshape(n, c, rows, columns).to(x.dtype)
        if not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
            return out.contiguous(memory_format=torch.channels_last)
        return out

    def _reach(self, x):
        """The offsets before their fixed share, (2, N * groups, rows, columns): across, down."""
        n, _, height, width = x.shape
        side = self.scale if self.style == "lp" else 1
        if self.style == "pl":
            x = F.pixel_shuffle(x, self.scale)
            height, width = height * self.scale, width * self.scale
        out = self.offset(x)
        if hasattr(self, "scope"):
            out = out * torch.sigmoid(self.scope(x))
        # Half precision cannot name a place on a large map.
        if out.dtype != torch.float64:
            out = out.to(torch.float32)
        out = out.reshape(n, 2, self.groups, side, side, height, width)
        out = out.permute(1, 0, 2, 5, 3, 6, 4)
        return out.reshape(2, n * self.groups, side * height, side * width)


def _DySample_start(scale: int, groups: int):
    """Where the points of a place start: (1, 2 * groups * scale * scale, 1, 1), across first."""
    line = (torch.arange(scale).float() - (scale - 1) / 2) / scale
    across, down = line.expand(scale, scale), line.unsqueeze(1).expand(scale, scale)
    both = torch.stack((across, down)).unsqueeze(1).expand(2, groups, scale, scale)
    return both.reshape(1, -1, 1, 1).contiguous()


def _DySample_line(size: int, scale: int, like):
    """The places of the new points along an axis, before their offsets, in places of the map."""
    return (torch.arange(size, device=like.device).to(like.dtype) * 2 + 1) / (2 * scale) - 0.5


def _DySample_bilinear(x, across, down):
    """x at points of its map, (N, C, H, W) at (N, h, w), in operators that all graphs have."""
    n, c, height, width = x.shape
    flat, left, top = x.reshape(n, c, -1), torch.floor(across), torch.floor(down)
    right_share, low_share = (across - left).unsqueeze(1), (down - top).unsqueeze(1)
    # A place beyond the border is on it, and so are both of its neighbours.
    columns = _DySample_inside(left, width), _DySample_inside(left + 1, width)
    rows = _DySample_inside(top, height) * width, _DySample_inside(top + 1, height) * width
    upper = _DySample_take(flat, rows[0] + columns[0]) * (1 - right_share)
    upper = upper + _DySample_take(flat, rows[0] + columns[1]) * right_share
    lower = _DySample_take(flat, rows[1] + columns[0]) * (1 - right_share)
    lower = lower + _DySample_take(flat, rows[1] + columns[1]) * right_share
    return upper * (1 - low_share) + lower * low_share


def _DySample_inside(place, size: int):
    """The index of a place, on the map; arithmetic, which a trace records for other sizes too."""
    return (size - 1 - F.relu(size - 1 - F.relu(place))).to(torch.int64)


def _DySample_take(flat, place):
    n, c = flat.shape[0], flat.shape[1]
    index = place.reshape(n, 1, -1).expand(n, c, -1)
    return torch.gather(flat, 2, index).reshape(n, c, place.shape[1], place.shape[2])


def _DySample_needs_plain() -> bool:
    """Tells whether a graph is recorded, or a GPU's fused operator would not be deterministic."""
    if torch.jit.is_scripting():
        return True
    if torch._C._get_tracing_state() is not None or torch.are_deterministic_algorithms_enabled():
        return True
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return compiling is not None and compiling()


def _DySample_check(in_channels, scale, style, groups, dyscope):
    """Refuses arguments that are not what they seem, and names the row to write."""
    row = "; write the row [-1, 1, DySample, []]"
    for name, value, low, high in (
        ("in_channels", in_channels, 1, 1 << 30),
        # The upper bounds tell a channel count in the wrong place.
        ("scale", scale, 2, 8),
        ("groups", groups, 1, 64),
    ):
        problem = f"DySample: {name} must be an int from {low} to {high}, got {value!r}"
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(problem + row)
        if not low <= value <= high:
            raise ValueError(problem + row)
    if not isinstance(style, str):
        raise TypeError(f"DySample: style must be 'lp' or 'pl', got {style!r}{row}")
    if style not in ("lp", "pl"):
        raise ValueError(f"DySample: style must be 'lp' or 'pl', got {style!r}{row}")
    if not isinstance(dyscope, bool):
        raise TypeError(f"DySample: dyscope must be True or False, got {dyscope!r}{row}")
    if in_channels % groups:
        fitting = max(g for g in range(1, min(groups, in_channels) + 1) if in_channels % g == 0)
        problem = f"DySample: {groups} groups do not divide {in_channels} channels"
        args = f"[{scale}, '{style}', {fitting}]"
        raise ValueError(f"{problem}; write the row [-1, 1, DySample, {args}]")
    if style == "pl" and in_channels % (scale * scale):
        problem = f"DySample: {scale * scale} does not divide {in_channels} channels for style 'pl'"
        raise ValueError(f"{problem}; write the row [-1, 1, DySample, [{scale}]]")
