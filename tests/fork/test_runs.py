"""The patched parse functions, run: what the classes are handed, and which channels they see."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from tests.fork.memory import ALL, Memory, repository, yolo

# Torch would cost two seconds and nothing here computes.
STUBS = {
    "torch": "",
    "torch.nn": "class Module:\n    def __init__(self):\n        pass\nclass BatchNorm2d: pass\n",
    "torch.nn.functional": "relu = None\n",
    "utils": "",
    "utils.general": "thing = None\ndef make_divisible(x, by):\n    return int(-(-x // by) * by)\n",
    "models": "",
}
ROWS = [
    [-1, 1, "Conv", [64]],  # 0
    [-1, 1, "Conv", [128]],  # 1
    [-1, 1, "Alpha", [256, 9]],  # 2: conv
    [-1, 1, "Beta", [7]],  # 3: same, behind 256
    [-1, 1, "Gamma", [5]],  # 4: free
    [0, 1, "Delta", []],  # 5: same, behind 64
]


def run(files: Memory, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Return the class and arguments of the layers that the repository's parse_model builds."""
    texts = STUBS | {
        path.removesuffix(".py").replace("/", "."): text
        for path, text in files.texts.items()
        if path.startswith("models/")
    }
    names = [*STUBS, "models.common", "models.experimental", "models.yolo"]
    for name in [one for one in names if one in texts]:
        module = types.ModuleType(name)
        module.__path__ = []  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)
        exec(compile(texts[name], name, "exec"), module.__dict__)
    if "nn" not in vars(sys.modules["models.yolo"]):
        sys.modules["models.yolo"].nn = sys.modules["torch.nn"]  # type: ignore[attr-defined]
    rows = [[f, n, m, list(args)] for f, n, m, args in ROWS]
    layers, _ = sys.modules["models.yolo"].parse_model({"backbone": rows, "head": []}, [3])
    return [(type(one).__name__, getattr(one, "args", None)) for one in layers[2:]]


OFFSET_READ = "ch[f if f < 0 else f + 1]"
EXPLICIT = "import torch.nn as nn\nfrom models.common import C3, Concat, Conv"


@pytest.mark.parametrize(
    "text",
    [
        yolo(),
        yolo("{Conv, C3}", EXPLICIT),
        yolo("(Conv,)", "from models.experimental import *"),
        yolo(reset="", else_=f"c2 = {OFFSET_READ}"),
        yolo(reset="", else_=f"c2 = {OFFSET_READ}; args = list(args)"),
    ],
    ids=["star", "explicit", "through", "offset", "offset, else with more"],
)
def test_what_the_classes_are_handed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = repository(text, **{"models/experimental.py": "from models.common import *\n"})
    files.install(*ALL)
    assert run(files, monkeypatch) == [
        ("Alpha", (128, 256, 9)),
        ("Beta", (256, 7)),
        ("Gamma", (5,)),
        ("Delta", (64,)),
    ]
