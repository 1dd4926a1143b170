"""Modules of one's own on the command line: from a file, under another name, scaffolded."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod
from yamlmod.registry.class_names import stem_of
from yamlmod.registry.rules import RULES
from yamlmod.usecases.chosen_module import FileWord, file_word

ROOT = Path(__file__).parents[2]
FILE = """\
import torch
from torch import nn
from models.common import Conv


class Gate(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = Conv(c, c)

    def forward(self, x):
        return torch.sigmoid(self.conv(x))


class MyAttention(nn.Module):
    def __init__(self, c1, ratio=4):
        super().__init__()
        self.gate = Gate(c1)

    def forward(self, x):
        return x * self.gate(x)
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with a fork and somebody's file."""
    shutil.copytree(ROOT / "examples" / "minifork", tmp_path / "fork")
    (tmp_path / "own.py").write_text(FILE, encoding="ascii")
    return tmp_path


def ran(work: Path, *words: str | Path) -> str:
    done = yamlmod(*words, cwd=work)
    assert done.code == 0, done.err
    return done.err


BUILD = """
import sys, torch
sys.path.insert(0, sys.argv[1])
from models.yolo import Model
model = Model(sys.argv[2])
y = model(torch.zeros(1, 3, 64, 64))
print([type(one).__name__ for one in model.model])
"""


def built(work: Path, cfg: str) -> str:
    """Build the fork's model as its user would, and return the layers."""
    command = [sys.executable, "-c", BUILD, str(work / "fork"), str(work / cfg)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "options",
    [[], ["--as", "Other"], ["--as", "Other", "--placement", "package"]],
    ids=["own name", "renamed", "apart"],
)
def test_a_class_of_a_file_is_added_and_taken_out(work: Path, options: list[str]) -> None:
    before = snapshot(work)
    name = "Other" if options else "MyAttention"
    words = ["add", "./own.py:MyAttention", "--repo", "fork", "--cfg", "models/mini.yaml"]
    told = ran(work, *words, *options, "--after", "P3", "--after", "P5", "-w")
    assert "MyAttention(c1, ratio=4) has the rule same, from its signature" in told
    assert f"[-1, 1, {name}, []]" in (work / "fork/models/mini.yaml").read_text()
    assert (work / "own.py").read_bytes() == before["own.py"]
    assert built(work, "fork/models/mini.yaml").count(f"'{name}'") == 2
    after = snapshot(work / "fork" / "models")
    ran(work, "patch", "fork", "own.py:MyAttention", *options, "-w")
    assert {k: v for k, v in snapshot(work / "fork" / "models").items() if "pycache" not in k} == {
        k: v for k, v in after.items() if "pycache" not in k
    }
    ran(work, "unpatch", "fork", name, "-w")
    ran(work, "remove", "fork/models/mini.yaml", f"{name}#*", "-w")
    now = snapshot(work)
    assert {path: now[path] for path in before} == before


def test_insert_takes_the_rule_from_the_file(work: Path) -> None:
    cfg = "fork/models/mini.yaml"
    done = yamlmod("insert", "own.py:MyAttention", cfg, "--after", "SPPF", cwd=work)
    assert b"+   [-1, 1, MyAttention, []]," in done.out
    done = yamlmod("insert", "SimAM", cfg, "--as", "MySimAM", "--after", "SPPF", cwd=work)
    assert b"+   [-1, 1, MySimAM, []]," in done.out
    (work / "own.py").write_text(FILE.replace("(self, c1, ratio=4)", "(self, c1, c2, ratio)"))
    done = yamlmod("insert", "own.py:MyAttention", cfg, "--after", "SPPF", cwd=work)
    assert done.code == 2 and "error[needs-args]" in done.err
    words = ["insert", "own.py:MyAttention", cfg, "--after", "SPPF", "--args"]
    assert b"MyAttention, [1024, 2]]" in yamlmod(*words, "[1024, 2]", cwd=work).out
    done = yamlmod(*words, "[1024]", cwd=work)
    assert done.code == 2 and "also needs ratio" in done.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["patch", "fork", "gone.py:A"], "no-such-file"),
        (["patch", "fork", "own.py:"], "usage"),
        (["patch", "fork", "own.py:Nobody"], "no-such-class"),
        (["patch", "fork", "own.py"], "several-classes"),
        (["patch", "fork", "SimAM", "ECA", "--as", "X"], "usage"),
        (["patch", "fork", "SimAM", "--as", "X", "--use-existing"], "usage"),
        (["patch", "fork", "SimAM", "--rule", "same"], "usage"),
        (["patch", "fork", "SimAM", "--use-existing"], "no-such-class"),
        (["insert", "SimAM", "fork/models/mini.yaml", "--at", "5", "--rule", "same"], "usage"),
    ],
)
def test_refused_without_a_change(work: Path, words: list[str], code: str) -> None:
    before = snapshot(work)
    done = yamlmod(*words, cwd=work)
    assert (done.code, done.out) == (2, b"")
    assert f"error[{code}]" in done.err
    assert snapshot(work) == before


