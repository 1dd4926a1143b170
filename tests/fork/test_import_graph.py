"""What names denote: one table of small trees, questions and answers, and the limits."""

from __future__ import annotations

import pytest

from tests.fork.memory import Memory
from yamlmod.fork.python.answers import Answer, Definition, Missing, OutsideTree, Unknown
from yamlmod.fork.python.import_graph import ImportGraph


def graph(texts: dict[str, str], place: str = "", parser: str = "") -> ImportGraph:
    return ImportGraph(Memory(texts, place), parser)


def told(answer: Answer) -> str:
    """Return an answer as the tables below write it."""
    if isinstance(answer, Definition):
        return f"{answer.path}:{answer.line} {answer.name}" + "?" * answer.conditional
    if isinstance(answer, OutsideTree):
        return answer.dotted + "?" * answer.conditional
    if isinstance(answer, Missing):
        return f"missing {answer.error}"
    return "either " + " or ".join(map(told, answer.alternatives)) if answer.alternatives else "?"


def files(text: str) -> dict[str, str]:
    """Return `-- path` sections as a tree."""
    parts = (part.partition("\n") for part in text.split("-- ")[1:])
    return {path.strip(): body for path, _, body in parts}


TREE = """\
-- a.py
import torch
import torch.nn as nn
from torch import nn as again
from torch.nn import Conv2d as Plain, functional as F
from pkg import *
from pkg.low import Low as Renamed
import pkg.sub.deep
import pkg.low as low
class Own(nn.Module):
    inner = 1
    def run(self): pass
Alias = Own
Chain = Alias
Foreign = nn.Conv2d
Kept = Missing_ = 3
def helper(arg):
    import json as local
    from pkg.low import Low
    value = 1
    return arg, local, Low, value
-- pkg/__init__.py
from .low import Low, _Hidden
from .sub import *
from . import other
-- pkg/low.py
class Low: pass
class _Hidden: pass
class Low(Low):
    more = 2
-- pkg/other.py
x = 1
-- pkg/sub/__init__.py
__all__ = ["Listed", "deep"]
class Listed: pass
class Unlisted: pass
-- pkg/sub/deep.py
from ..low import Low as Up
from ... import gone
"""


