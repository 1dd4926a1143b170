"""Modules from somebody's own file: what is cut out, under which rule, and what is refused."""

from __future__ import annotations

import ast

import pytest

from tests.fork.memory import COMMON, Memory, repository, yolo
from yamlmod.errors import Refusal
from yamlmod.fork.patch.fit_own_class import fitted
from yamlmod.fork.patch.install import install
from yamlmod.registry.code.extract import own_template
from yamlmod.registry.code.rename import renamed
from yamlmod.registry.rules import RULES
from yamlmod.registry.template import Template

COMMON_PATH = "models/common.py"

FILE = '''\
# Mine, all mine.
from __future__ import annotations
import math, os
import einops
import torch.nn as nn
from models.common import Conv
from torch import (
    Tensor,
    relu,
)

print("loading")
SCALE, UNUSED = 0.5, 1
OTHER = 7


def act(x: Tensor) -> Tensor | None:
    """act"""
    return relu(x) * SCALE


def unused(x):
    return os.getcwd()


class Gate(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = Conv(c, c)
        self.inner = _late


# What it does.
class Mine(nn.Module):
    def __init__(self, c1, ratio=4, *, act=None):
        super().__init__()
        self.gate = Gate(c1)
        self.act = act or Mine.default
        self.pi = math.pi

    def forward(self, x):
        act = self.act  # a local of that name
        return act(x)

    default = staticmethod(act)


def _late():
    return einops.rearrange


if __name__ == "__main__":
    print(Mine(8))
'''

CODE = '''\
SCALE, UNUSED = 0.5, 1


def act(x: 'Tensor') -> 'Tensor | None':
    """act"""
    return relu(x) * SCALE


class Gate(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = Conv(c, c)
        self.inner = _late


# What it does.
class Mine(nn.Module):
    def __init__(self, c1, ratio=4, *, act=None):
        super().__init__()
        self.gate = Gate(c1)
        self.act = act or Mine.default
        self.pi = math.pi

    def forward(self, x):
        act = self.act  # a local of that name
        return act(x)

    default = staticmethod(act)


def _late():
    return einops.rearrange
'''


def put(files: Memory, template: Template) -> tuple[str, ...]:
    """Fit a template to a repository, install it and return the notes."""
    fork = files.fork()
    plan = install(files, fork, [fitted(files, fork, template)])
    files.write(plan)
    return plan.notes


def test_what_is_cut_out() -> None:
    mine = own_template(FILE, "mine.py", "Mine")
    assert mine.code == CODE
    assert mine.imports == (
        "import math",
        "import einops",
        "import torch.nn as nn",
        "from torch import relu",
    )
    assert mine.uses == ("Conv",)
    assert mine.rule == "same"
    assert [(a.name, a.default, a.required) for a in mine.arguments] == [("ratio", "4", False)]
    assert 'line 12, `print("loading")`, runs on import and is not copied' in mine.notes


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_there_twice_and_back(newline: str) -> None:
    texts = {**repository().texts, "requirements.txt": "torch\n"}
    texts = {path: text.replace("\n", newline) for path, text in texts.items()}
    files = Memory(texts)
    mine = own_template(FILE.replace("\n", newline), "mine.py", "Mine")
    notes = put(files, mine)
    assert "Conv is taken from repo/models/common.py" in notes
    assert "Mine needs einops" in notes
    patched = dict(files.texts)
    assert "einops  # yamlmod" in patched["requirements.txt"]
    assert CODE.replace("\n", newline) in patched[COMMON_PATH]
    assert "SPDX" not in patched[COMMON_PATH]
    assert any("is already installed and up to date" in note for note in put(files, mine))
    assert files.texts == patched
    files.uninstall("Mine")
    assert files.texts == texts


