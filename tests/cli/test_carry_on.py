"""What carries a user on: several rows at once, taken names, defaults, ignored findings."""

from __future__ import annotations

import ast
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod
from yamlmod.errors import Refusal
from yamlmod.ops.rows import check_args
from yamlmod.registry.catalogue import catalogue
from yamlmod.registry.citation import bibtex, citation_key
from yamlmod.runtime.interpreter import choose_runner
from yamlmod.usecases.profile import _differs

_MINIFORK = Path(__file__).parents[2] / "examples" / "minifork"
_OWN = (
    "import torch.nn as nn\n\n\nclass OwnBlock(nn.Module):\n"
    "    def __init__(self, c1, c2, k=3):\n        super().__init__()\n"
    "        self.conv = nn.Conv2d(c1, c2, k, 1, k // 2)\n\n"
    "    def forward(self, x):\n        return self.conv(x)\n"
)


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    fork = tmp_path / "fork"
    shutil.copytree(_MINIFORK, fork, ignore=shutil.ignore_patterns("__pycache__"))
    (fork / "own.py").write_text(_OWN, encoding="utf-8")
    return fork


def _modules(path: Path) -> list[str]:
    data = json.loads(yamlmod("show", path.name, "--json", cwd=path.parent).out)
    return [layer["module"] for layer in data["layers"]]


def test_replace_takes_several_layers_and_a_class_of_ones_own(fork: Path) -> None:
    words = ("replace", "own.py:OwnBlock", "models/mini.yaml", "backbone.C3#*")
    done = yamlmod(*words, "--number", "2", "-o", "new.yaml", cwd=fork)
    assert done.code == 0, done.err
    assert _modules(fork / "new.yaml").count("OwnBlock") == 4
    assert "[-1, 2, OwnBlock, [" in (fork / "new.yaml").read_text(encoding="utf-8")
    assert "yamlmod patch . OwnBlock -w" in done.err or "has no OwnBlock" in done.err


def test_one_command_replaces_rows_and_patches_the_fork(fork: Path) -> None:
    words = ("add", "own.py:OwnBlock", "--cfg", "models/mini.yaml", "--replace", "backbone.C3#*")
    before = snapshot(fork)
    assert yamlmod(*words, cwd=fork).code == 0 and snapshot(fork) == before
    done = yamlmod(*words, "-o", "models/new.yaml", cwd=fork)
    assert done.code == 0, done.err
    assert _modules(fork / "models/new.yaml").count("OwnBlock") == 4
    assert "class OwnBlock" in (fork / "models/common.py").read_text(encoding="utf-8")
    check = yamlmod("check", "models/new.yaml", "--repo", ".", cwd=fork)
    assert "error[" not in check.out.decode()
    place = yamlmod(*words, "--after", "4", cwd=fork)
    assert place.code == 2 and "no position" in place.err


def test_rows_in_front_of_the_head(fork: Path) -> None:
    edges = ("--edge", "17:24", "--edge", "20:24", "--edge", "23:24", "--at-end")
    done = yamlmod("add", "SimAM", "--cfg", "models/mini.yaml", *edges, "-o", "n.yaml", cwd=fork)
    assert done.code == 0, done.err
    text = (fork / "n.yaml").read_text(encoding="utf-8")
    old = (fork / "models/mini.yaml").read_text(encoding="utf-8")
    assert text.startswith(old[: old.index("\n   [[17, 20, 23]")].rstrip())
    assert "[17, 1, SimAM, []]" in text and "[[24, 25, 26], 1, Detect" in text
    assert yamlmod("check", "n.yaml", "--base", "models/mini.yaml", cwd=fork).code == 0