@pytest.mark.parametrize(
    ("name", "line", "answer"),
    [
        ("torch.nn.Conv2d", None, "torch.nn.Conv2d"),
        ("nn.Conv2d", None, "torch.nn.Conv2d"),
        ("again.Linear", None, "torch.nn.Linear"),
        ("Plain", None, "torch.nn.Conv2d"),
        ("F.relu", None, "torch.nn.functional.relu"),
        ("Low", None, "pkg/low.py:3 Low"),
        ("_Hidden", None, "missing NameError"),
        ("Renamed", None, "pkg/low.py:3 Low"),
        ("Listed", None, "pkg/sub/__init__.py:2 Listed"),
        ("Unlisted", None, "missing NameError"),
        ("other", None, "pkg/other.py:1 pkg.other"),
        ("other.x", None, "pkg/other.py:1 x"),
        ("deep", None, "pkg/sub/deep.py:1 pkg.sub.deep"),
        ("pkg.sub.deep.Up", None, "pkg/low.py:3 Low"),
        ("pkg.low.Low.more", None, "pkg/low.py:4 Low.more"),
        ("low.Nope", None, "missing AttributeError"),
        ("Chain", None, "a.py:9 Own"),
        ("Chain.run", None, "a.py:11 Own.run"),
        ("Foreign", None, "torch.nn.Conv2d"),
        ("Kept", None, "a.py:15 Kept"),
        ("print", None, "builtins.print"),
        ("__file__", None, "types.ModuleType.__file__"),
        ("Own", 8, "missing NameError"),
        ("nn", 2, "missing NameError"),
        ("local", 20, "json"),
        ("local", None, "missing NameError"),
        ("Low", 20, "pkg/low.py:3 Low"),
        ("arg", 20, "?"),
        ("value", 20, "a.py:19 value"),
        ("value", 19, "?"),
        ("Own", 20, "a.py:9 Own"),
    ],
)
def test_names_of_one_tree(name: str, line: int | None, answer: str) -> None:
    assert told(graph(files(TREE)).denotes("a.py", name, line)) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("class X: pass\nclass X: pass\n", "a.py:2 X"),
        ("class X: pass\ndel X\n", "missing NameError"),
        ("class X: pass\nX = 1\n", "a.py:2 X"),
        ("X: int\n", "missing NameError"),
        ("X: int = 1\n", "a.py:1 X"),
        ("X = Y\n", "missing NameError"),
        ("if __name__ == '__main__':\n    X = 1\n", "missing NameError"),
        ("if c():\n    X = 1\n", "a.py:2 X?"),
        ("if c():\n    X = 1\nelse:\n    X = 2\n", "either a.py:2 X or a.py:4 X"),
        ("if c():\n    X = 1\nelif d():\n    pass\nelse:\n    raise E\n", "a.py:2 X?"),
        ("if sys.version_info >= (3, 8):\n    X = 1\nelse:\n    X = 2\n", "a.py:2 X"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    X = 1\n", "missing NameError"),
        ("try:\n    import X\nexcept ImportError:\n    X = None\n", "either X or a.py:4 X"),
        ("try:\n    import json as X\nexcept ImportError:\n    X = None\n", "json"),
        ("try:\n    from b import X\nexcept ImportError:\n    X = None\n", "b.py:1 X"),
        ("try:\n    from b import N as X\nexcept ImportError:\n    X = None\n", "a.py:4 X"),
        ("try:\n    from b.c import N as X\nexcept ImportError:\n    X = None\n", "a.py:4 X"),
        ("try:\n    from timm import X\nexcept ImportError:\n    pass\n", "timm.X?"),
        ("try:\n    from timm import X\nexcept ImportError:\n    raise\n", "timm.X"),
        ("from b import *\nfrom timm import *\n", "b.py:1 X?"),
        ("from timm import *\n", "?"),
        ("from b import *\nfrom d import *\n", "d.py:2 X"),
        ("from d import *\nfrom b import *\n", "b.py:1 X"),
        ("from a import *\nX = 1\n", "a.py:2 X"),
        ("def f():\n    global X\n    X = 1\n", "?"),
        ("globals()['X'] = 1\n", "?"),
        ("globals().update(X=1)\n", "?"),
        ("def __getattr__(name): pass\n", "?"),
        ("for X in (): pass\n", "a.py:1 X?"),
        ("with open('f') as X: pass\n", "a.py:1 X"),
        ("(X := 1)\n", "a.py:1 X"),
        ("[X for X in ()]\n", "missing NameError"),
        ("[(X := y) for y in ()]\n", "a.py:1 X"),
        ("X, (Y, *Z) = f()\n", "a.py:1 X"),
        ("def f(): X = 1\n", "missing NameError"),
        ("def f(): X = 1\nclass Q:\n    X = 2\n", "missing NameError"),
        ("import contextlib\nwith contextlib.suppress(E):\n    X = f()\n", "a.py:3 X?"),
        ("while c():\n    X = 1\n", "a.py:2 X?"),
        ("match v:\n    case [X]: pass\n", "a.py:1 X?"),
        ("if (X := f()):\n    pass\n", "a.py:1 X"),
        ("lambda: (X := 1)\n", "missing NameError"),
    ],
)
def test_statements(text: str, answer: str) -> None:
    tree = {"a.py": text, "b.py": "class X: pass\n", "d.py": "from b import *\nclass X: pass\n"}
    assert told(graph(tree).denotes("a.py", "X")) == answer


