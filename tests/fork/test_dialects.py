"""Every dialect: what the patched file says, that it goes in once, and comes out again."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest

from tests.fork.memory import ALL, COMMON, Memory, repository, yolo
from tests.fork.memory import CONV as ALPHA
from tests.fork.memory import FREE as GAMMA
from tests.fork.memory import SAME as BETA


@dataclass(frozen=True)
class Dialect:
    """A fork's two files, and what must stand in yolo.py after patching."""

    name: str
    yolo: str = field(default_factory=yolo)
    common: str = COMMON
    expected: tuple[str, ...] = ()
    more: tuple[tuple[str, str], ...] = ()

    def repository(self) -> Memory:
        """Return the fork."""
        return repository(self.yolo, self.common, **dict(self.more))


def crlf(text: str) -> str:
    """Return the text with CRLF newlines."""
    return text.replace("\n", "\r\n")


SAME_BRANCH = """\
        elif m in {Beta, Delta}:  # yamlmod
            c2 = ch[f]
            args = [c2, *args]
        else:
"""
EXPLICIT = "from models.common import (\n    C3,\n    Concat,\n    Conv,\n)"
NAMED = yolo("base_modules").replace(
    "    no, gw",
    "    base_modules = frozenset({\n        Conv,\n        C3,  # last\n    })\n    no, gw",
)

