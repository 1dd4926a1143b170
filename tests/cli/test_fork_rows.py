"""Args found by asking a fork, and own classes with repeats: the real commands, run twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod
from tests.fork.read.mini import PYTHON, with_row

MINIFORK = Path(__file__).parents[2] / "examples" / "minifork"
_OWN = """\
import torch
import torch.nn as nn
from ultralytics.nn.modules.block import Bottleneck
from ultralytics.nn.modules.conv import Conv


class C2fGate(nn.Module):
    def __init__(self, c1, c2, n=1, shortcut=False, e=0.5):
        super().__init__()
        self.c = int(c2 * e)
        self.cv1 = Conv(c1, 2 * self.c, 1, 1)
        self.cv2 = Conv((2 + n) * self.c, c2, 1)
        self.m = nn.ModuleList(Bottleneck(self.c, self.c, shortcut) for _ in range(n))

    def forward(self, x):
        y = list(self.cv1(x).chunk(2, 1))
        y.extend(m(y[-1]) for m in self.m)
        return self.cv2(torch.cat(y, 1))
"""
_ADD = ("add", "CBAM", "--repo", ".", "--cfg", "x.yaml", "--after", "5", "--use-existing")


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    for name, text in PYTHON.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "x.yaml").write_text(with_row(), encoding="utf-8")
    (tmp_path / "own.py").write_text(_OWN, encoding="utf-8")
    return tmp_path


def test_use_existing_writes_what_the_branch_reads(fork: Path) -> None:
    before = snapshot(fork)
    done = yamlmod(*_ADD, "-w", cwd=fork)
    assert done.code == 0, done.err
    assert "[-1, 1, CBAM, [512]]" in (fork / "x.yaml").read_text(encoding="utf-8")
    assert yamlmod("check", "x.yaml", "--repo", ".", cwd=fork).code == 0
    changed = {path for path, data in snapshot(fork).items() if before.get(path) != data}
    assert {path for path in changed if not path.startswith(".yamlmod")} == {"x.yaml"}


def test_a_class_with_repeats_gets_them(fork: Path) -> None:
    for _ in range(2):
        done = yamlmod("patch", ".", "own.py:C2fGate", "-w", cwd=fork)
        assert done.code == 0, done.err
        assert "has the rule csp" in done.err
    tasks = (fork / "ultralytics/nn/tasks.py").read_text(encoding="utf-8")
    assert "repeat_modules = frozenset({C2f, C2fGate})" in tasks
    done = yamlmod("replace", "x.yaml", "5", "C2fGate", "-o", "r.yaml", cwd=fork)
    assert done.code == 0, done.err
    assert "[-1, 6, C2fGate, [512, True]]" in (fork / "r.yaml").read_text(encoding="utf-8")
    shown = json.loads(yamlmod("show", "r.yaml", "--repo", ".", "--json", cwd=fork).out)
    assert "[128, 128, 2, true]" in json.dumps(shown)
    done = yamlmod("replace", "x.yaml", "5", "C2fGate", "--repo", ".", cwd=fork)
    assert b"[-1, 6, C2fGate, [512, True]]" in done.out


def test_every_rule_can_be_said(fork: Path) -> None:
    done = yamlmod("patch", ".", "own.py:C2fGate", "--rule", "csp", cwd=fork)
    assert done.code == 0 and b"repeat_modules = frozenset({C2f, C2fGate})" in done.out
    done = yamlmod("patch", ".", "own.py:C2fGate", "--rule", "foo", cwd=fork)
    assert done.code == 2 and "not one of same, free, conv, csp" in done.err


def test_without_a_set_of_repeats_the_class_is_refused(fork: Path) -> None:
    path = fork / "ultralytics/nn/tasks.py"
    text = path.read_text(encoding="utf-8")
    text = text.replace("            if m in repeat_modules:\n", "            if m is C2f:\n")
    path.write_text(text, encoding="utf-8")
    done = yamlmod("patch", ".", "own.py:C2fGate", cwd=fork)
    assert done.code == 2 and "error[no-repeats-collection]" in done.err


@pytest.mark.parametrize(
    ("words", "row"),
    [
        (["insert", "CBAM", "x.yaml", "--after", "5", "--repo", "."], b"CBAM, [512]]"),
        (["insert", "C2f", "x.yaml", "--after", "5", "--repo", "."], b"C2f, [512]]"),
        (["insert", "nn.Identity", "x.yaml", "--after", "5", "--repo", "."], b"nn.Identity, []]"),
        (["replace", "x.yaml", "5", "Conv", "--repo", "."], b"Conv, [512]]"),
    ],
)
def test_any_class_that_the_fork_knows(fork: Path, words: list[str], row: bytes) -> None:
    done = yamlmod(*words, cwd=fork)
    assert done.code == 0, done.err
    assert row in done.out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["insert", "KernelGate", "--after", "5"], "no-fitting-args", "if m in base_modules:"),
        (["insert", "NoSuch", "--after", "5"], "unresolved-name", "patch REPO FILE.py:CLASS"),
        (["replace", "5", "SimAN"], "unresolved-name", "did you mean SimAM"),
        (["insert", "SimAM", "--after", "5"], "unresolved-name", "yamlmod add"),
        (["insert", "own.py:C2fGate", "--after", "5"], "unresolved-name", "yamlmod patch"),
        (["insert", "CBAM", "--after", "5", "--args", "[]"], "cannot-build", "[512]"),
        (["insert", "CBAM", "--after", "5", "--args", "[512, 4]"], "cannot-build", "elif m in"),
    ],
)
def test_what_cannot_be_built_is_refused(
    fork: Path, words: list[str], code: str, says: str
) -> None:
    before = snapshot(fork)
    at = 1 if words[0] == "replace" else 2
    done = yamlmod(*words[:at], "x.yaml", *words[at:], "--repo", ".", "-w", cwd=fork)
    assert (done.code, done.out) == (2, b"")
    assert f"error[{code}]" in done.err and says in done.err
    assert snapshot(fork) == before


def test_without_the_fork_everything_is_as_before(fork: Path) -> None:
    done = yamlmod("insert", "CBAM", "x.yaml", "--after", "5", cwd=fork)
    assert done.code == 0 and b"[-1, 1, CBAM, []]" in done.out
    done = yamlmod("insert", "KernelGate", "x.yaml", "--after", "5", cwd=fork)
    assert done.code == 2 and "error[unknown-module]" in done.err


def test_the_parse_function_can_be_named(fork: Path) -> None:
    tasks = fork / "ultralytics" / "nn" / "tasks.py"
    text = tasks.read_text(encoding="utf-8")
    other = text[text.index("def parse_model") :].replace("_model", "_other", 1)
    used = (
        "\n\nclass Other:\n    def __init__(self, cfg):\n        self.model = parse_other(cfg, 3)\n"
    )
    tasks.write_text(text + other + used)
    words = ("insert", "CBAM", "x.yaml", "--after", "5", "--repo", ".")
    assert "error[several-parse-models]" in yamlmod(*words, cwd=fork).err
    named = ("--target", "ultralytics/nn/tasks.py:parse_model")
    done = yamlmod(*words, *named, cwd=fork)
    assert done.code == 0 and b"[-1, 1, CBAM, [512]]" in done.out, done.err
    done = yamlmod("replace", "x.yaml", "5", "CBAM", "--repo", ".", *named, cwd=fork)
    assert done.code == 0 and b"CBAM, [512]]" in done.out, done.err


def test_a_replacement_on_trust_is_told(fork: Path) -> None:
    tasks = fork / "ultralytics" / "nn" / "tasks.py"
    text = tasks.read_text(encoding="utf-8")
    tasks.write_text("from elsewhere import Strange\n" + text, encoding="utf-8")
    done = yamlmod("replace", "x.yaml", "5", "Strange", "--repo", ".", cwd=fork)
    assert done.code == 0, done.err
    assert "that [512, True] fits is taken on trust" in done.err
    assert "Strange keeps the args of C2f, [512, True], which may mean something else" in done.err


@pytest.mark.parametrize("words", [["insert", "CBAM", "--after", "5"], ["replace", "5", "CBAM"]])
def test_what_needs_a_fork_is_not_dropped_without_one(fork: Path, words: list[str]) -> None:
    at = 2 if words[0] == "insert" else 1
    words = [*words[:at], "x.yaml", *words[at:], "--target", "ultralytics/nn/tasks.py"]
    done = yamlmod(*words, cwd=fork)
    assert (done.code, done.out) == (2, b"")
    assert "there is no --repo" in done.err


def test_a_file_that_python_cannot_read_is_named(fork: Path) -> None:
    conv = fork / "ultralytics" / "nn" / "modules" / "conv.py"
    conv.write_text(conv.read_text(encoding="utf-8") + "def broken(:\n", encoding="utf-8")
    done = yamlmod("insert", "CBAM", "x.yaml", "--after", "5", "--repo", ".", cwd=fork)
    assert done.code == 2
    assert "error[syntax-error]" in done.err and "conv.py:" in done.err


@pytest.mark.parametrize("command", ["replace", "add"])
@pytest.mark.parametrize(
    ("module", "layer", "args"),
    [
        *((name, 9, "[]") for name in ("SE", "EMA", "CBAM", "ECA", "MHSA", "CoordAtt")),
        *((name, 9, "[1024]") for name in ("ACmix", "iRMB")),
        *((name, 10, "[512]") for name in ("ACmix", "iRMB")),
        ("SE", 4, "[]"),
        ("ACmix", 13, "[512]"),
    ],
)
def test_a_module_of_the_registry_gets_its_own_args(
    tmp_path: Path, command: str, module: str, layer: int, args: str
) -> None:
    """SPPF's [1024, 5] is a kernel; behind an SE the 5 would be its reduction."""
    shutil.copytree(MINIFORK, tmp_path / "fork")
    words = ["add", module, "--replace", str(layer), "--cfg", "models/mini.yaml"]
    if command == "replace":
        assert yamlmod("patch", "fork", module, "-w", cwd=tmp_path).code == 0
        words = ["replace", module, "fork/models/mini.yaml", str(layer)]
    for _ in range(2):
        done = yamlmod(*words, "--repo", "fork", cwd=tmp_path)
        assert done.code == 0, done.err
        assert f", 1, {module}, {args}]," in done.out.decode()


