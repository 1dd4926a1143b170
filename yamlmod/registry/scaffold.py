"""Generate a new template: a manifest, a working module, and a passing test."""

from __future__ import annotations

import re
from collections.abc import Mapping

from yamlmod.registry.class_names import stem_of
from yamlmod.registry.rules import RULES

# Each starts as the identity: a gate of 2 * sigmoid(0) is 1.
_SAME = """\
    def __init__(self, c1, reduction=16):
        super().__init__()
        hidden = max(c1 // reduction, 8)
        self.squeeze = nn.Conv2d(c1, hidden, 1)
        self.excite = nn.Conv2d(hidden, c1, 1)
        nn.init.zeros_(self.excite.weight)
        nn.init.zeros_(self.excite.bias)

    def forward(self, x):
        mean = x.mean((2, 3), keepdim=True)
        gate = 2 * torch.sigmoid(self.excite(torch.relu(self.squeeze(mean))))
        return x * gate
"""
_CONV = """\
    def __init__(self, c1, c2, reduction=16):
        super().__init__()
        hidden = max(c2 // reduction, 8)
        self.project = nn.Identity() if c1 == c2 else nn.Conv2d(c1, c2, 1, bias=False)
        self.squeeze = nn.Conv2d(c2, hidden, 1)
        self.excite = nn.Conv2d(hidden, c2, 1)
        nn.init.zeros_(self.excite.weight)
        nn.init.zeros_(self.excite.bias)

    def forward(self, x):
        x = self.project(x)
        mean = x.mean((2, 3), keepdim=True)
        gate = 2 * torch.sigmoid(self.excite(torch.relu(self.squeeze(mean))))
        return x * gate
"""
_CSP = """\
    def __init__(self, c1, c2, n=1, reduction=16):
        super().__init__()
        hidden = max(c2 // reduction, 8)
        self.project = nn.Identity() if c1 == c2 else nn.Conv2d(c1, c2, 1, bias=False)
        self.gates = nn.ModuleList(
            nn.Sequential(nn.Conv2d(c2, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, c2, 1))
            for _ in range(n)
        )
        for gate in self.gates:
            nn.init.zeros_(gate[-1].weight)
            nn.init.zeros_(gate[-1].bias)

    def forward(self, x):
        x = self.project(x)
        for gate in self.gates:
            x = x * (2 * torch.sigmoid(gate(x.mean((2, 3), keepdim=True))))
        return x
"""
_FREE = """\
    def __init__(self, gain=0.0):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(float(gain)))

    def forward(self, x):
        mean = x.mean((2, 3), keepdim=True)
        return x * (2 * torch.sigmoid(self.gain * mean))
"""
_BODIES: Mapping[str, str] = {"same": _SAME, "free": _FREE, "conv": _CONV, "csp": _CSP}

_MODULE = '''\
# SPDX-License-Identifier: 0BSD
import torch
import torch.nn as nn


class @NAME@(nn.Module):
    """Channel attention from global average pooling; starts as the identity.

    Shapes: (N, C, H, W) to (N, @OUT@, H, W).
    """

@BODY@'''

_MANIFEST = """\
name = "@NAME@"
class = "@NAME@"
file = "@STEM@.py"
version = "0.1.0"
aliases = []
summary = "Channel attention from global average pooling."
# same: gets the input channels (c1). conv: gets input and output channels (c1, c2), and the
# row starts with the nominal output channels. csp: as conv, and the row's number is third (n).
# free: gets only the row's args, and no channels.
rule = "@RULE@"
python = "3.8"
torch = "1.8"
requirements = []

# The paper it comes from, if there is one: title, venue, year, url.
[paper]

# The constructor's arguments after the channels, in order.
[[arguments]]
@ARGUMENT@"""
_REDUCTION = """\
name = "reduction"
type = "int"
optional = false
default = "16"
min = 1
doc = "Reduction ratio of the hidden layer, which has at least 8 channels."
"""
_GAIN = """\
name = "gain"
type = "float"
optional = false
default = "0.0"
doc = "Initial factor of the channel mean."
"""

_TEST = '''\
"""Tests of @NAME@; run them with pytest in an environment with torch."""

import ast
import importlib.util
from pathlib import Path

import pytest
import torch

PATH = Path(__file__).with_name("@STEM@.py")
CHANNELS = 16
SUPPLIED = [@SUPPLIED@]  # what parse_model passes before the row's args


def build(*args):
    spec = importlib.util.spec_from_file_location("@STEM@", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.@NAME@(*SUPPLIED, *args)


@pytest.mark.parametrize("shape", [(2, CHANNELS, 8, 8), (1, CHANNELS, 5, 7), (1, CHANNELS, 1, 1)])
def test_shape_and_gradients(shape):
    torch.manual_seed(0)
    module, x = build(), torch.randn(shape, requires_grad=True)
    y = module(x)
    assert y.shape == x.shape and torch.isfinite(y).all()
    y.square().sum().backward()
    assert x.grad is not None
    assert all(weight.grad is not None for weight in module.parameters())


def test_starts_as_the_identity():
    x = torch.randn(2, CHANNELS, 6, 6)
    assert torch.allclose(build()(x), x, atol=1e-6)


def test_weights_can_be_saved_and_loaded():
    first, second = build(), build()
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.add_(torch.randn_like(parameter))
    second.load_state_dict(first.state_dict())
    x = torch.randn(1, CHANNELS, 6, 6)
    assert torch.equal(first.eval()(x), second.eval()(x))


def test_the_file_can_go_into_any_fork():
    """It is pasted into models/common.py: ASCII, Python 3.8, helpers named after the class."""
    text = PATH.read_text(encoding="ascii")
    tree = ast.parse(text, feature_version=(3, 8))
    defined = [node.name for node in tree.body if hasattr(node, "name")]
    assert all(name == "@NAME@" or name.startswith("_@NAME@") for name in defined)
'''


def scaffold(name: str, rule: str) -> dict[str, str]:
    """Return the texts of a new template's files, by file name."""
    stem = stem_of(name)
    words = {
        "NAME": name,
        "STEM": stem,
        "RULE": rule,
        "OUT": "c2" if rule in ("conv", "csp") else "C",
        "BODY": _BODIES[rule],
        "ARGUMENT": _GAIN if rule == "free" else _REDUCTION,
        "SUPPLIED": ", ".join(["CHANNELS", "CHANNELS", "1"][: RULES[rule].supplied]),
    }
    texts = {"manifest.toml": _MANIFEST, f"{stem}.py": _MODULE, f"test_{stem}.py": _TEST}
    return {file: _filled(text, words) for file, text in texts.items()}


def _filled(text: str, words: Mapping[str, str]) -> str:
    return re.sub(r"@([A-Z]+)@", lambda match: words[match[1]], text)
