"""A reduced ultralytics as texts, and YAMLs for it: right ones, and mistakes of the field."""

from __future__ import annotations

PYTHON = {
    "ultralytics/__init__.py": """\
__version__ = "8.3.91"
""",
    "ultralytics/nn/__init__.py": """\
""",
    "ultralytics/nn/modules/__init__.py": """\
from .block import C2f, Bottleneck
from .conv import CBAM, ChanGate, Concat, Conv, KernelGate, Pair, Pick
from .head import Detect

__all__ = (
    "Bottleneck",
    "C2f",
    "CBAM",
    "ChanGate",
    "Concat",
    "Conv",
    "Detect",
    "KernelGate",
    "Pair",
    "Pick",
)
""",
    "ultralytics/nn/modules/block.py": """\
import torch
import torch.nn as nn

from .conv import Conv

__all__ = ("Bottleneck", "C2f")


class Bottleneck(nn.Module):
    def __init__(self, c1, c2, shortcut=True, e=0.5):
        super().__init__()
        self.cv1 = Conv(c1, int(c2 * e), 3)
        self.cv2 = Conv(int(c2 * e), c2, 3)
        self.add = shortcut and c1 == c2

    def forward(self, x):
        return x + self.cv2(self.cv1(x)) if self.add else self.cv2(self.cv1(x))


class C2f(nn.Module):
    def __init__(self, c1, c2, n=1, shortcut=False, e=0.5):
        super().__init__()
        self.c = int(c2 * e)
        self.cv1 = Conv(c1, 2 * self.c)
        self.cv2 = Conv((2 + n) * self.c, c2)
        self.m = nn.ModuleList(Bottleneck(self.c, self.c, shortcut, 1.0) for _ in range(n))

    def forward(self, x):
        y = list(self.cv1(x).chunk(2, 1))
        y.extend(m(y[-1]) for m in self.m)
        return self.cv2(torch.cat(y, 1))
""",
    "ultralytics/nn/modules/conv.py": '''\
import torch
import torch.nn as nn

__all__ = (
    "CBAM",
    "ChanGate",
    "Concat",
    "Conv",
    "KernelGate",
    "Pair",
    "Pick",
)


class Conv(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = nn.SiLU()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Concat(nn.Module):
    def __init__(self, dimension=1):
        super().__init__()
        self.d = dimension

    def forward(self, x):
        return torch.cat(x, self.d)


class CBAM(nn.Module):
    """The kernel is 3 or 7, as in the official class."""

    def __init__(self, c1, kernel_size=7):
        super().__init__()
        assert kernel_size in {3, 7}, "kernel size must be 3 or 7"
        self.fc = nn.Conv2d(c1, c1, 1)
        self.cv = nn.Conv2d(1, 1, kernel_size, padding=kernel_size // 2)

    def forward(self, x):
        x = x * torch.sigmoid(self.fc(x.mean((2, 3), keepdim=True)))
        return x * torch.sigmoid(self.cv(x.mean(1, keepdim=True)))


class ChanGate(nn.Module):
    """No branch of the parser names it: the row's args are what it gets."""

    def __init__(self, c1, reduction=16):
        super().__init__()
        self.a = nn.Conv2d(c1, max(c1 // reduction, 8), 1)
        self.b = nn.Conv2d(max(c1 // reduction, 8), c1, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.b(self.a(x.mean((2, 3), keepdim=True))))


class KernelGate(nn.Module):
    """Stands in the set of Conv, so that it is given (c1, c2), and wants (c1, kernel)."""

    def __init__(self, c1, kernel_size=7):
        super().__init__()
        assert kernel_size in {3, 7}, "kernel size must be 3 or 7"
        self.cv = nn.Conv2d(c1, c1, kernel_size, padding=kernel_size // 2, groups=c1)

    def forward(self, x):
        return x * torch.sigmoid(self.cv(x))


class Pair(nn.Module):
    def forward(self, x):
        return [x, x.flip(1)]


class Pick(nn.Module):
    """One of several tensors; the row gives the channels first: [64, 0]."""

    def __init__(self, index=0):
        super().__init__()
        self.index = index

    def forward(self, x):
        return x[self.index]
''',
    "ultralytics/nn/modules/head.py": """\
import torch
import torch.nn as nn

__all__ = ("Detect",)


class Detect(nn.Module):
    stride = torch.zeros(0)

    def __init__(self, nc=80, ch=()):
        super().__init__()
        self.nc, self.nl = nc, len(ch)
        self.cv = nn.ModuleList(nn.Conv2d(c, nc + 4, 1) for c in ch)

    def forward(self, x):
        return [cv(one) for cv, one in zip(self.cv, x)]
""",
    "ultralytics/nn/tasks.py": '''\
"""A reduced ultralytics: its parse_model with the branches that tutorials add."""

import ast
import contextlib
from copy import deepcopy
from pathlib import Path

import torch
import yaml

from ultralytics.nn.modules import (
    CBAM,
    C2f,
    ChanGate,
    Concat,
    Conv,
    Detect,
    KernelGate,
    Pair,
    Pick,
)


def make_divisible(x, divisor):
    return int(-(-x // divisor) * divisor)


class DetectionModel(torch.nn.Module):
    def __init__(self, cfg="yolov8n.yaml", ch=3, nc=None, verbose=True):
        super().__init__()
        self.yaml = cfg if isinstance(cfg, dict) else yaml.safe_load(Path(cfg).read_text())
        self.model, self.save = parse_model(deepcopy(self.yaml), ch=ch, verbose=verbose)
        m = self.model[-1]
        self.eval()
        m.stride = torch.tensor([256 / x.shape[-2] for x in self(torch.zeros(1, ch, 256, 256))])
        self.stride = m.stride
        self.train()

    def forward(self, x):
        y = []
        for m in self.model:
            if m.f != -1:
                x = y[m.f] if isinstance(m.f, int) else [x if j == -1 else y[j] for j in m.f]
            x = m(x)
            y.append(x if m.i in self.save else None)
        return x


def parse_model(d, ch, verbose=True):
    max_channels = float("inf")
    nc, scales = d["nc"], d.get("scales")
    depth, width = 1.0, 1.0
    if scales:
        depth, width, max_channels = scales[d.get("scale") or tuple(scales)[0]]
    ch = [ch]
    layers, save, c2 = [], [], ch[-1]
    base_modules = frozenset({Conv, C2f, KernelGate})
    repeat_modules = frozenset({C2f})
    for i, (f, n, m, args) in enumerate(d["backbone"] + d["head"]):
        m = getattr(torch.nn, m[3:]) if "nn." in m else globals()[m]
        for j, a in enumerate(args):
            if isinstance(a, str):
                with contextlib.suppress(ValueError):
                    args[j] = locals()[a] if a in locals() else ast.literal_eval(a)
        n = max(round(n * depth), 1) if n > 1 else n
        if m in base_modules:
            c1, c2 = ch[f], args[0]
            if c2 != nc:
                c2 = make_divisible(min(c2, max_channels) * width, 8)
            args = [c1, c2, *args[1:]]
            if m in repeat_modules:
                args.insert(2, n)
                n = 1
        elif m is Concat:
            c2 = sum(ch[x] for x in f)
        elif m in frozenset({Detect}):
            args.append([ch[x] for x in f])
        elif m in frozenset({Pick}):
            c2 = args[0]
            args = [*args[1:]]
        elif m in {CBAM}:
            c1, c2 = ch[f], args[0]
            if c2 != nc:
                c2 = make_divisible(min(c2, max_channels) * width, 8)
            args = [c1, *args[1:]]
        else:
            c2 = ch[f]
        m_ = torch.nn.Sequential(*(m(*args) for _ in range(n))) if n > 1 else m(*args)
        m_.i, m_.f, m_.type = i, f, str(m)[8:-2]
        save.extend(x % i for x in ([f] if isinstance(f, int) else f) if x != -1)
        layers.append(m_)
        if i == 0:
            ch = []
        ch.append(c2)
    return torch.nn.Sequential(*layers), sorted(save)
''',
}
_BACKBONE = """\
nc: 4
scales:
  n: [0.33, 0.25, 1024]
backbone:
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, 1, Conv, [128, 3, 2]]
  - [-1, 1, Conv, [256, 3, 2]]
  - [-1, 3, C2f, [256, True]]
  - [-1, 1, Conv, [512, 3, 2]]
  - [-1, 6, C2f, [512, True]]
"""
_HEAD = """\
head:
  - [-1, 1, nn.Upsample, [None, 2, nearest]]
  - [[-1, 3], 1, Concat, [1]]
  - [-1, 3, C2f, [256]]
  - [[{last}, {gate}], 1, Detect, [nc]]
"""


def with_row(row: str = "") -> str:
    """Return a YAML with one more row at the end of the backbone, layer 6."""
    extra = f"  - {row}\n" if row else ""
    last, gate = (9, 6) if row else (8, 5)
    return _BACKBONE + extra + _HEAD.format(last=last, gate=gate)
