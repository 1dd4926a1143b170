"""Which constants of a fork's code are layer numbers, and which are not."""

from __future__ import annotations

import pytest

from tests.fork.numbers.code import findings, fork_files, words

TRUE = [
    ({"after": "return [x, y[24]]"}, ["output 24"]),
    ({"after": "return [x, y[-2]]"}, ["output -2"]),
    ({"after": "a, b = y[17], y[20]"}, ["output 17", "output 20"]),
    ({"after": "z = [y[k] for k in (4, 6)]"}, ["output 4", "output 6"]),
    ({"after": "z = y[2:5]"}, ["output <2", "output <5"]),
    ({"after": "z = y.pop(24)"}, ["output 24"]),
    (
        {"after": "from operator import itemgetter\nz = itemgetter(4, 6)(y)"},
        ["output 4", "output 6"],
    ),
    ({"after": "kept = y\nz = kept[9]"}, ["output 9"]),
    ({"after": "return x, (y[9] if second else None)"}, ["output 9"]),
    ({"inside": "z = y[-3]"}, ["output -3 back"]),
    (
        {
            "after": "return self.join(x, y)",
            "method": "def join(self, x, maps):\n    return maps[9]",
        },
        ["output 9"],
    ),
    (
        {"after": "return glue(x, y)", "top": "\ndef glue(x, maps):\n    return maps[9]\n"},
        ["output 9"],
    ),
    (
        {"after": "self.maps = y", "method": "def loss(self):\n    return self.maps[12]"},
        ["output 12"],
    ),
    (
        {
            "method": (
                "def parts(self, x):\n"
                "    z = {}\n"
                "    for i, m in enumerate(self.model):\n"
                "        x = m(x)\n"
                "        z[i] = x\n"
                "    return z[9]"
            ),
        },
        ["output 9"],
    ),
    ({"method": "def all(self, x):\n    return [m(x) for m in self.model][9]"}, ["output 9"]),
    (
        {
            "method": (
                "def fine(self, x):\n"
                "    z, y = self.run(x)\n"
                "    return y[9]\n"
                "\n"
                "def run(self, x):\n"
                "    y = []\n"
                "    for m in self.model:\n"
                "        x = m(x)\n"
                "        y += [x]\n"
                "    return x, y"
            ),
        },
        ["output 9"],
    ),
    ({"init": "self.save.append(24)"}, ["save 24"]),
    ({"init": "self.save += [4, 6]"}, ["save 4", "save 6"]),
    ({"init": "self.save = sorted({*self.save, 9})"}, ["save 9"]),
    ({"init": "self.save = sorted(set(self.save) | {9})"}, ["save 9"]),
    ({"init": "self.save.extend(KEPT)", "top": "KEPT = (4, 6)"}, ["save 4", "save 6"]),
    ({"init": "self.save = [4, 6]"}, ["save 4", "save 6"]),
    ({"init": "keep = self.save\nkeep.append(9)"}, ["save 9"]),
    ({"end": "save.append(9)"}, ["save 9"]),
    ({"end": "save = save + [9]"}, ["save 9"]),
    ({"inside": "if m.i == 9:\n    z = x"}, ["number 9"]),
    ({"inside": "if 9 == m.i:\n    z = x"}, ["number 9"]),
    ({"inside": "if m.i in [4, 6]:\n    z = x"}, ["number 4", "number 6"]),
    ({"inside": "if m.i not in {4}:\n    z = x"}, ["number 4"]),
    ({"inside": "if m.i < 10:\n    z = x"}, ["number <10"]),
    ({"inside": "if 4 < m.i <= 9:\n    z = x"}, ["number 4", "number 9"]),
    ({"inside": "if m.i in range(5, 10):\n    z = x"}, ["number <5", "number <10"]),
    ({"inside": "if m.i == self.END:\n    z = x", "owner": "END = 9"}, ["number 9"]),
    (
        {"inside": "if m.i in self.taps:\n    z = x", "init": "self.taps = [4, 6]"},
        ["number 4", "number 6"],
    ),
    ({"inside": "if m.i == END:\n    z = x", "top": "END = 9"}, ["number 9"]),
    (
        {
            "inside": "if m.i == sizes.END:\n    z = x",
            "top": "from models import sizes",
            "models/sizes.py": "END = 9\n",
            "models/__init__.py": "",
        },
        ["number 9"],
    ),
    ({"inside": "if m.i == END - 1:\n    z = x", "top": "END = 10"}, ["number 9"]),
    ({"inside": "z = {4: 1, 6: 2}.get(m.i)"}, ["number 4", "number 6"]),
    ({"inside": "match m.i:\n    case 9 | 12:\n        z = x"}, ["number 9", "number 12"]),
    (
        {
            "inside": "for name, at in TAPS.items():\n    if m.i == at:\n        z = name",
            "top": "TAPS = {'a': 4, 'b': 6}",
        },
        ["number 4", "number 6"],
    ),
    (
        {
            "method": (
                "def cut(self, x, stop=4):\n"
                "    for m in self.model:\n"
                "        if m.i == stop:\n"
                "            return x\n"
                "        x = m(x)"
            ),
        },
        ["number 4"],
    ),
    (
        {
            "method": (
                "def cut(self, x):\n"
                "    for k, m in enumerate(self.model):\n"
                "        if k == 9:\n"
                "            return x\n"
                "        x = m(x)"
            ),
        },
        ["number 9"],
    ),
    (
        {
            "method": (
                "def cut(self, x):\n"
                "    k = 0\n"
                "    for m in self.model:\n"
                "        if k == 9:\n"
                "            return x\n"
                "        x = m(x)\n"
                "        k += 1"
            ),
        },
        ["number 9"],
    ),
    ({"parse": "if i == 9:\n    c2 = 2 * c2"}, ["number 9"]),
    ({"parse": "if i in (4, 6):\n    save.append(i)"}, ["number 4", "number 6"]),
    ({"parse": "c2 = ch[4] + ch[6]"}, ["channel 4", "channel 6"]),
    ({"parse": "z = layers[4]"}, ["layer 4"]),
    ({"parse": "z = layers[-2]"}, ["layer -2 back"]),
    ({"parse": "if f == -4:\n    c2 = 3"}, ["source -4"]),
    ({"before": "if m.f == -4:\n    x = second"}, ["source -4"]),
    ({"before": "if m.f in (-4, -5):\n    x = second"}, ["source -4", "source -5"]),
    ({"head": "if self.i == 24:\n    x = x"}, ["number 24"]),
    ({"head": "if self.f[0] == 17:\n    x = x"}, ["source 17"]),
    ({"init": "z = self.model[9]"}, ["layer 9"]),
    ({"init": "z = self.model[-2]"}, ["layer -2"]),
    ({"init": "z = self.model[self.at]\n", "owner": "at = 9"}, ["layer 9"]),
    ({"init": "z = self.model[:10]"}, ["layer <10"]),
    ({"init": "z = getattr(self.model, '9')"}, ["layer 9"]),
    ({"init": "z = self.model._modules['9']"}, ["layer 9"]),
    ({"init": "z = self.model.get_submodule('9.conv')"}, ["layer 9"]),
    ({"init": "for k in range(10):\n    self.model[k].eval()"}, ["layer <10"]),
    ({"init": "z = [k for k, p in self.named_parameters() if 'model.24.' in k]"}, ["name 24"]),
    ({"train.py": "freeze = ['model.%s.' % k for k in range(10)]\n"}, ["name <10"]),
    ({"train.py": "freeze = [f'model.{k}.' for k in (0, 4)]\n"}, ["name 0", "name 4"]),
    (
        {"train.py": "def train():\n    freeze = ['model.3.', 'model.24.m']\n"},
        ["name 3", "name 24"],
    ),
    ({"train.py": "parser.add_argument('--freeze', type=int, default=10)\n"}, ["name <10"]),
    ({"train.py": "from models.yolo import Net\nnet = Net('x')\nz = net.model[9]\n"}, ["layer 9"]),
]
FALSE = [
    {},
    {"after": "z = x[4]"},
    {"after": "z = y[-1]"},
    {"after": "y = [x, x]\nz = y[1]"},
    {"after": "y = self.other(x)\nz = y[1]", "method": "def other(self, x):\n    return [x, x]"},
    {"after": "z = sum(y[k] for k in self.save)"},
    {"after": "z = self.model[-1].m[2]"},
    {"init": "z = self.model[:-1]\nq = self.model[0]\nw = self.model[1:]"},
    {"init": "self.stride = [8, 16, 32]\nz = self.stride[1]"},
    {"init": "z = self.sizes[2]", "owner": "sizes = [3, 4, 5]"},
    {"init": "z = cfg['anchors'][2]"},
    {"init": "z = 'yolo.model.24/x.pt'"},
    {"inside": "if m.f == -1:\n    z = x"},
    {"inside": "if len(m.f) == 3 and m.f[0] < 0:\n    z = x"},
    {"inside": "if m.i % 4 == 2:\n    z = x"},
    {"inside": "if m.i == 0 or m.i > 0:\n    z = x"},
    {"inside": "if m.i == self.limit:\n    z = x", "init": "self.limit = len(self.model) - 1"},
    {
        "method": (
            "def some(self, x):\n"
            "    z = []\n"
            "    for m in self.model:\n"
            "        if m.i in self.save:\n"
            "            z.append(m(x))\n"
            "    return z[2]"
        ),
    },
    {
        "method": (
            "def some(self, x):\n"
            "    z = []\n"
            "    for k, m in enumerate(self.model):\n"
            "        z.append(x)\n"
            "    for k in range(3):\n"
            "        if k == 2:\n"
            "            return x"
        ),
    },
    {
        "method": (
            "def tta(self, x):\n"
            "    y = []\n"
            "    for s in (1, 0.83):\n"
            "        y.append(self.forward(x))\n"
            "    return y[1]"
        ),
    },
    {"parse": "c2 = ch[f] if isinstance(f, int) else ch[f[2]]"},
    {"parse": "z = ch[-2], args[3], ch[0], layers[-1]"},
    {"parse": "if n == 9 or args[0] == 24:\n    c2 = 4"},
    {"parse": "for k, a in enumerate(args):\n    if k == 4:\n        c2 = a"},
    {
        "train.py": (
            "freeze = []\n"
            "parser.add_argument('--freeze', default=[0])\n"
            "parser.add_argument('--epochs', default=10)\n"
        ),
    },
    {"train.py": "def f(freeze):\n    return [f'model.{k}.' for k in range(freeze)]\n"},
]


@pytest.mark.parametrize(("slots", "expected"), TRUE, ids=[str(one) for one, _ in TRUE])
def test_layer_numbers(slots: dict[str, str], expected: list[str]) -> None:
    found = findings(fork_files(**slots))
    assert sorted(words(found)) == sorted(expected)
    files = fork_files(**slots)
    for one in found:
        text = (files.read(one.place.path) or "").split("\n")[one.place.line - 1]
        assert text == one.line_text
        # The place is the number's, or a constant expression's.
        inner = text[one.place.column : one.end]
        assert str(abs(one.number)) in inner or "END" in inner or "model." in inner


@pytest.mark.parametrize("slots", FALSE, ids=str)
def test_other_numbers(slots: dict[str, str]) -> None:
    assert words(findings(fork_files(**slots))) == []