@pytest.mark.parametrize(
    "line",
    [
        "from models.simam import SimAM",
        "from .simam import SimAM",
        "from models.simam import *",
        "try:\n    from models.simam import SimAM\nexcept ImportError:\n    SimAM = None",
    ],
)
def test_a_taken_name_offers_both_ways_wherever_the_class_is(line: str, fork: Path) -> None:
    text = "import torch.nn as nn\n\n\nclass SimAM(nn.Module):\n    def forward(self, x):\n"
    (fork / "models/simam.py").write_text(f"{text}        return x\n", encoding="utf-8")
    yolo = fork / "models/yolo.py"
    code = yolo.read_text(encoding="utf-8")
    yolo.write_text(code.replace("from models.common", f"{line}\nfrom models.common", 1))
    words = ("add", "SimAM", "--cfg", "models/mini.yaml", "--at", "24")
    done = yamlmod(*words, cwd=fork)
    assert done.code == 2 and "error[name-taken]" in done.err
    assert "--use-existing" in done.err and "--as " in done.err
    for way in (["--use-existing"], ["--as", "OtherSimAM"]):
        assert yamlmod(*words, *way, cwd=fork).code == 0


def test_an_alias_is_not_the_class_of_the_fork(fork: Path) -> None:
    common = fork / "models/common.py"
    own = (
        "\n\nclass CBAMBlock(nn.Module):\n    def __init__(self, c1):\n        super().__init__()\n"
    )
    common.write_text(common.read_text(encoding="utf-8") + own, encoding="utf-8")
    words = ("--cfg", "models/mini.yaml", "--at", "24")
    done = yamlmod("add", "CBAMBlock", *words, cwd=fork)
    assert done.code == 2 and "error[alias]" in done.err
    assert "is an alias of CBAM" in done.err and "models/common.py:" in done.err
    assert yamlmod("add", "CBAM", *words, cwd=fork).code == 0
    for words in (("insert", "CBAMBlock", "models/mini.yaml", "--at", "24"),
                  ("replace", "CBAMBlock", "models/mini.yaml", "C3#2")):  # fmt: skip
        near = yamlmod(*words, cwd=fork)
        assert near.code == 2 and "error[alias]" in near.err
        assert yamlmod(words[0], "CBAM", *words[2:], cwd=fork).code == 0


def test_defaults_of_the_project(fork: Path) -> None:
    config = fork.parent / "yamlmod.toml"
    cfg = "fork/models/mini.yaml"
    config.write_text('repo = "fork"\n[check]\nignore = ["moved-layers"]\n', encoding="utf-8")
    done = yamlmod("status", cwd=fork.parent)
    assert done.code == 0 and "`repo` in yamlmod.toml" in done.err
    words = ("insert", "SimAM", cfg, "--at", "5", "-o", "a.yaml")
    assert yamlmod(*words, cwd=fork.parent).code == 0
    base = ("--base", cfg)
    assert b"moved-layers" not in yamlmod("check", "a.yaml", *base, cwd=fork.parent).out
    config.write_text(f'base = "{cfg}"\n', encoding="utf-8")
    assert b"moved-layers" in yamlmod("check", "a.yaml", cwd=fork.parent).out
    for text, word in (
        ('rep = "x"', "no key 'rep'"),
        ("repo = 3", "repo must be a path"),
        ('repo = "../elsewhere"', "outside"),
        ('python = "/bin/rm"', "no name of a Python"),
        ("[check]\nselct = []", "[check] has no key"),
        ('[check]\nignore = ["no-rule"]', "there is no rule 'no-rule'"),
    ):
        config.write_text(text, encoding="utf-8")
        wrong = yamlmod("check", "a.yaml", cwd=fork.parent)
        assert wrong.code == 2 and word in wrong.err, text


def test_doctor_runs_no_python_that_a_repository_names(fork: Path) -> None:
    program = fork / "python3"
    program.write_text("#!/bin/sh\ntouch ran\n", encoding="utf-8")
    program.chmod(0o755)
    (fork / "yamlmod.toml").write_text('python = "./python3"\n', encoding="utf-8")
    done = yamlmod("doctor", ".", cwd=fork, VIRTUAL_ENV="", CONDA_PREFIX="")
    assert done.code in (0, 1) and not (fork / "ran").exists()