DIALECTS = [
    Dialect("list", expected=("if m in [Conv, C3, Alpha]:\n", SAME_BRANCH)),
    Dialect("set", yolo("{Conv, C3}"), expected=("if m in {Conv, C3, Alpha}:\n",)),
    Dialect("tuple", yolo("(Conv, C3)"), expected=("if m in (Conv, C3, Alpha):\n",)),
    Dialect("tuple of one", yolo("(Conv,)"), expected=("if m in (Conv, Alpha,):\n",)),
    Dialect("trailing comma", yolo("{Conv, C3, }"), expected=("{Conv, C3, Alpha, }:",)),
    Dialect(
        "one a line",
        yolo("{\n            Conv,\n            C3,  # c\n        }"),
        expected=("            C3,  # c\n            Alpha,\n        }:",),
    ),
    Dialect(
        "one a line, no comma",
        yolo("{\n            Conv,\n            C3  # c\n        }"),
        expected=("            C3,  # c\n            Alpha\n        }:",),
    ),
    Dialect(
        "several lines", yolo("[Conv,  # first\n                 C3]"), expected=("C3, Alpha]:",)
    ),
    Dialect(
        "comment behind the last",
        yolo("[Conv, C3  # ]\n                 ]"),
        expected=("[Conv, C3, Alpha  # ]\n",),
    ),
    Dialect("backslash", yolo("[Conv, \\\n                 C3]"), expected=("C3, Alpha]:",)),
    Dialect(
        "backslash in a list a line",
        yolo("[\n            Conv, \\\n            C3 \\\n        ]"),
        expected=("C3, Alpha \\\n",),
    ),
    Dialect(
        "named frozenset",
        NAMED,
        expected=("        C3,  # last\n        Alpha,\n    })\n", "if m in base_modules:\n"),
    ),
    Dialect(
        "named at the top",
        yolo("BASE").replace("\n\nclass Detect", "\n\nBASE = (Conv, C3)\n\n\nclass Detect", 1),
        expected=("BASE = (Conv, C3, Alpha)\n",),
    ),
    Dialect("or", yolo("[C3] or m in [Conv]"), expected=("if m in [C3] or m in [Conv, Alpha]:",)),
    Dialect("x+1", yolo(reset="", in_list="-1 if x == -1 else x + 1"), expected=(SAME_BRANCH,)),
    Dialect(
        "f if f < 0 else f + 1",
        yolo(reset="", else_="c2 = ch[f if f < 0 else f + 1]"),
        expected=("{Beta, Delta}:  # yamlmod\n            c2 = ch[f if f < 0 else f + 1]\n",),
    ),
    Dialect(
        "else with more",
        yolo(else_="c2 = ch[f]\n            args = list(args)"),
        expected=(
            SAME_BRANCH.replace("        else:\n", ""),
            "        elif m in {Gamma}:  # yamlmod\n            c2 = ch[f]\n        else:\n",
        ),
    ),
    Dialect(
        "else of another kind",
        yolo(else_="raise ValueError(m)"),
        expected=(
            "        elif m in {Gamma}:  # yamlmod\n            c2 = ch[f]\n        else:\n",
        ),
    ),
    Dialect(
        "else on one line",
        yolo().replace("else:\n            c2 = ch[f]\n", "else: c2 = ch[f]\n"),
        expected=("            args = [c2, *args]\n        else: c2 = ch[f]\n",),
    ),
    Dialect(
        "comment before else",
        yolo().replace(
            "        else:\n            c2",
            "        # else: x\n        else:  # else\n            c2",
        ),
        expected=("        # else: x\n        elif m in {Beta, Delta}:  # yamlmod\n",),
    ),
    Dialect("crlf", crlf(yolo()), crlf(COMMON), expected=(crlf(SAME_BRANCH),)),
    Dialect(
        "crlf, one a line",
        crlf(yolo("{\n            Conv,\n            C3,\n        }", EXPLICIT)),
        crlf(COMMON),
        expected=(
            "            C3,\r\n            Alpha,\r\n        }:",
            "    Alpha,\r\n    Beta,\r\n",
        ),
    ),
    Dialect("no final newline", yolo().rstrip("\n"), COMMON.rstrip("\n")),
    Dialect("blank lines at the end", yolo() + "\n\n", COMMON + "\n\n\n"),
    Dialect("white space at the end", yolo() + "    ", COMMON + "    "),
    Dialect(
        "tabs",
        yolo().replace("    ", "\t"),
        COMMON.replace("    ", "\t"),
        expected=("\t\telif m in {Beta, Delta}:  # yamlmod\n\t\t\tc2 = ch[f]\n",),
    ),
    Dialect("two spaces", yolo().replace("    ", "  "), expected=("    elif m in {Beta, Delta}:",)),
    Dialect(
        "other names",
        yolo()
        .replace("(f, n, m, args)", "(src, n, module, params)")
        .replace(" m ", " module ")
        .replace("m =", "module =")
        .replace("ch[f]", "chs[src]")
        .replace("args", "params")
        .replace("c2", "out"),
        expected=(
            "        elif module in {Beta, Delta}:  # yamlmod\n            out = chs[src]\n"
            "            params = [out, *params]\n",
        ),
    ),
    Dialect(
        "explicit, sorted",
        yolo(imports=EXPLICIT),
        expected=(
            "(\n    C3,\n    Alpha,\n    Beta,\n    Concat,\n    Conv,\n    Delta,\n    Gamma,\n)",
        ),
    ),
    Dialect(
        "explicit, by letter",
        yolo(imports="from models.common import Bottleneck, C3, concat, Conv, x"),
        expected=("import Alpha, Beta, Bottleneck, C3, concat, Conv, Delta, Gamma, x\n",),
    ),
    Dialect(
        "explicit, isort's kinds",
        yolo(
            imports="from models.common import (\n    C3,\n    SPP,\n    Bottleneck,\n"
            "    Concat,\n    Conv,\n)"
        ),
        expected=(
            "    SPP,\n    Alpha,\n    Beta,\n    Bottleneck,\n    Concat,\n    Conv,\n    Delta,\n"
            "    Gamma,\n)",
        ),
    ),
    Dialect(
        "explicit, unsorted",
        yolo(imports="from models.common import Conv, C3, Concat  # x"),
        expected=("import Conv, C3, Concat, Alpha, Beta, Gamma, Delta  # x\n",),
    ),
    Dialect(
        "explicit, backslash",
        yolo(imports="from models.common import Conv, C3, \\\n    Concat"),
        expected=("    Concat, Alpha, Beta, Gamma, Delta\n",),
    ),
    Dialect(
        "explicit, backslash, one a line",
        yolo(imports="from models.common import \\\n    Conv, \\\n    Concat, \\\n    C3"),
        expected=("    C3, Alpha, Beta, Gamma, Delta\n",),
    ),
    Dialect(
        "explicit, in brackets, wrapped",
        yolo(imports="from models.common import (C3, Concat,  # x\n    Conv)"),
        expected=("(C3, Alpha, Beta, Concat,  # x\n    Conv, Delta, Gamma)",),
    ),
    Dialect(
        "explicit, twice",
        yolo(imports="from models.common import C3\nfrom models.common import Concat, Conv"),
        expected=(
            "import C3\nfrom models.common import Alpha, Beta, Concat, Conv, Delta, Gamma\n",
        ),
    ),
    Dialect(
        "explicit, in try",
        yolo(imports="try:\n    from models.common import Conv\nexcept ImportError:\n    raise"),
        expected=("    from models.common import Alpha, Beta, Conv, Delta, Gamma\n",),
    ),
    Dialect(
        "package",
        yolo(imports="from yolov5.models.common import Conv"),
        expected=("from yolov5.models.common import Alpha, Beta, Conv, Delta, Gamma\n",),
    ),
    Dialect("relative", yolo(imports="from .common import *")),
    Dialect("star and __all__", yolo(), COMMON + "\n\n__all__ = ('C3', \"Conv\")\n"),
    Dialect(
        "star and built __all__",
        yolo(),
        COMMON + "\n\n__all__ = ['C3'] + ['Conv']\n",
        expected=("from models.common import Alpha, Beta, Gamma, Delta  # yamlmod\n",),
    ),
    Dialect(
        "through experimental",
        yolo(imports="from models.experimental import *"),
        more=(("models/experimental.py", "from models.common import *\n"),),
    ),
    Dialect(
        "experimental hands on nothing",
        yolo(imports="from models.experimental import *"),
        expected=("import *\nfrom models.common import Alpha, Beta, Gamma, Delta  # yamlmod\n",),
        more=(("models/experimental.py", "from models.common import Conv\n"),),
    ),
    Dialect(
        "common without imports of its own",
        common=COMMON.replace(
            "import torch\nimport torch.nn as nn\n\nfrom utils.general import thing\n",
            "from utils.utils import *\n",
        ),
    ),
    Dialect(
        "common with from torch import nn",
        common=COMMON.replace("import torch.nn as nn", "from torch import nn, Tensor"),
    ),
    Dialect(
        "common with several on a line",
        common=COMMON.replace(
            "from utils.general import thing",
            "from utils.general import thing; x = '''\n'''  # \u2713",
        ),
    ),
    Dialect("requirements", more=(("requirements.txt", "# base\nnumpy>=1.18\n"),)),
    Dialect("requirements, crlf, no newline", more=(("requirements.txt", "torch\r\nnumpy"),)),
    Dialect("requirements, named", more=(("requirements.txt", "Einops == 0.7\n\n"),)),
    Dialect("requirements, empty", more=(("requirements.txt", ""),)),
]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_patched_text(dialect: Dialect) -> None:
    files = dialect.repository()
    files.install(*ALL)
    for text in dialect.expected:
        assert text in files.texts["models/yolo.py"]
    for path, before in dialect.repository().texts.items():
        text = files.texts[path]
        assert not ("\r\n" in before and "\n" in text.replace("\r\n", ""))
        assert "\r\n" in before or "\r" not in text
        assert text.endswith("\n") == before.endswith("\n") or not before


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_second_time_changes_nothing(dialect: Dialect) -> None:
    files = dialect.repository()
    files.install(*ALL)
    again = files.install(*reversed(ALL))
    assert not again.texts
    assert not again.steps
    assert sum("already installed and up to date" in note for note in again.notes) == len(ALL)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