@pytest.mark.parametrize(
    ("text", "names", "open_ended"),
    [
        ("__all__ = ['A']", "A", False),
        ("__all__ = 'A', 'B'", "A B", False),
        ("__all__: list[str] = ['A']", "A", False),
        ("__all__ = ['A'] + ['B']", "A B", False),
        ("__all__ = ['A']\n__all__ += ['B']", "A B", False),
        ("__all__ = ['A']\n__all__.extend(('B',))\n__all__.append('C')", "A B C", False),
        ("__all__ = ['A', 'B']\n__all__.remove('A')", "B", False),
        ("__all__ = tuple(sorted(['A', 'B']))", "A B", False),
        ("__all__ = 'A B'.split()", "A B", False),
        ("from sub import *\nimport sub\n__all__ = sub.__all__ + ['A']", "S A", False),
        ("import sub\n__all__ = [*sub.__all__, 'A']", "A", False),
        ("from sub import __all__, S", "S", False),
        ("NAMES = ['A']\n__all__ = NAMES", "A", False),
        ("if False:\n    __all__ = ['A']\nelse:\n    __all__ = ['B']", "B", False),
        ("__all__ = ['A']\nif c():\n    __all__ += ['B']", "A B", True),
        ("__all__ = [n for n in dir()]", "", True),
        ("__all__ = ['A']\nf(__all__)", "A", True),
        ("__all__ = ['A', 'gone']", "A", False),
        ("pass", "A B C", False),
    ],
)
def test_name_lists(text: str, names: str, open_ended: bool) -> None:
    tree = {
        "m.py": f"{text}\nclass A: pass\nclass B: pass\nclass C: pass\n",
        "sub.py": "__all__ = ['S']\nS = 1\nT = 2\n",
    }
    exports = graph(tree).exported_names("m.py")
    assert exports.names == set(names.split())
    assert bool(exports.open) == open_ended


@pytest.mark.parametrize(
    ("importer", "line", "texts", "place", "answer"),
    [
        (
            "models/yolo.py",
            "from models.common import X",
            ["models/common.py"],
            "",
            "models/common.py",
        ),
        ("models/yolo.py", "from .common import X", ["models/common.py"], "", "models/common.py"),
        # A package that holds REPO, and imports itself by its full name.
        (
            "models/yolo.py",
            "from outer.inner.models.common import X",
            ["__init__.py", "models/__init__.py", "models/common.py"],
            "/somewhere/outer/inner",
            "models/common.py",
        ),
        (
            "models/yolo.py",
            "from outer.other import X",
            ["__init__.py", "models/common.py"],
            "/somewhere/outer/inner",
            "outer.other.X",
        ),
        (
            "models/yolo.py",
            "from ...other import X",
            ["__init__.py", "models/__init__.py"],
            "/somewhere/outer/inner",
            "outer.other.X",
        ),
        # REPO lies in a folder of another name: the parser's own imports tell.
        (
            "models/yolo.py",
            "from yolov5.models.common import X",
            ["__init__.py", "models/common.py"],
            "/somewhere/my-copy",
            "models/common.py",
        ),
        # A folder of the fork that puts itself on the path.
        (
            "sub/models/yolo.py",
            "from models.common import X",
            ["sub/models/common.py"],
            "",
            "sub/models/common.py",
        ),
        (
            "src/models/yolo.py",
            "from models.common import X",
            ["src/models/common.py"],
            "",
            "src/models/common.py",
        ),
        ("train.py", "from pkg.common import X", ["src/pkg/common.py"], "", "src/pkg/common.py"),
        # What is installed is not what a sibling happens to be called.
        ("calls/wandb.py", "from wandb import X", ["calls/__init__.py"], "", "wandb.X"),
        ("models/yolo.py", "from torch import X", ["models/torch.py"], "", "torch.X"),
        ("models/yolo.py", "from logging import X", ["models/logging.py"], "", "logging.X"),
        ("models/yolo.py", "from onnx import X", ["onnx/run.py"], "", "onnx.X"),
        (
            "models/yolo.py",
            "from models.gone import X",
            ["models/__init__.py"],
            "",
            "missing ModuleNotFoundError",
        ),
        ("models/yolo.py", "from .gone import X", [], "", "missing ModuleNotFoundError"),
        ("models/yolo.py", "from ._C import X", ["models/_C.cpython-311.so"], "", "models._C.X"),
    ],
)
def test_where_modules_are(
    importer: str, line: str, texts: list[str], place: str, answer: str
) -> None:
    tree = dict.fromkeys(texts, "X = 1\n") | {importer: f"{line}\n"}
    found = graph(tree, place, importer).denotes(importer, "X")
    assert (found.path if isinstance(found, Definition) else told(found)) == answer


def test_the_way_is_told() -> None:
    answer = graph(files(TREE)).denotes("a.py", "Low")
    assert isinstance(answer, Definition)
    assert [str(hop) for hop in answer.hops] == [
        "a.py:5: from pkg import *",
        "pkg/__init__.py:1: from .low import Low",
    ]


