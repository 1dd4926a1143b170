"""Builds a network from a model YAML, by the protocol that YOLOv5 and its forks share."""

import math

import torch
import torch.nn as nn

from models.common import (
    C3,
    SPPF,
    Bottleneck,
    Concat,
    Conv,
)


class Detect(nn.Module):
    """One 1x1 convolution a level: box, objectness and classes of every anchor at every place."""

    def __init__(self, nc, anchors, ch):
        super().__init__()
        sizes = torch.tensor(anchors, dtype=torch.float32).view(len(ch), -1, 2)
        self.register_buffer("anchors", sizes)
        self.na, self.no = sizes.shape[1], nc + 5
        self.m = nn.ModuleList(nn.Conv2d(c, self.na * self.no, 1) for c in ch)

    def forward(self, maps):
        levels = []
        for level, x in enumerate(maps):
            y = self.m[level](x)
            y = y.view(len(y), self.na, self.no, *y.shape[2:])
            levels.append(y.permute(0, 1, 3, 4, 2).contiguous())
        return levels


class Model(nn.Module):
    """The layers of a model YAML, run in order; `save` names those that are read again later."""

    def __init__(self, cfg="models/mini.yaml", ch=3, nc=None):
        super().__init__()
        self.yaml = {**read_yaml(cfg), "nc": nc} if nc else read_yaml(cfg)
        self.model, self.save = parse_model(self.yaml, [ch])
        self.stride = self.probe(ch)
        self.model[-1].stride = self.stride

    def forward(self, x):
        kept = []
        for m in self.model:
            if isinstance(m.f, list):
                x = [x if j == -1 else kept[j] for j in m.f]
            elif m.f != -1:
                x = kept[m.f]
            x = m(x)
            kept.append(x if m.i in self.save else None)
        return x

    def probe(self, ch, side=256):
        """Measure the stride of every level on an empty image."""
        training = self.training
        self.eval()
        with torch.no_grad():
            levels = self(torch.zeros(1, ch, side, side))
        self.train(training)
        return torch.tensor([side / level.shape[-2] for level in levels])


def read_yaml(path):
    """Read a model YAML with PyYAML, or with ruamel.yaml where only that is installed."""
    with open(path, encoding="utf-8") as file:
        try:
            import yaml

            return yaml.safe_load(file)
        except ImportError:
            from ruamel.yaml import YAML

            return YAML(typ="safe", pure=True).load(file)


def make_divisible(x, divisor):
    """Round up to a multiple."""
    return math.ceil(x / divisor) * divisor


def value(text, names):
    """Say what a word in a row's args stands for: a key of the YAML, a Python value, or itself."""
    try:
        return eval(text, {}, names)
    except NameError:
        return text


def parse_model(d, ch):
    """Turn the rows of backbone and head into layers, and list the layers that are read again."""
    nc, anchors = d["nc"], d["anchors"]
    gd, gw = d["depth_multiple"], d["width_multiple"]
    layers, save, c2 = [], [], ch[-1]
    for i, (f, n, m, args) in enumerate(d["backbone"] + d["head"]):
        m = eval(m)
        args = [value(a, {"nc": nc, "anchors": anchors}) if isinstance(a, str) else a for a in args]
        n = max(round(n * gd), 1) if n > 1 else n
        if m in {Conv, Bottleneck, C3, SPPF}:
            c1, c2 = ch[f], args[0]
            c2 = make_divisible(c2 * gw, 8)
            args = [c1, c2, *args[1:]]
            if m is C3:  # repeats its bottlenecks, not itself
                args.insert(2, n)
                n = 1
        elif m is nn.BatchNorm2d:
            c2 = ch[f]
            args = [c2]
        elif m is Concat:
            c2 = sum(ch[x] for x in f)
        elif m is Detect:
            args.append([ch[x] for x in f])
        else:
            c2 = ch[f]

        copies = [m(*args) for _ in range(n)]
        m_ = copies[0] if n == 1 else nn.Sequential(*copies)
        m_.i, m_.f = i, f
        save += [x % i for x in (f if isinstance(f, list) else [f]) if x != -1]
        layers.append(m_)
        if i == 0:
            ch = []
        ch.append(c2)
    return nn.Sequential(*layers), sorted(save)