def test_a_changed_file_replaces_the_block_and_an_edited_block_does_not_go() -> None:
    files = repository()
    put(files, own_template(FILE, "mine.py", "Mine"))
    newer = own_template(FILE.replace("ratio=4", "ratio=8"), "mine.py", "Mine")
    fork = files.fork()
    plan = install(files, fork, [fitted(files, fork, newer)])
    assert any("replaced by 0+" in step.text for step in plan.steps)
    files.texts[COMMON_PATH] = files.texts[COMMON_PATH].replace("ratio=4", "ratio=5")
    with pytest.raises(Refusal, match="edited since yamlmod wrote it"):
        put(files, newer)
    files.write(install(files, fork, [fitted(files, fork, newer)], force=True))
    assert "ratio=8" in files.texts[COMMON_PATH]
    files.uninstall("Mine")
    assert files.texts == repository().texts


def test_renamed_helpers_and_locals() -> None:
    other = renamed(own_template(FILE, "mine.py", "Mine"), "Other")
    names = {getattr(node, "name", "") for node in ast.parse(other.code).body} - {""}
    assert names == {"_Other_act", "_Other_Gate", "Other", "_Other_late"}
    assert "act = self.act  # a local of that name\n        return act(x)" in other.code
    assert "def __init__(self, c1, ratio=4, *, act=None)" in other.code
    assert "self.act = act or Other.default" in other.code
    assert "default = staticmethod(_Other_act)" in other.code
    files = repository()
    put(files, other)
    assert any("is already installed and up to date" in note for note in put(files, other))
    assert "of=Mine origin=file" in files.texts[COMMON_PATH]
    files.uninstall("Other")
    assert files.texts == repository().texts


HEAD = "import torch.nn as nn\n\n\n"
BODY = "        super().__init__()\n"


def one(signature: str, base: str = "nn.Module", more: str = "") -> str:
    return f"{HEAD}class Mine({base}):\n    def __init__(self{signature}):\n{BODY}{more}"


@pytest.mark.parametrize(
    ("signature", "rule"),
    [
        ("", "free"),
        (", c1", "same"),
        (", c1, c2", "conv"),
        (", c1, c2, n=1, shortcut=True", "csp"),
        (", in_channels, out_channels, k=3", "conv"),
        (", in_channels, reduction=16", "same"),
        (", channel=512, reduction=16", "same"),
        (", dim, num_heads=8", "same"),
        (", inplanes, planes", "conv"),
        (", inp, oup, reduction=32", "conv"),
        (", kernel_size=7", "free"),
        (", e_lambda=1e-4", "free"),
        (", channels=None, e_lambda=1e-4", "same"),
        (", c1, *args", "same"),
        (", *, gain=1", "free"),
    ],
)
def test_the_rule_is_read_off_the_signature(signature: str, rule: str) -> None:
    assert own_template(one(signature), "mine.py").rule == rule


def test_a_base_of_the_same_file_has_the_constructor() -> None:
    text = HEAD + "class _Base(nn.Module):\n    def __init__(self, c1, c2):\n" + BODY
    text += "\n\nclass Mine(_Base):\n    pass\n"
    mine = own_template(text, "mine.py")
    assert (mine.class_name, mine.rule) == ("Mine", "conv")
    assert "class _Base" in mine.code


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_can_be_said(rule: str) -> None:
    mine = own_template(one(", a=1, b=2, c=3"), "mine.py", rule=rule)
    assert mine.rule == rule
    assert len(mine.arguments) == {"free": 3, "same": 2, "conv": 1, "csp": 0}[rule]


