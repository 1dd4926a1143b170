"""A repository in memory, small forks of our own and templates to put into them."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping

from yamlmod.errors import Refusal
from yamlmod.fork.parser.locate import ForkFacts, locate
from yamlmod.fork.patch.install import install
from yamlmod.fork.patch.plan import Plan
from yamlmod.fork.patch.uninstall import uninstall
from yamlmod.registry.template import Template


class Memory:
    """The Files protocol over a dictionary; `write` applies a plan."""

    def __init__(self, texts: Mapping[str, str], place: str = "", shown_in: str = "repo/") -> None:
        self.texts = dict(texts)
        self.folder = place
        self.shown_in = shown_in

    def is_file(self, path: str) -> bool:
        """Return whether a file is there."""
        return path in self.texts

    def is_folder(self, path: str) -> bool:
        """Return whether a folder is there."""
        return any(one.startswith(f"{path}/") for one in self.texts)

    def place(self) -> str:
        """Return the absolute path that the repository is said to have."""
        return self.folder

    def read(self, path: str) -> str | None:
        """Return a file's text."""
        return self.texts.get(path)

    def shown(self, path: str) -> str:
        """Return the path as messages name it."""
        return f"{self.shown_in}{path}"

    def note_unreadable(self, error: Refusal) -> None:
        """Fail: every file of it can be read."""
        raise error

    def glob(self, pattern: str) -> list[str]:
        """Return matching paths; a star does not cross a slash."""
        return sorted(
            path
            for path in self.texts
            if path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern)
        )

    def write(self, plan: Plan) -> None:
        """Apply a plan."""
        for path, text in plan.texts.items():
            if text is None:
                del self.texts[path]
            else:
                self.texts[path] = text

    def fork(self) -> ForkFacts:
        """Return the located fork."""
        return locate(self)

    def install(self, *templates: Template, placement: str = "") -> Plan:
        """Plan an installation and apply it."""
        plan = install(self, locate(self), templates, placement)
        self.write(plan)
        return plan

    def uninstall(self, *names: str) -> Plan:
        """Plan a removal and apply it."""
        plan = uninstall(self, locate(self), names)
        self.write(plan)
        return plan


def template(
    name: str,
    rule: str,
    *,
    imports: str = "import torch.nn as nn\n",
    body: str = "",
    version: str = "1.0.0",
    requirements: tuple[str, ...] = (),
) -> Template:
    """Return a template with one class and one private helper."""
    code = (
        f"\n\ndef _{name}_help(x):\n    return x\n\n\nclass {name}(nn.Module):\n"
        f'    """Does nothing."""\n\n    def __init__(self, *args):\n'
        f"        super().__init__()\n        self.args = args  # kept\n{body}"
    )
    return Template(
        name,
        name,
        f"{name.lower()}/{name.lower()}.py",
        version,
        (),
        "",
        rule,
        "3.8",
        "1.8",
        requirements,
        {},
        (),
        (),
        imports + code,
    )


CONV = template(
    "Alpha",
    "conv",
    imports="import math\nimport torch.nn as nn\n",
    body="        self.pi = math.pi\n",
)
SAME = template(
    "Beta",
    "same",
    imports="import torch.nn as nn\nimport torch.nn.functional as F\n",
    body="        self.act = F.relu\n",
    requirements=("einops>=0.6",),
)
FREE = template("Gamma", "free")
SAME2 = template(
    "Delta",
    "same",
    imports="import math\nfrom torch import nn\n",
    body="        self.e = math.e\n",
    requirements=("einops>=0.6", "timm"),
)
CSP = template("Epsilon", "csp")
ALL = (CONV, SAME, FREE, SAME2)

COMMON = """\
# modules - \u6ce8\u610f\u529b
import torch
import torch.nn as nn

from utils.general import thing


class Conv(nn.Module):
    def __init__(self, c1, c2, k=1):
        super().__init__()
        self.x = "\u2713"  # \u2713


class C3(Conv):
    pass


class Concat(nn.Module):
    pass
"""

YOLO = """\
# \u6a21\u578b
import sys
from copy import deepcopy

@IMPORT@
from utils.general import make_divisible

try:
    import thop
except ImportError:
    thop = None


class Detect(nn.Module):
    pass


def parse_model(d, ch):  # model_dict
    no, gw = 255, 1.0
    layers, save, c2 = [], [], ch[-1]
    for i, (f, n, m, args) in enumerate(d['backbone'] + d['head']):  # from, number, module, args
        m = eval(m) if isinstance(m, str) else m
        for j, a in enumerate(args):
            try:
                args[j] = eval(a) if isinstance(a, str) else a
            except NameError:
                pass

        if m in @COLLECTION@:
            c1, c2 = ch[f], args[0]
            if c2 != no:
                c2 = make_divisible(c2 * gw, 8)
            args = [c1, c2, *args[1:]]
            if m in [C3]:
                args.insert(2, n)
                n = 1
        elif m is nn.BatchNorm2d:
            args = [ch[f]]
        elif m is Concat:
            c2 = sum([ch[@LIST@] for x in f])
        # else: no
        elif m in {Detect}:
            args.append([ch[x] for x in f])
        else:
            @ELSE@

        m_ = m(*args)
        m_.i, m_.f = i, f
        layers.append(m_)
        @RESET@
        ch.append(c2)
    return layers, save


if __name__ == '__main__':
    print(parse_model)
"""


def yolo(
    collection: str = "[Conv, C3]",
    imports: str = "from models.common import *",
    else_: str = "c2 = ch[f]",
    in_list: str = "x",
    reset: str = "if i == 0: ch = []",
) -> str:
    """Return a yolo.py of the given dialect."""
    return (
        YOLO.replace("@IMPORT@", imports)
        .replace("@COLLECTION@", collection)
        .replace("@ELSE@", else_)
        .replace("@LIST@", in_list)
        .replace("@RESET@", reset)
    )


def repository(yolo_text: str | None = None, common: str = COMMON, **more: str) -> Memory:
    """Return a repository of the two files, and others given as name_ext."""
    texts = {
        "models/yolo.py": yolo() if yolo_text is None else yolo_text,
        "models/common.py": common,
    }
    return Memory(texts | more)