def test_findings_are_ignored_by_comments(fork: Path) -> None:
    cfg = fork / "a.yaml"
    text = (fork / "models/mini.yaml").read_text(encoding="utf-8").replace("[-1, 14]", "[-1, 99]")
    cfg.write_text(text, encoding="utf-8")

    def rules() -> set[str]:
        data = json.loads(yamlmod("check", "a.yaml", "--json", cwd=fork).out)
        return {finding["rule"] for finding in data["findings"] if finding["severity"] == "error"}

    found = rules()
    assert found
    line = next(line for line in text.split("\n") if "[-1, 99]" in line)
    for comment, left in (
        ("# yamlmod: ignore", set()),
        (f"# yamlmod: ignore[{', '.join(found)}]", set()),
        ("# yamlmod: ignore[index-comment]", found),
        ("# nothing", found),
    ):
        cfg.write_text(text.replace(line, f"{line}  {comment}"), encoding="utf-8")
        assert rules() == left, comment
    cfg.write_text("# yamlmod: ignore-file\n" + text, encoding="utf-8")
    assert rules() == set()


def test_doctor_knows_names_that_training_does_not_find(fork: Path) -> None:
    code = "import numpy as np\n\n\ndef ap(x, y):\n    return np.trapz(y, x)\n"
    guarded = "import numpy as np\n\nf = np.trapezoid if hasattr(np, 'trapezoid') else np.trapz\n"
    (fork / "metrics.py").write_text(code, encoding="utf-8")
    (fork / "plots.py").write_text(code, encoding="utf-8")
    (fork / "asks.py").write_text(guarded, encoding="utf-8")
    (fork / "train.py").write_text("import asks\nimport metrics\nimport models.yolo\n")
    done = yamlmod("doctor", ".", "--python", sys.executable, cwd=fork)
    out = done.out.decode()
    import numpy

    if hasattr(numpy, "trapz"):
        assert "np.trapz" not in out
        return
    assert done.code == 1 and "has no np.trapz" in out and "metrics.py:5" in out
    assert "np.trapezoid" in out and "plots.py" not in out and "asks.py" not in out


def test_the_names_are_gone_from_the_numpy_that_is_here() -> None:
    import numpy

    from yamlmod.fork.audit.numpy_names import _INSTEAD, _REMOVED

    version = tuple(int(part) for part in numpy.__version__.split(".")[:2])
    for since, names in _REMOVED.items():
        for name in names.split() if version >= since else ():
            assert not hasattr(numpy, name), name
    for name, instead in _INSTEAD.items():
        assert not instead.startswith("np.") or hasattr(numpy, instead[3:]), name


@pytest.mark.parametrize(
    ("base", "other", "differs"),
    [((10, 12), (11, 13), False), ((10, 12), (12.5, 13), True), ((10, 12), (8, 9.9), True),
     ((10, 12), (12, 14), False)],
)  # fmt: skip
def test_a_change_is_told_where_the_quartiles_are_apart(
    base: tuple[float, float], other: tuple[float, float], differs: bool
) -> None:
    quartiles = [dict(zip(("q1", "q3"), pair, strict=True)) for pair in (other, base)]
    assert _differs(*quartiles) is differs


def test_args_that_a_manifest_refuses_are_refused() -> None:
    judged = 0
    for template in catalogue():
        for row in template.wild:
            if row.verdict != "refused":
                continue
            values = ast.literal_eval(row.args)
            with pytest.raises(Refusal):
                check_args(template, values)
            judged += 1
    assert judged > 20


def test_the_active_environment_runs_a_fork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    program = tmp_path / name
    program.parent.mkdir()
    program.write_text("", encoding="utf-8")
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    assert choose_runner(None).path == str(program) and "VIRTUAL_ENV" in choose_runner(None).why
    monkeypatch.delenv("VIRTUAL_ENV")
    assert choose_runner(None).path == sys.executable  # it has torch
    assert choose_runner(sys.executable).why == "--python"


