"""Small forks whose code names layers by number, each in one file."""

from __future__ import annotations

from tests.fork.memory import COMMON, Memory
from yamlmod.fork.numbers.finder import layer_numbers
from yamlmod.fork.numbers.findings import LayerNumber
from yamlmod.fork.parser.locate import locate, read_function

FORK = """\
import torch.nn as nn
from models.common import Conv, Concat
{top}

class Head(nn.Module):
    def __init__(self, nc=1, ch=()):
        super().__init__()
        self.m = nn.ModuleList(Conv(c, nc) for c in ch)

    def forward(self, x):
        x[0] = self.m[2](x[2])
        {head}
        return x


class Net(nn.Module):
    {owner}

    def __init__(self, cfg, ch=3):
        super().__init__()
        self.model, self.save = build(cfg, [ch])
        {init}
        self.model[-1].stride = 32

    def forward(self, x, second=None):
        y = []
        for m in self.model:
            if m.f != -1:
                x = y[m.f] if isinstance(m.f, int) else [x if j == -1 else y[j] for j in m.f]
            {before}
            x = m(x)
            y.append(x if m.i in self.save else None)
            {inside}
        {after}
        return x

    {method}


def build(d, ch):
    layers, save, c2 = [], [], ch[-1]
    for i, (f, n, m, args) in enumerate(d["backbone"] + d["head"]):
        m = eval(m)
        if m in [Conv]:
            c1, c2 = ch[f], args[0]
            args = [c1, c2, *args[1:]]
        elif m is Concat:
            c2 = sum(ch[x] for x in f)
        elif m is Head:
            args.append([ch[x] for x in f])
        else:
            c2 = ch[f]
        {parse}
        m_ = nn.Sequential(*[m(*args) for _ in range(n)]) if n > 1 else m(*args)
        m_.i, m_.f = i, f
        save.extend(x % i for x in ([f] if isinstance(f, int) else f) if x != -1)
        layers.append(m_)
        if i == 0:
            ch = []
        ch.append(c2)
    {end}
    return nn.Sequential(*layers), sorted(save)
"""
SLOTS = ("top", "head", "owner", "init", "before", "inside", "after", "method", "parse", "end")


def fork_files(**slots: str) -> Memory:
    """Return the fork with statements put into its slots."""
    text = FORK
    for name in SLOTS:
        at = text.index("{" + name + "}")
        indent = " " * (at - text.rfind("\n", 0, at) - 1)
        lines = slots.get(name, "pass" if indent else "").split("\n")
        text = text.replace("{" + name + "}", ("\n" + indent).join(lines), 1)
    files = {"models/yolo.py": text, "models/common.py": COMMON}
    return Memory(files | {k: v for k, v in slots.items() if k.endswith(".py")})


def findings(files: Memory, heads: tuple[str, ...] = ("Head",)) -> tuple[LayerNumber, ...]:
    """Return what the finder says of a fork."""
    fork = locate(files)
    return layer_numbers(fork.graph, fork.yolo, read_function(files, fork), heads)


def words(found: tuple[LayerNumber, ...]) -> list[str]:
    """Return findings as short words, `output 24` or `number <10`, in the order of the file."""
    return [
        f"{one.kind} {'<' if one.bound else ''}{one.number}{' back' if one.relative else ''}"
        for one in found
    ]