def test_a_name_in_a_circle() -> None:
    tree = {"a.py": "from b import X, Y\n", "b.py": "from a import X\nY = 1\n"}
    one = graph(tree)
    assert isinstance(one.denotes("a.py", "X"), Missing)
    (problem,) = one.import_problems("a.py")
    assert (problem.path, problem.line, problem.error) == ("b.py", 1, "ImportError")
    assert [hop.path for hop in problem.cycle] == ["a.py", "b.py"]


@pytest.mark.parametrize(
    ("tree", "start", "where"),
    [
        ({"a.py": "import b\n", "b.py": "import a\n"}, "a.py", ""),
        ({"a.py": "X = 1\nfrom b import Y\n", "b.py": "from a import X\nY = 1\n"}, "a.py", ""),
        (
            {"a.py": "from b import Y\nX = 1\n", "b.py": "from a import X\nY = 1\n"},
            "a.py",
            "b.py:1",
        ),
        # Begun at the other end, the same circle fails elsewhere.
        (
            {"a.py": "from b import Y\nX = 1\n", "b.py": "from a import X\nY = 1\n"},
            "b.py",
            "a.py:1",
        ),
        (
            {"a.py": "from b import Y\nX = 1\n", "b.py": "def f():\n    from a import X\nY = 1\n"},
            "a.py",
            "",
        ),
        ({"a.py": "from b import Y\n", "b.py": "X = 1\n"}, "a.py", "a.py:1"),
        (
            {"a.py": "try:\n    from b import Y\nexcept ImportError:\n    Y = 1\n", "b.py": ""},
            "a.py",
            "",
        ),
        (
            {"a.py": "try:\n    from b import Y\nexcept KeyError:\n    Y = 1\n", "b.py": ""},
            "a.py",
            "a.py:2",
        ),
        ({"a.py": "if c():\n    from b import Y\n", "b.py": ""}, "a.py", ""),
        (
            {"p/__init__.py": "from .m import *\n", "p/m.py": "from p.gone import X\n"},
            "p/m.py",
            "p/m.py:1",
        ),
        (
            {"p/__init__.py": "from .m import *\n", "p/m.py": "__all__ = ['N']\n"},
            "p/m.py",
            "p/__init__.py:1",
        ),
        ({"a.py": "class A(B): pass\n"}, "a.py", "a.py:1"),
        ({"a.py": "from torch.gone import X\n"}, "a.py", ""),
        ({"a.py": "x = = 1\n"}, "a.py", ""),
    ],
)
def test_imports_that_fail(tree: dict[str, str], start: str, where: str) -> None:
    problems = graph(tree).import_problems(start)
    assert [f"{one.path}:{one.line}" for one in problems] == ([where] if where else [])


def test_what_cannot_be_read_is_unknown() -> None:
    one = graph({"a.py": "from b import *\n", "b.py": "x = = 1\n"})
    answer = one.denotes("a.py", "X")
    assert isinstance(answer, Unknown) and "repo/b.py cannot be read" in answer.reason
    assert isinstance(one.denotes("gone.py", "X"), Unknown)


def test_nothing_runs_without_end() -> None:
    """Long chains, and files that all import everything from all others, end in an answer."""
    chain = {f"m{i}.py": f"from m{i + 1} import X\n" for i in range(400)} | {"m400.py": "X = 1\n"}
    assert isinstance(graph(chain).denotes("m0.py", "X"), Unknown)
    assert graph(chain).import_problems("m0.py") == ()
    names = [f"k{i}" for i in range(14)]
    clique = {
        f"{name}.py": "".join(f"from {other} import *\n" for other in names if other != name)
        for name in names
    }
    one = graph({**clique, "k7.py": clique["k7.py"] + "class X: pass\n"})
    assert told(one.denotes("k0.py", "X")) in ("k7.py:14 X", "?")
    assert one.names("k0.py").names <= {"X"}
    branches = "".join(f"elif v == {i}:\n    Y = {i}\n" for i in range(900))
    assert (
        told(graph({"a.py": f"if v:\n    X = 1\n{branches}"}).denotes("a.py", "X")) == "a.py:2 X?"
    )


def test_only_files_on_the_way_are_parsed() -> None:
    tree = {
        "a.py": "from b import X\nimport c\n",
        "b.py": "X = 1\n",
        "c.py": "import d\n",
        "d.py": "",
    }
    one = graph(tree)
    one.denotes("a.py", "X")
    assert set(one.parsed.paths()) == {"a.py", "b.py"}
