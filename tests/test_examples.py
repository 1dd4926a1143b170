"""What a stranger meets first: the quickstart, the small fork, the README's words."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from yamlmod.study.families.yolov5 import _read_csv

CLONE = Path(__file__).resolve().parents[1]
EXAMPLES = CLONE / "examples"
CFG = "models/mini.yaml"
READMES = ("README.md", "README.zh-CN.md")

# Where each module goes, and whom every layer with several inputs reads then.
PLACES = {
    "SimAM": (["--at", "24"], [[-1, 6], [-1, 4], [-1, 14], [-1, 10], [17, 20, 24]]),
    "ACmix": (["--at", "9"], [[-1, 6], [-1, 4], [-1, 15], [-1, 11], [18, 21, 24]]),
    "TripletAttention": (["--at", "3"], [[-1, 7], [-1, 5], [-1, 15], [-1, 11], [18, 21, 24]]),
    "BiLevelRoutingAttention": (
        ["--after", "P3", "--after", "P4", "--after", "P5"],
        [[-1, 6], [-1, 4], [-1, 14], [-1, 10], [18, 22, 26]],
    ),
}
BUILD = """
import json
import torch
from models.yolo import Model
model = Model()
out = model(torch.rand(2, 3, 256, 256))
sum(level.sum() for level in out).backward()
print(json.dumps({
    "from": [m.f for m in model.model],
    "modules": [type(m).__name__ for m in model.model],
    "stride": model.stride.tolist(),
    "without_gradient": [n for n, p in model.named_parameters() if p.grad is None],
}))
"""


def environment() -> dict[str, str]:
    paths = [str(CLONE), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def tool(*words: str, folder: Path) -> str:
    done = run(["-m", "yamlmod", *words], folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        # The journal of undo is yamlmod's own, and hides itself from git.
        if path.is_file() and not {"__pycache__", ".yamlmod"} & set(path.parts)
    }


def build(fork: Path) -> dict[str, Any]:
    done = run(["-c", BUILD], fork)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    copy = tmp_path / "minifork"
    shutil.copytree(EXAMPLES / "minifork", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def test_quickstart_twice_leaves_the_clone_as_it_was(tmp_path: Path) -> None:
    before = contents(EXAMPLES)
    script = str(EXAMPLES / "quickstart.py")
    first, second = run([script], tmp_path), run([script], CLONE)
    for done in (first, second):
        assert done.returncode == 0, done.stderr
        assert "+   [-1, 1, SimAM, []]," in done.stdout
        assert "+   [[17, 20, 24], 1, Detect, [nc, anchors]]," in done.stdout
        assert "Detect reads 17 C3, 20 C3, 24 SimAM" in done.stdout
        assert "nothing was written" in done.stdout
        assert "wrote minifork/models/common.py" in done.stdout.replace("\\", "/")
    assert first.stdout == second.stdout
    assert contents(EXAMPLES) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["torch", "yamlmod"])
def test_quickstart_says_what_is_missing(name: str, tmp_path: Path) -> None:
    script = str(EXAMPLES / "quickstart.py")
    done = run(
        [
            "-c",
            f"import runpy, sys; sys.modules[{name!r}] = None; "
            f"runpy.run_path({script!r}, run_name='__main__')",
        ],
        tmp_path,
    )
    assert done.returncode == 2
    assert f"{name} is not installed" in done.stderr
    assert 'pip install ".[torch]"' in done.stderr


def test_minifork_builds_untouched(fork: Path) -> None:
    built = build(fork)
    assert built["from"][-1] == [17, 20, 23]
    assert built["stride"] == [8, 16, 32]
    assert built["without_gradient"] == []


@pytest.mark.parametrize("module", PLACES)
def test_every_module_goes_into_minifork_and_out_again(module: str, fork: Path) -> None:
    positions, wiring = PLACES[module]
    before = contents(fork)
    tool("add", module, "--repo", ".", "--cfg", CFG, *positions, "-w", folder=fork)
    built = build(fork)
    assert [source for source in built["from"] if isinstance(source, list)] == wiring
    assert built["modules"].count(module) == len(positions) // 2
    assert built["stride"] == [8, 16, 32]
    assert built["without_gradient"] == []
    table = json.loads(tool("show", CFG, "--json", folder=fork))
    assert [layer["from"] for layer in table["layers"]] == built["from"]

    layers = [str(i) for i, name in enumerate(built["modules"]) if name == module]
    tool("remove", CFG, *layers, "-w", folder=fork)
    tool("unpatch", ".", module, "-w", folder=fork)
    assert contents(fork) == before


def test_all_four_modules_live_in_one_minifork(fork: Path) -> None:
    for module in PLACES:
        tool("add", module, "--repo", ".", "--cfg", CFG, "--after", "P4", "-w", folder=fork)
    built = build(fork)
    assert set(PLACES) < set(built["modules"])
    assert built["without_gradient"] == []


@pytest.mark.parametrize("name", READMES)
def test_readme_shows_what_the_tool_prints(name: str) -> None:
    text = (CLONE / name).read_text(encoding="utf-8")
    shown = re.findall(r"^```diff\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(shown) == 1
    printed = tool("insert", "ACmix", f"examples/minifork/{CFG}", "--before", "SPPF", folder=CLONE)
    assert shown[0] == printed


def test_readmes_are_in_step() -> None:
    english, chinese = ((CLONE / name).read_text(encoding="utf-8") for name in READMES)
    assert blocks(english) == blocks(chinese)
    for pattern in (r"^#+ ", r"^\|", r"\]\("):
        found = [len(re.findall(pattern, text, re.MULTILINE)) for text in (english, chinese)]
        assert found[0] == found[1], pattern


def blocks(text: str) -> list[str]:
    return re.findall(r"^(?:<!--[^\n]*-->\n)?```\w*\n.*?^```", text, re.DOTALL | re.MULTILINE)


def test_every_command_of_the_readme_runs(tmp_path: Path) -> None:
    """In the order of the page, on minifork under the names that the page uses."""
    shutil.copytree(EXAMPLES / "minifork", tmp_path / "yolov5")
    cfg = tmp_path / "yolov5" / CFG
    cfg.rename(cfg.with_name("yolov5s.yaml"))
    before = contents(tmp_path)
    text = (CLONE / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^yamlmod (.*)$", "\n".join(blocks(text)), re.MULTILINE)
    assert len(commands) >= 6
    for command in commands:
        # These need a checkpoint, train, or need a package: tests/runtime, tests/cli/test_study.py
        # and tests/cli/test_overlay.py do.
        if command.startswith(("remap ", "study ", "exec ")) or "--overlay" in command:
            continue
        tool(*shlex.split(command), folder=tmp_path)
    after = contents(tmp_path)
    plain = after.pop("yolov5/models/yolov5s-simam.yaml")
    assert after == before
    assert plain == before["yolov5/models/yolov5s.yaml"]


def test_readme_commands_are_marked() -> None:
    text = (CLONE / "README.md").read_text(encoding="utf-8")
    marked = dict(re.findall(r"<!-- command: (\S+) -->\n\n?```sh\n(.*?)\n```", text, re.DOTALL))
    assert set(marked) == {"main-job", "tests"}
    assert marked["main-job"].endswith("examples/quickstart.py")
    assert marked["tests"].endswith("-m pytest -n auto")


@pytest.mark.slow
def test_a_training_of_minifork_that_is_killed_goes_on_as_it_would_have(fork: Path) -> None:
    """The same rows, with YOLOv5's columns; at the end the checkpoint cannot be resumed."""
    small = fork / "small.yaml"
    small.write_text("{seed: 0, train: 16, val: 8, nc: 4}\n", encoding="utf-8")
    words = [sys.executable, "train.py", "--data", "small.yaml", "--epochs", "3", "--seed", "4"]
    whole = subprocess.run([*words, "--name", "whole"], cwd=fork, capture_output=True)
    assert whole.returncode == 0, whole.stderr.decode()
    process = subprocess.Popen([*words, "--name", "cut"], cwd=fork, stdout=subprocess.DEVNULL)
    results = fork / "runs" / "train" / "cut" / "results.csv"
    last = results.parent / "weights" / "best.pt"  # written after last.pt
    while not last.exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    resumed = [sys.executable, "train.py", "--resume", str(last.with_name("last.pt"))]
    assert subprocess.run(resumed, cwd=fork, capture_output=True).returncode == 0
    again = subprocess.run(resumed, cwd=fork, capture_output=True)
    assert again.returncode != 0 and b"nothing to resume" in again.stderr
    want = _read_csv((results.parents[1] / "whole" / "results.csv").read_text(encoding="utf-8"))
    assert _read_csv(results.read_text(encoding="utf-8")) == want
    assert [row.epoch for row in want] == [1, 2, 3]