def test_lists_are_sorted_and_chosen(tmp_path: Path) -> None:
    def names(*words: str) -> list[str]:
        data = json.loads(yamlmod("list", *words, "--json", cwd=tmp_path).out)
        return [item["name"] for item in data]

    assert names("C3_*") == [name for name in names() if name.startswith("C3_")]
    kinds = json.loads(yamlmod("list", "--kind", "self", "--json", cwd=tmp_path).out)
    assert kinds and all("self" in item["kind"] for item in kinds)
    assert set(names("通道注意力")) > {"SE", "ECA", "CBAM"}
    data = json.loads(yamlmod("list", "--sort", "parameters", "--json", cwd=tmp_path).out)
    counts = [item["parameters"]["256"] for item in data if item["parameters"]]
    assert counts == sorted(counts)
    years = json.loads(yamlmod("list", "--sort", "year", "--json", cwd=tmp_path).out)
    assert [i["year"] for i in years] == sorted((i["year"] for i in years), reverse=True)
    wrong = yamlmod("list", "--kind", "kernel", cwd=tmp_path)
    assert wrong.code == 2 and "channel, spatial, self" in wrong.err
    table = yamlmod("list", "cbam", cwd=tmp_path).out.decode().split("\n")
    assert table[0].split() == ["module", "year", "kind", "params@256", "summary"]


def test_citations(fork: Path) -> None:
    words = ("insert", "CBAM", "models/mini.yaml", "--at", "24", "-o", "a.yaml")
    assert yamlmod(*words, cwd=fork).code == 0
    text = yamlmod("cite", "a.yaml", cwd=fork).out.decode()
    assert text.count("@") == 1 and text.startswith("@inproceedings{woo2018cbam,")
    assert "eprint = {1807.06521}" in text and "Woo, Sanghyun and others" in text
    assert yamlmod("info", "CBAM", "--bibtex", cwd=fork).out.decode().strip() == text.strip()
    none = yamlmod("cite", "models/mini.yaml", cwd=fork)
    assert none.code == 0 and none.out == b"" and "uses no module" in none.err
    for template in catalogue():
        entry = bibtex(template)
        assert entry.count("{") == entry.count("}") and citation_key(template).isalnum(), template
        assert "author = {" in entry and f"year = {{{template.paper['year']}}}" in entry


def test_info_tells_usual_places(tmp_path: Path) -> None:
    data = json.loads(yamlmod("info", "CBAM", "--json", cwd=tmp_path).out)
    usual = data["usual_places"]
    assert usual["networks"] >= max(usual["places"].values()) > 0
    page = yamlmod("info", "CBAM", cwd=tmp_path).out.decode()
    assert f"in {usual['networks']} public networks" in page and "before SPPF (" in page


def test_quiet_leaves_the_answer(fork: Path) -> None:
    words = ("insert", "SimAM", "models/mini.yaml", "--at", "24")
    loud = yamlmod(*words, cwd=fork)
    for quiet in (yamlmod(*words, "-q", cwd=fork), yamlmod("-q", *words, cwd=fork)):
        assert (quiet.code, quiet.out, quiet.err) == (0, loud.out, "")
    wrong = yamlmod("-q", "insert", "SimAM", "none.yaml", "--at", "24", cwd=fork)
    assert wrong.code == 2 and "error[no-such-file]" in wrong.err


def test_stat_counts_lines(fork: Path) -> None:
    words = ("add", "SimAM", "--cfg", "models/mini.yaml", "--at", "24", "--stat")
    lines = yamlmod(*words, cwd=fork).out.decode().split("\n")
    assert lines[0].startswith("models/mini.yaml") and "(+2 -1)" in lines[0]
    assert lines[-2] == "3 files changed"


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("yamlmod info CoordA", "CoordAtt"),
        ("yamlmod insert SimAM models/mini.yaml --after SP", "SPPF"),
        ("yamlmod remove models/mini.yaml C3#", "C3#3"),
        ("yamlmod replace C3T", ""),
        ("yamlmod check --select moved", "moved-layers"),
        ("yamlmod patch . --dialect yolov", "yolov7"),
    ],
)
def test_completion(line: str, word: str, fork: Path) -> None:
    words = line.split()
    done = yamlmod(
        cwd=fork,
        _YAMLMOD_COMPLETE="complete_bash",
        COMP_WORDS=line,
        COMP_CWORD=str(len(words) - 1),
    )
    assert word in done.out.decode().split("\n") and "Traceback" not in done.err
