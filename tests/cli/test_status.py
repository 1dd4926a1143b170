"""Status and doctor: what is told of a fork in order, of a stale one, and of an unlucky machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import snapshot, yamlmod
from tools.real_forks import fork_copy
from yamlmod.fork.patch.marked_blocks import digest_of

_FORK = Path(__file__).parents[2] / "examples" / "minifork"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(_FORK, tmp_path / "fork", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def _add(folder: Path, module: str, at: str) -> None:
    words = ("add", module, "--repo", "fork", "--cfg", "models/mini.yaml", "--at", at, "-w")
    done = yamlmod(*words, cwd=folder)
    assert done.code == 0, done.err


def _status(folder: Path, *flags: str, code: int = 0) -> dict[str, Any]:
    """The status as data; asked twice, and nothing is written."""
    before = snapshot(folder)
    first, second = (yamlmod("status", "fork", "--json", *flags, cwd=folder) for _ in range(2))
    assert first == second
    assert first.code == code, first.err
    assert snapshot(folder) == before
    data: dict[str, Any] = json.loads(first.out)
    return data


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_fork_without_and_with_modules(folder: Path) -> None:
    data = _status(folder, "--check")
    assert (data["modules"], data["missing"], data["stale"]) == ([], [], [])
    assert b"no module from yamlmod" in yamlmod("status", "fork", cwd=folder).out
    _add(folder, "SimAM", "24")
    _add(folder, "ACmix", "9")
    data = _status(folder, "--check")
    assert (data["missing"], data["stale"], data["undecided"]) == ([], [], [])
    simam, acmix = data["modules"]
    assert (acmix["name"], acmix["state"], acmix["registered"]) == (
        "ACmix",
        "current",
        "parse_model",
    )
    assert (simam["name"], simam["registered"]) == ("SimAM", "last else of parse_model")
    (use,) = simam["yamls"]
    assert (use["file"], use["layers"]) == ("models/mini.yaml", 1)
    row = (folder / "fork" / use["file"]).read_text(encoding="utf-8").split("\n")[use["line"] - 1]
    assert "SimAM" in row
    text = yamlmod("status", "fork", cwd=folder).out.decode()
    assert "models/mini.yaml" in text
    assert "current" in text


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("models/common.py", "self.e_lambda = float(e_lambda)", "self.e_lambda = 1.0", "edited by"),
        ("models/yolo.py", "    SimAM,\n", "", "does not import it"),
        ("models/common.py", "class SimAM(", "class Other(", "no such class"),
        ("models/yolo.py", "SPPF, ACmix}", "SPPF}", "does not register it"),
        ("models/common.py", "# yamlmod: end SimAM", "", "no end marker"),
        ("models/common.py", "class ACmix(", "class Other(", "no such class"),
    ],
)
def test_what_is_stale(folder: Path, path: str, old: str, new: str, told: str) -> None:
    _add(folder, "SimAM", "24")
    _add(folder, "ACmix", "9")
    _edit(folder / "fork" / path, old, new)
    data = _status(folder, "--check", code=1)
    assert any(told in line for line in data["stale"]), data["stale"]
    assert yamlmod("status", "fork", cwd=folder).code == 0


def test_an_outdated_and_an_unknown_module(folder: Path) -> None:
    _add(folder, "SimAM", "24")
    common = folder / "fork/models/common.py"
    _edit(common, "# yamlmod: begin SimAM 1.0.0", "# yamlmod: begin SimAM 0.9.0")
    _edit(common, "self.e_lambda = float(e_lambda)", "self.e_lambda = 1.0 * e_lambda")
    text = common.read_text(encoding="utf-8")
    (old,) = re.findall(r"begin SimAM 0.9.0 sha256=(\w+)", text)
    older = text[text.index("class SimAM") : text.index("# yamlmod: end")]
    _edit(common, f"sha256={old}", f"sha256={digest_of(older)}")
    (module,) = _status(folder)["modules"]
    assert (module["state"], module["version"], module["newest"]) == ("outdated", "0.9.0", "1.0.0")
    _edit(common, "begin SimAM", "begin Mine")
    _edit(common, "end SimAM", "end Mine")
    (module,) = _status(folder)["modules"]
    assert (module["state"], module["newest"]) == ("unknown", None)


def test_modules_of_ones_own_and_renamed_ones(folder: Path) -> None:
    (folder / "mine.py").write_text(
        "import torch.nn as nn\n\n\nclass Mine(nn.Module):\n    def forward(self, x):\n"
        "        return x\n",
        encoding="utf-8",
    )
    for words in (("./mine.py:Mine",), ("SimAM", "--as", "OtherSimAM"), ("ACmix", "--as", "Mix")):
        done = yamlmod("patch", "fork", *words, "-w", cwd=folder)
        assert done.code == 0, done.err
    data = _status(folder, "--check")
    states = {one["name"]: one["state"] for one in data["modules"]}
    assert states == {"Mine": "own", "OtherSimAM": "current", "Mix": "current"}


def test_a_yaml_that_uses_what_is_not_there(folder: Path) -> None:
    cfg = folder / "fork/models/mini.yaml"
    words = ("insert", "SimAM", cfg, "--at", "24", "-o", folder / "fork/models/simam.yaml")
    assert yamlmod(*words, cwd=folder).code == 0
    data = _status(folder, "--check", code=1)
    (missing,) = data["missing"]
    assert (missing["file"], missing["module"]) == ("models/simam.yaml", "SimAM")
    assert b"yamlmod patch fork SimAM" in yamlmod("status", "fork", cwd=folder).out


def test_what_a_cut_off_write_left(folder: Path) -> None:
    (folder / "fork/models/.yamlmod-0a1b2c3d-0.tmp").write_bytes(b"")
    assert any("cut off" in line for line in _status(folder, "--check", code=1)["stale"])


def _doctor(folder: Path, *flags: str, **environment: str) -> tuple[int, list[dict[str, str]]]:
    words = ("doctor", "fork", "--python", sys.executable, "--json", *flags)
    done = yamlmod(*words, cwd=folder, **environment)
    assert done.code in (0, 1), done.err
    return done.code, json.loads(done.out)["findings"]


def _told(findings: list[dict[str, str]], level: str, topic: str) -> str:
    return "\n".join(
        one["text"] for one in findings if (one["level"], one["topic"]) == (level, topic)
    )


def test_a_healthy_fork(folder: Path) -> None:
    _add(folder, "SimAM", "24")
    before = snapshot(folder)
    code, findings = _doctor(folder)
    assert code == 0, findings
    assert {one["level"] for one in findings} <= {"ok", "note"}
    assert "not imported" in _told(findings, "ok", "torch")
    assert "the fork's own" in _told(findings, "ok", "imports")
    assert snapshot(folder) == before
    text = yamlmod("doctor", "fork", "--python", sys.executable, cwd=folder)
    assert f"running {sys.executable} (--python)" in text.err


def test_another_copy_wins_or_lurks(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    site = tmp_path_factory.mktemp("site")
    for name in ("models", "ultralytics"):
        (site / name).mkdir()
        (site / name / "__init__.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    (folder / "fork/ultralytics").mkdir()
    (folder / "fork/ultralytics/__init__.py").touch()
    (folder / "fork/models/__init__.py").touch()
    code, findings = _doctor(folder, PYTHONPATH=str(site))
    assert code == 0
    told = _told(findings, "warning", "imports")
    assert "`models` is there 2 times" in told
    assert "`ultralytics` is there 2 times" in told
    assert f"started in another folder imports `models` from {site}" in told
    shutil.rmtree(folder / "fork/ultralytics")
    (folder / "fork/models/__init__.py").unlink()  # a namespace package loses to a package
    code, findings = _doctor(folder, PYTHONPATH=str(site))
    assert code == 1
    assert "changes here do nothing" in _told(findings, "problem", "imports")


def test_nothing_of_the_fork_runs(folder: Path) -> None:
    """Files that bear the names of standard modules would run if the fork came first."""
    for name in ("json.py", "importlib.py", "os.py", "sitecustomize.py", "torch.py", "numpy.py"):
        (folder / "fork" / name).write_text("open('ran', 'w')\n", encoding="utf-8")
    _, findings = _doctor(folder)
    assert not list(folder.rglob("ran"))
    # It is what Python would say: a torch.py beside the scripts comes before the package.
    assert "'torch' (torch.py) is not a package" in _told(findings, "problem", "imports")


def test_names_packages_and_gradients(folder: Path) -> None:
    fork = folder / "fork"
    _add(folder, "BiLevelRoutingAttention", "24")
    _edit(
        fork / "models/mini.yaml",
        "[-1, 3, C3, [1024, False]],  # 23",
        "[-1, 3, Nowhere, [1024]],  # 23",
    )
    (fork / "utils.py").write_text(
        "import pkg_resources\nimport numpy as np\nimport torch\n"
        "a = np.int(1), np.bool_, torch.load('x'), torch.load('y', weights_only=False)\n",
        encoding="utf-8",
    )
    (fork / "train.py").write_text("import utils\n", encoding="utf-8")
    words = ("insert", "ACmix", "fork/models/mini.yaml", "--at", "3", "--readers", "none")
    assert yamlmod(*words, "--allow-dead", "-w", cwd=folder).code == 0
    assert yamlmod("patch", "fork", "ACmix", "-w", cwd=folder).code == 0
    code, findings = _doctor(folder)
    assert code == 1
    assert "no name Nowhere" in _told(findings, "problem", "yamls")
    assert "utils.py:4" in _told(findings, "problem", "packages")
    assert _told(findings, "warning", "checkpoints").count("utils.py:4") == 1
    assert "3 ACmix never reaches the head" in _told(findings, "problem", "ddp")
    (fork / "train.py").write_text("DDP(model, find_unused_parameters=True)\n", encoding="utf-8")
    _, findings = _doctor(folder)
    assert "3 ACmix" in _told(findings, "note", "ddp")


def test_interpreters_that_do_not_answer(folder: Path) -> None:
    for python, code in (("none-such", "no-such-interpreter"), ("git", "no-answer")):
        done = yamlmod("doctor", "fork", "--python", python, "--json", cwd=folder)
        assert done.code == 2
        assert json.loads(done.out)["error"]["code"] == code


@pytest.mark.fork
def test_a_published_fork(tmp_path: Path) -> None:
    fork = fork_copy("yolov5==7.0.14", tmp_path)
    assert yamlmod("patch", fork, "SimAM", "-w", cwd=tmp_path).code == 0
    status = json.loads(yamlmod("status", fork, "--check", "--json", cwd=tmp_path).out)
    assert [one["state"] for one in status["modules"]] == ["current"]
    assert (status["stale"], status["missing"], status["undecided"]) == ([], [], [])
    done = yamlmod("doctor", fork, "--python", sys.executable, "--json", cwd=tmp_path)
    findings = json.loads(done.out)["findings"]
    assert "TFSimAM" in _told(findings, "warning", "export")
    assert "models/experimental.py" in _told(findings, "warning", "checkpoints")
    assert "every module of" in _told(findings, "ok", "yamls")


def _git(folder: Path, *words: str) -> None:
    name = ("-c", "user.name=x", "-c", "user.email=x@y.z")
    subprocess.run(["git", *name, *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_what_git_could_not_bring_back(folder: Path) -> None:
    fork, cfg = folder / "fork", folder / "fork/models/mini.yaml"
    words = ("insert", "SimAM", "fork/models/mini.yaml", "--at", "24")
    _git(fork, "init", "-q")
    assert "mini.yaml (not committed)" in yamlmod(*words, "-w", cwd=folder).err
    assert yamlmod("undo", "fork", "-w", cwd=folder).code == 0
    _git(fork, "add", ".")
    _git(fork, "commit", "-q", "-m", "x")
    # A file watcher or a filter of the repository's own settings must not run.
    _git(fork, "config", "core.fsmonitor", "touch ran; false")
    _git(fork, "config", "filter.x.clean", "touch ran; cat")
    (fork / ".git/info/attributes").write_text("* filter=x\n", encoding="utf-8")
    assert "git could not" not in yamlmod(*words, "-w", cwd=folder).err
    assert yamlmod("undo", "fork", "-w", cwd=folder).code == 0
    cfg.write_bytes(cfg.read_bytes() + b"# mine\n")
    assert "git could not" not in yamlmod(*words, cwd=folder).err
    done = yamlmod(*words, "-w", "--json", cwd=folder)
    (warning,) = json.loads(done.out)["warnings"]
    assert "fork/models/mini.yaml (uncommitted changes)" in warning
    assert not (fork / "ran").exists()
    without = yamlmod(*words, "-w", cwd=folder, PATH="")
    assert without.code == 0
    assert "git could not" not in without.err
    assert os.environ["PATH"]
