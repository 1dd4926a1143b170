"""A small fork of the ultralytics kind: package inits with `__all__`, names by getattr."""

from __future__ import annotations

from pathlib import Path

TASKS = """\
import ast
import contextlib

import torch

from ultralytics.nn.modules import C2f, Concat, Conv, Detect


def make_divisible(x, divisor):
    return int(-(-x // divisor) * divisor)


def parse_model(d, ch, verbose=True):
    nc = d["nc"]
    depth, width, max_channels = 1.0, 1.0, 1024
    ch = [ch]
    layers, save, c2 = [], [], ch[-1]
    base_modules = frozenset({Conv, C2f})
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
        else:
            c2 = ch[f]
        m_ = torch.nn.Sequential(*(m(*args) for _ in range(n))) if n > 1 else m(*args)
        m_.i, m_.f = i, f
        save.extend(x % i for x in ([f] if isinstance(f, int) else f) if x != -1)
        layers.append(m_)
        if i == 0:
            ch = []
        ch.append(c2)
    return torch.nn.Sequential(*layers), sorted(save)
"""
CONV = """\
import torch
import torch.nn as nn

__all__ = ("Concat", "Conv")


class Conv(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2)

    def forward(self, x):
        return self.conv(x)


class Concat(nn.Module):
    def forward(self, x):
        return torch.cat(x, 1)


class Hidden(nn.Module):
    pass
"""
BLOCK = """\
import torch.nn as nn

from .conv import Conv

__all__ = ("Bottleneck", "C2f")


class Bottleneck(nn.Module):
    def __init__(self, c1, c2):
        super().__init__()
        self.cv = Conv(c1, c2, 3)

    def forward(self, x):
        return x + self.cv(x)


class C2f(nn.Module):
    def __init__(self, c1, c2, n=1, shortcut=False):
        super().__init__()
        self.cv = Conv(c1, c2)
        self.m = nn.Sequential(*(Bottleneck(c2, c2) for _ in range(n)))

    def forward(self, x):
        return self.m(self.cv(x))
"""
HEAD = """\
import torch.nn as nn

__all__ = ("Detect",)


class Detect(nn.Module):
    def __init__(self, nc=80, ch=()):
        super().__init__()
        self.cv = nn.ModuleList(nn.Conv2d(c, nc + 4, 1) for c in ch)
"""
MODULES = """\
from .block import Bottleneck, C2f
from .conv import Concat, Conv
from .head import Detect

__all__ = ("Bottleneck", "C2f", "Concat", "Conv", "Detect")
"""
TEXTS = {
    "ultralytics/__init__.py": '__version__ = "8.3.0"\n',
    "ultralytics/nn/__init__.py": "",
    "ultralytics/nn/tasks.py": TASKS,
    "ultralytics/nn/modules/__init__.py": MODULES,
    "ultralytics/nn/modules/conv.py": CONV,
    "ultralytics/nn/modules/block.py": BLOCK,
    "ultralytics/nn/modules/head.py": HEAD,
}
YAML = """\
nc: 4
backbone:
  - [-1, 1, Conv, [64, 3, 2]] # 0
  - [-1, 1, Conv, [128, 3, 2]] # 1
  - [-1, 3, C2f, [128, True]] # 2
head:
  - [-1, 1, nn.Upsample, [None, 2, nearest]] # 3
  - [[-1, 0], 1, Concat, [1]] # 4
  - [[4, 2], 1, Detect, [nc]] # 5
"""


def write(folder: Path, **changed: str) -> Path:
    """Write the fork into a folder; ``changed`` are texts by the stems of their files."""
    for path, text in TEXTS.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(changed.get(file.stem, text), encoding="utf-8")
    (folder / "plain.yaml").write_text(YAML, encoding="utf-8")
    return folder