def test_one_of_several_inputs_is_not_replaced_by_a_module_of_one(tmp_path: Path) -> None:
    shutil.copytree(MINIFORK, tmp_path / "fork")
    words = ("add", "CBAM", "--replace", "12", "--cfg", "models/mini.yaml", "--repo", "fork")
    done = yamlmod(*words, cwd=tmp_path)
    assert done.code == 2 and "error[joins-inputs]: 12 Concat reads a list" in done.err


def test_a_misspelled_module_is_not_offered(tmp_path: Path) -> None:
    shutil.copytree(MINIFORK, tmp_path / "fork")
    done = yamlmod("replace", "SimAN", "fork/models/mini.yaml", "9", cwd=tmp_path)
    assert done.code == 0 and "patch" not in done.err
    assert "neither the fork fork nor the registry has SimAN (did you mean SimAM" in done.err


@pytest.mark.parametrize("words", [("add", "--replace"), ("replace",)])
def test_a_sum_takes_the_place_of_a_concat(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Its channels are others by nature: that is told, and the fork builds what follows."""
    shutil.copytree(MINIFORK, tmp_path / "fork")
    if words == ("replace",):
        assert yamlmod("patch", "fork", "BiFPN_Add", "-w", cwd=tmp_path).code == 0
        words = ("replace", "BiFPN_Add", "fork/models/mini.yaml", "12", "--repo", "fork")
    else:
        words = ("add", "BiFPN_Add", "--replace", "12", "--repo", "fork", "--cfg")
        words = (*words, "models/mini.yaml")
    done = yamlmod(*words, cwd=tmp_path)
    assert done.code == 0, done.err
    assert b"+   [[-1, 6], 1, BiFPN_Add, []]," in done.out
    assert "changes the output channels from 1024 to 512" in done.err and "--args" not in done.err


def test_a_class_of_the_fork_s_own_in_the_place_of_a_layer(fork: Path) -> None:
    words = ("add", "CBAM", "--repo", ".", "--cfg", "x.yaml", "--replace", "5", "--use-existing")
    done = yamlmod(*words, cwd=fork)
    assert done.code == 0 and b"1, CBAM, [512]]" in done.out, done.err