@pytest.mark.parametrize(
    ("text", "name", "rule", "code", "says"),
    [
        (one("") + "x = (\n", None, None, "syntax-error", "mine.py:7"),
        (one(""), "Other", None, "no-such-class", "classes there: Mine"),
        ("x = 1\n", None, None, "no-such-class", "classes there: none"),
        (one("") + HEAD + one("").replace("Mine", "Two"), None, None, "several-classes", "Mine"),
        (one("", base="object"), "Mine", None, "not-a-module", "derives from object"),
        ("class Mine:\n    pass\n", "Mine", None, "not-a-module", "has no base class"),
        (one(", k"), None, None, "unclear-rule", "--rule same"),
        (one(", k, channels"), None, None, "unclear-rule", "--rule free"),
        (one(", *args"), None, None, "unclear-rule", "Mine(*args)"),
        (one(", c1, *, groups"), None, None, "keyword-only", "groups"),
        (one(", c1"), None, "conv", "bad-rule", "which takes 1"),
        (one(", c1"), None, "other", "bad-rule", "not one of same, free, conv, csp"),
        (
            "from .layers import Gate\n" + one("", more="        self.g = Gate()\n"),
            None,
            None,
            "relative-import",
            "mine.py:1:1",
        ),
        (
            "from layers import *\n" + one("", more="        self.g = Gate()\n"),
            None,
            None,
            "star-import",
            "from layers import Gate",
        ),
    ],
)
def test_refused_by_the_file_alone(
    text: str, name: str | None, rule: str | None, code: str, says: str
) -> None:
    with pytest.raises(Refusal) as caught:
        own_template(text, "mine.py", name, rule)
    assert caught.value.code == code
    assert says in "\n".join(caught.value.lines())


@pytest.mark.parametrize(
    ("yolo_text", "common", "text", "code", "says"),
    [
        (yolo(), COMMON, one("", more="        Nothing()\n"), "undefined-name", "uses Nothing"),
        (
            yolo(),
            COMMON,
            one("", more="        Conv()\n") + "\n\nclass Conv(nn.Module):\n    pass\n",
            "helper-name-taken",
            "--as",
        ),
        (
            yolo(),
            COMMON,
            one("", more="        Detect()\n") + "\n\nclass Detect(nn.Module):\n    pass\n",
            "helper-name-taken",
            "repo/models/yolo.py binds that name",
        ),
        (yolo(), COMMON, one("").replace("Mine", "Conv"), "name-taken", "--use-existing"),
    ],
)
def test_refused_by_the_fork(yolo_text: str, common: str, text: str, code: str, says: str) -> None:
    files = repository(yolo_text, common)
    with pytest.raises(Refusal) as caught:
        put(files, own_template(text, "mine.py", "Conv" if "class Mine" not in text else "Mine"))
    assert caught.value.code == code
    assert says in "\n".join(caught.value.lines())


def test_a_module_of_the_registry_of_that_name_is_not_overwritten() -> None:
    files = repository()
    put(files, own_template(one(""), "mine.py"))
    with pytest.raises(Refusal, match="which this module is not"):
        files.install(renamed(own_template(one("").replace("Mine", "Old"), "old.py"), "Mine"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (one("", more="        self.s = '\u6ce8'\n"), "not ASCII"),
        (one("", more="        match 1:\n            case _: pass\n"), "newer Python than 3.8"),
        (one(", c1: int | None"), "`int | None` needs a newer Python"),
        (one(", c1: list[int]"), "`list[int]` needs a newer Python"),
        (one("", base="Elsewhere"), "assumed to be an nn.Module"),
    ],
)
def test_noted(text: str, says: str) -> None:
    assert any(says in note for note in own_template(text, "mine.py", "Mine").notes)


def test_files_of_their_own_do_not_meet() -> None:
    texts = repository().texts
    files = Memory({**texts, "models/__init__.py": ""})
    before = dict(files.texts)
    two = FILE.replace("class Mine(", "class Twin(").replace("Mine.default", "Twin.default")
    mine = own_template(FILE, "mine.py", "Mine")
    wanted = [mine, renamed(mine, "Copy"), own_template(two, "mine.py", "Twin")]
    fork = files.fork()
    ready = [fitted(files, fork, one, "package") for one in wanted]
    files.write(install(files, fork, ready, "package"))
    folder = "models/yamlmod_modules/"
    assert {f"{folder}{one}.py" for one in ("mine", "copy", "twin")} <= files.texts.keys()
    assert "from models.common import Conv\n" in files.texts[f"{folder}copy.py"]
    patched = dict(files.texts)
    again = [fitted(files, files.fork(), one) for one in wanted]
    assert not install(files, files.fork(), again).texts
    files.uninstall("Mine", "Copy", "Twin")
    assert files.texts == before and patched != before
