"""`add` and layer numbers in a fork's code: a warning where one means another layer, a refusal
where an output goes missing; what the fork's own code then does is the judge."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod

pytestmark = pytest.mark.skipif(os.name == "nt", reason="builds in forked processes")
MINI = Path(__file__).parents[2] / "examples" / "minifork"
SAVE = "        self.model, self.save = parse_model(self.yaml, [ch])\n"
KEPT = "            kept.append(x if m.i in self.save else None)\n"
END = "        return x\n\n    def probe"
TAP = "        self.tap = kept[{}] * 2\n" + END
# Builds the network of each folder that it is told, and prints the shape of its tap.
BUILDER = """
import os, sys, torch
for line in sys.stdin:
    if not os.fork():
        os.chdir(line.rstrip())
        sys.path.insert(0, os.getcwd())
        from models.yolo import Model
        model = Model().eval()
        model(torch.zeros(1, 3, 256, 256))
        print("built", tuple(model.tap.shape) if hasattr(model, "tap") else "", flush=True)
        os._exit(0)
    if os.wait()[1]:
        print("failed", flush=True)
"""
Tap = Callable[[Path], str | None]


@pytest.fixture(scope="module")
def tap() -> Iterator[Tap]:
    """Return what a fork's network hands on, None where it fails; torch is imported once."""
    command = [sys.executable, "-B", "-c", BUILDER]
    env = {**os.environ, "PYTHONPATH": ""}
    with subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as builder:
        assert builder.stdin is not None and builder.stdout is not None
        asked, answers = builder.stdin, builder.stdout

        def ask(fork: Path) -> str | None:
            asked.write(f"{fork}\n")
            asked.flush()
            answer = answers.readline().strip()
            assert answer, "the builder has ended"
            return None if answer == "failed" else answer

        yield ask
        asked.close()


def _fork(tmp_path: Path, *changes: tuple[str, str], train: str = "") -> Path:
    fork = tmp_path / "fork"
    shutil.copytree(MINI, fork, ignore=shutil.ignore_patterns("__pycache__"))
    yolo = fork / "models/yolo.py"
    text = yolo.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    yolo.write_text(text, encoding="utf-8")
    if train:
        (fork / "train.py").write_text(train, encoding="utf-8")
    return fork


def _add(fork: Path, at: str, *more: str) -> list[str | Path]:
    return ["add", "SimAM", "--repo", fork, "--cfg", "models/mini.yaml", "--at", at, *more]


SAVED = (SAVE, SAVE + "        self.save.append(21)\n")
REFUSED = [
    ([(END, TAP.format(10))], "kept[10]", "layer 10 Conv, which becomes layer 11", 11),
    ([SAVED, (END, TAP.format(21))], "self.save.append(21)", "layer 22 is no longer kept", 22),
    ([SAVED, (END, TAP.format(-4))], "self.save.append(21)", "layer 22 is no longer kept", -4),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "line", "words", "write"), REFUSED)
def test_an_output_that_goes_missing(
    tmp_path: Path, tap: Tap, changes: list[tuple[str, str]], line: str, words: str, write: int
) -> None:
    fork = _fork(tmp_path, *changes)
    shape = tap(fork)
    before = snapshot(fork)
    for _ in range(2):
        done = yamlmod(*_add(fork, "5", "-w"), cwd=tmp_path)
        assert done.code == 2 and done.out == b"", done.err
        assert "error[layer-number]" in done.err and words in done.err and line in done.err
        assert snapshot(fork) == before
    # The way that the refusal names: until the lines are fixed, the fork breaks or reads another
    # layer and says nothing.
    assert yamlmod("patch", fork, "SimAM", "-w", cwd=tmp_path).code == 0
    cfg = fork / "models/mini.yaml"
    assert yamlmod("insert", "SimAM", cfg, "--at", "5", "-w", cwd=tmp_path).code == 0
    assert shape is not None and tap(fork) != shape
    yolo = fork / "models/yolo.py"
    text = yolo.read_text(encoding="utf-8")
    if write > 0:
        text = text.replace("append(21)", "append(22)").replace("kept[21]", "kept[22]")
        text = text.replace("kept[10]", "kept[11]")
    else:
        text = text.replace("append(21)", "append(22)")
    yolo.write_text(text, encoding="utf-8")
    assert tap(fork) == shape


WARNED = [
    (
        [(KEPT, "            kept.append(x)\n"), (END, TAP.format(10))],
        "",
        ["models/yolo.py:55", "10 names layer 10 Conv, which becomes layer 11", "Write 11 there"],
    ),
    (
        [(KEPT, KEPT + "            if m.i == 9:\n                self.tap = x\n")],
        "",
        ["9 names layer 9 SPPF, which becomes layer 10", "layer 9 C3", "Write 10", "if m.i == 9:"],
    ),
    (
        [],
        'freeze = [f"model.{k}." for k in range(10)]\n',
        ["train.py:1", "10 is a limit: layer 9 SPPF is the last before it", "Write 11 there"],
    ),
]


@pytest.mark.parametrize(("changes", "train", "words"), WARNED)
def test_a_number_that_means_another_layer(
    tmp_path: Path, tap: Tap, changes: list[tuple[str, str]], train: str, words: list[str]
) -> None:
    fork = _fork(tmp_path, *changes, train=train)
    before = snapshot(fork)
    for _ in range(2):
        done = yamlmod(*_add(fork, "5"), cwd=tmp_path)
        assert done.code == 0, done.err
        assert done.err.count("Write ") == 1
        for word in words:
            assert word in done.err, done.err
        assert snapshot(fork) == before
    behind = yamlmod(*_add(fork, "18"), cwd=tmp_path)
    assert behind.code == 0 and "names layer" not in behind.err and "limit" not in behind.err
    assert yamlmod(*_add(fork, "5", "-w"), cwd=tmp_path).code == 0
    assert tap(fork) is not None


def test_what_stays_where_it_is_needs_no_word(tmp_path: Path, tap: Tap) -> None:
    """Behind the number nothing moves, and a number from the end moves with the end."""
    fork = _fork(tmp_path, (END, TAP.format(-5)), train="print('model.2.conv')\n")
    assert tap(fork) is not None
    done = yamlmod(*_add(fork, "5", "-w"), cwd=tmp_path)
    assert done.code == 0 and "names layer" not in done.err, done.err
    assert tap(fork) is not None


def test_no_numbers_no_words(tmp_path: Path) -> None:
    done = yamlmod(*_add(_fork(tmp_path), "5"), cwd=tmp_path)
    assert done.code == 0 and "warning" not in done.err, done.err