@pytest.mark.parametrize(
    ("word", "path", "name"),
    [
        ("own.py", "own.py", None),
        ("./own.py:A", "./own.py", "A"),
        (r"C:\x\own.py", r"C:\x\own.py", None),
        (r"C:\x\own.py:A", r"C:\x\own.py", "A"),
        ("a:b/own.py:A", "a:b/own.py", "A"),
        ("own.py:", "own.py", ""),
    ],
)
def test_a_file_is_told_from_its_class(word: str, path: str, name: str | None) -> None:
    assert file_word(word) == FileWord(Path(path), name)


@pytest.mark.parametrize("word", ["SimAM", "nn.Identity", "own.pyc", "C:own", "own:A"])
def test_what_is_no_file(word: str) -> None:
    assert file_word(word) is None


def test_a_new_template_passes_its_own_test_and_is_found(work: Path) -> None:
    (work / "yamlmod.toml").write_text('templates = ["mine"]\n')
    (work / "mine").mkdir()
    for rule in RULES:
        done = yamlmod("new", f"My{rule.title()}", "--rule", rule, cwd=work)
        assert done.code == 0, done.err
        assert b"does not look there yet" not in done.out
    made = snapshot(work / "mine")
    assert sorted(made)[:3] == [
        "my_conv/manifest.toml",
        "my_conv/my_conv.py",
        "my_conv/test_my_conv.py",
    ]
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "mine"]
    done = subprocess.run(tests, cwd=work, capture_output=True, text=True, check=False)
    assert "24 passed" in done.stdout, done.stdout
    found = {item["name"]: item for item in json.loads(yamlmod("list", "--json", cwd=work).out)}
    assert {rule: found[f"My{rule.title()}"]["rule"] for rule in RULES} == {r: r for r in RULES}
    words = ["--repo", "fork", "--cfg", "models/mini.yaml", "--after", "SPPF", "-w"]
    for name in ("MySame", "MyConv", "MyFree"):
        ran(work, "add", name, *words)
    assert "'MyFree', 'MyConv', 'MySame'" in built(work, "fork/models/mini.yaml")
    again = yamlmod("new", "MySame", cwd=work)
    assert again.code == 2 and "error[name-taken]" in again.err
    again = yamlmod("new", "My_Same", "--dir", "mine", cwd=work)
    assert again.code == 2 and "error[exists]" in again.err
    assert {path: (work / "mine" / path).read_bytes() for path in made} == made


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["SimAM"], "name-taken"),
        (["a b"], "bad-name"),
        (["../x"], "bad-name"),
        (["Mine", "--rule", "other"], "bad-rule"),
        (["Mine", "--dir", "own.py"], "unwritable"),
    ],
)
def test_new_refuses(work: Path, words: list[str], code: str) -> None:
    before = snapshot(work)
    done = yamlmod("new", *words, cwd=work)
    assert done.code == 2 and f"error[{code}]" in done.err
    assert snapshot(work) == before


def test_new_says_where_to_go_on_and_dry_run_writes_nothing(work: Path) -> None:
    before = snapshot(work)
    done = yamlmod("new", "Mine", "--dry-run", cwd=work)
    assert b'templates = ["yamlmod_templates"]' in done.out and b"would write" in done.out
    assert snapshot(work) == before
    data = json.loads(yamlmod("new", "Mine", "--dir", "x", "--json", cwd=work).out)
    assert data["written"][0] == "x/mine/manifest.toml"


@pytest.mark.parametrize(
    ("name", "stem"),
    [("MyAttention", "my_attention"), ("ECA2d", "eca2d"), ("SKAttn", "sk_attn"), ("_X", "x")],
)
def test_stems(name: str, stem: str) -> None:
    assert stem_of(name) == stem


def test_two_classes_that_share_a_helper(tmp_path: Path) -> None:
    """In one file the helper would be defined twice; with files of their own both fit."""
    fork = Path(__file__).parents[2] / "examples" / "minifork"
    shutil.copytree(fork, tmp_path / "fork", ignore=shutil.ignore_patterns("__pycache__"))
    text = "import torch.nn as nn\n\n\nclass Gate(nn.Module):\n    pass\n"
    for name in "AB":
        text += f"\n\nclass {name}(nn.Module):\n    def __init__(self, c1):\n"
        text += "        super().__init__()\n        self.gate = Gate()\n"
    (tmp_path / "my.py").write_text(text, encoding="utf-8")
    words = ("patch", "fork", "my.py:A", "my.py:B")
    done = yamlmod(*words, cwd=tmp_path)
    assert done.code == 2 and "error[helper-name-taken]" in done.err
    assert "--placement package" in done.err
    before = snapshot(tmp_path / "fork")
    assert yamlmod(*words, "--placement", "package", "-w", cwd=tmp_path).code == 0
    assert yamlmod("unpatch", "fork", "A", "B", "-w", cwd=tmp_path).code == 0
    after = snapshot(tmp_path / "fork")
    assert {k: v for k, v in after.items() if ".yamlmod" not in k} == before