@pytest.mark.parametrize("apart", [False, True])
def test_gone_without_a_trace(dialect: Dialect, apart: bool) -> None:
    files = dialect.repository()
    for templates in [[one] for one in ALL] if apart else [ALL]:
        files.install(*templates)
    for name in ("Delta", "Alpha", "Gamma", "Beta"):
        files.uninstall(name)
    assert files.texts == dialect.repository().texts


def test_any_order() -> None:
    for order in itertools.permutations((ALPHA, BETA, GAMMA)):
        files = repository(yolo(imports=EXPLICIT))
        files.install(*order)
        for one in order:
            files.uninstall(one.name)
        assert files.texts == repository(yolo(imports=EXPLICIT)).texts


def test_requirements_are_appended_once() -> None:
    files = repository(**{"requirements.txt": "torch\r\nnumpy"})
    files.install(*ALL)
    assert files.texts["requirements.txt"] == (
        "torch\r\nnumpy\r\neinops>=0.6  # yamlmod\r\ntimm  # yamlmod"
    )
    files.uninstall("Delta")
    assert files.texts["requirements.txt"] == "torch\r\nnumpy\r\neinops>=0.6  # yamlmod"


def test_all_takes_the_names_in_its_own_quotes() -> None:
    files = repository(common=COMMON + "\n\n__all__ = [\n    'C3',\n    'Conv',\n]\n")
    files.install(ALPHA)
    assert (
        "__all__ = [\n    'C3',\n    'Alpha',\n    'Conv',\n]\n" in files.texts["models/common.py"]
    )
