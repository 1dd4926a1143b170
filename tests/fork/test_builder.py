"""A fork as a table: names through star imports, classes twice, what scales."""

from __future__ import annotations

from tests.fork.memory import Memory
from yamlmod.fork.parser.locate import locate
from yamlmod.fork.parser.parser_facts import read_builder
from yamlmod.model.parser_facts import ParserFacts

YOLO = """\
import torch.nn as nn
from models.common import *
from models.experimental import *


class Detect(nn.Module):
    def __init__(self, nc=80, anchors=(), ch=()):
        pass


def parse_model(d, ch):
    for i, (f, n, m, args) in enumerate(d['backbone'] + d['head']):
        m = eval(m) if isinstance(m, str) else m
        if m in {Conv, C3, CBAM}:
            c1, c2 = ch[f], args[0]
            args = [c1, c2, *args[1:]]
            if m in {C3}:
                args.insert(2, n)
        elif m is nn.BatchNorm2d:
            args = [ch[f]]
        elif m is Concat:
            c2 = sum(ch[x] for x in f)
        else:
            c2 = ch[f]
        if i == 0:
            ch = []
        ch.append(c2)
"""
COMMON = """\
import torch.nn as nn


class Conv(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        pass


class C3(nn.Module):
    def __init__(self, c1, c2, n=1, *rest):
        pass


class CBAM(nn.Module):
    def __init__(self, c1, c2, ratio=16):
        pass


class Small(CBAM):
    pass


class Concat(nn.Module):
    def __init__(self, dimension=1):
        pass
"""
EXPERIMENTAL = "class CBAM:\n    def __init__(self, c):\n        pass\n"


def _builder(**files: str) -> ParserFacts:
    texts = {"yolo": YOLO, "common": COMMON, "experimental": EXPERIMENTAL, **files}
    memory = Memory({f"models/{name}.py": text for name, text in texts.items()})
    return read_builder(memory, locate(memory))


def test_names_and_classes() -> None:
    builder = _builder()
    assert {"Conv", "CBAM", "Small", "Detect", "nn", "parse_model"} <= builder.names.known
    assert not builder.names.open
    assert builder.twice == {"CBAM": ("repo/models/common.py:14", "repo/models/experimental.py:1")}
    assert builder.constructed == {"Conv", "C3", "CBAM", "Small", "Concat", "Detect"}
    assert builder.tensorflow is None


def test_what_the_branch_of_conv_scales() -> None:
    builder = _builder()
    assert builder.branched == {"Conv", "C3", "CBAM", "nn.BatchNorm2d", "Concat"}
    assert builder.plain_else
    assert builder.kinds["CBAM"].channels == "scaled" and "Small" not in builder.kinds


def test_an_import_that_leads_out_leaves_the_names_open() -> None:
    leaving = _builder(common="from elsewhere import *\n" + COMMON)
    assert leaving.names.open and leaving.names.beyond == ("elsewhere",)
    closed = _builder(common=COMMON + "__all__ = ['Conv', 'C3', 'Concat']\n")
    assert closed.names.lacks("Small") and closed.names.has("Conv")


def test_tf_and_circles() -> None:
    builder = _builder(
        tf="class TFConv:\n    pass\n",
        common="from models.experimental import *\n" + COMMON,
        experimental="from models.common import *\n" + EXPERIMENTAL,
    )
    assert builder.tensorflow == {"TFConv"}
    assert {"Conv", "CBAM"} <= builder.names.known
