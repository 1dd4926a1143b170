"""`check --repo` and `show --repo`: a fork's code is read, and what it cannot build is an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import yamlmod
from tests.fork.read.mini import PYTHON, with_row


class Run:
    """A run with its output as text."""

    def __init__(self, *words: str | Path) -> None:
        done = yamlmod(*words, cwd=Path.cwd())
        self.code, self.out, self.err = done.code, done.out.decode("utf-8"), done.err


def run(*words: str | Path) -> Run:
    return Run(*words)


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    root = tmp_path / "fork"
    for name, text in PYTHON.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def _cfg(fork: Path, row: str, name: str = "x.yaml") -> Path:
    path = fork / "cfg" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(with_row(row), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "row",
    [
        "",
        "[-1, 1, nn.Identity, []]",
        "[-1, 1, CBAM, [512]]",
        "[-1, 1, ChanGate, [128]]",
        "[-1, 1, nn.Dropout2d, [0.5]]",
    ],
)
def test_what_builds_is_clean(fork: Path, row: str) -> None:
    done = run("check", _cfg(fork, row), "--repo", fork)
    assert done.code == 0, done.out + done.err


def test_a_key_that_the_parser_needs(fork: Path) -> None:
    """It fails before the first row; `show --repo` says the same."""
    cfg = _cfg(fork, "")
    cfg.write_text(cfg.read_text(encoding="utf-8").replace("nc: 4\n", "", 1), encoding="utf-8")
    for _ in range(2):
        done = run("check", cfg, "--repo", fork)
        assert done.code == 1 and "the network cannot be built: KeyError: 'nc'" in done.out
        assert "the parser needs a key that the file does not have" in done.out
    assert "KeyError: 'nc'" in run("show", cfg, "--repo", fork).out


@pytest.mark.parametrize(
    ("row", "rule", "words"),
    [
        ("[-1, 1, ChanGate, [512]]", "cannot-build", ["to have 512 channels", "write [128]"]),
        (
            "[-1, 1, KernelGate, [512]]",
            "cannot-build",
            ["kernel size must be 3 or 7", "[128, 128]"],
        ),
        ("[-1, 1, NoSuch, [512]]", "unresolved-name", ["does not define NoSuch", "layer 6"]),
        ("[-1, 1, nn.Conv9d, [3]]", "unresolved-name", ["does not define nn.Conv9d"]),
        ("[-1, 1, Conv, [512, 1, 1, 1, 1]]", "wrong-branch", ["positional arguments"]),
        ("[-1, 1, CBAM, []]", "cannot-build", ["IndexError"]),
        ("[-1, 9, Conv, [256, 3, 2]]", "cannot-build", ["128 channels"]),
        ("[[-1, 3], 1, Concat, [1]]", "cannot-build", ["Sizes of tensors must match"]),
    ],
)
def test_what_does_not_build_is_an_error(fork: Path, row: str, rule: str, words: list[str]) -> None:
    cfg = _cfg(fork, row)
    for _ in range(2):
        done = run("check", cfg, "--repo", fork, "--json")
        assert done.code == 1
        found = [f for f in json.loads(done.out)["findings"] if f["rule"] == rule]
        assert [(f["layer"], f["severity"]) for f in found] == [(6, "error")], done.out
        text = found[0]["message"] + found[0]["help"]
        assert all(word in text for word in words), text
        assert "tasks.py:" in text or rule == "unresolved-name"


def test_the_scales_at_which_it_fails_are_said(fork: Path) -> None:
    cfg = _cfg(fork, "[-1, 1, ChanGate, [128]]")
    text = cfg.read_text(encoding="utf-8").replace(
        "  n: [0.33, 0.25, 1024]\n", "  n: [0.33, 0.25, 1024]\n  s: [0.33, 0.50, 1024]\n"
    )
    cfg.write_text(text, encoding="utf-8")
    done = run("check", cfg, "--repo", fork)
    assert done.code == 1
    assert "cannot run at scale s: " in done.out
    assert "write [" not in done.out  # no number is right at both


def test_many_files_in_processes_are_found_as_one_by_one(fork: Path) -> None:
    rows = ["[-1, 1, ChanGate, [512]]", "[-1, 1, ChanGate, [128]]", "[-1, 1, NoSuch, []]"]
    for number in range(45):
        folder = fork / f"cfg{number % 3}"
        folder.mkdir(exist_ok=True)
        name = folder / f"{number}.yaml"
        name.write_text(with_row(rows[number % 3]), encoding="utf-8")
    folders = [fork / f"cfg{number}" for number in range(3)]
    done = run(
        "check", *folders, "--repo", fork, "--json", "--select", "cannot-build,unresolved-name"
    )
    assert done.code == 1
    found = json.loads(done.out)["findings"]
    assert len(found) == 30
    assert {f["rule"] for f in found if "cfg0" in f["file"]} == {"cannot-build"}
    assert {f["rule"] for f in found if "cfg2" in f["file"]} == {"unresolved-name"}


def test_nothing_of_the_fork_is_run(fork: Path) -> None:
    marks = []
    for name in ("ultralytics/nn/tasks.py", "ultralytics/nn/modules/conv.py"):
        path, mark = fork / name, fork / f"{Path(name).stem}.mark"
        marks.append(mark)
        text = path.read_text(encoding="utf-8")
        line = f"open({str(mark)!r}, 'w').write('run')\n"
        path.write_text(
            text.replace("import torch\n", f"import torch\n{line}", 1), encoding="utf-8"
        )
    tasks = fork / "ultralytics/nn/tasks.py"
    text = tasks.read_text(encoding="utf-8")
    mark = fork / "parse.mark"
    inner = f"    __import__('os').system('touch {mark}')\n    eval(\"open({str(mark)!r}, 'w')\")\n"
    tasks.write_text(text.replace("    ch = [ch]\n", f"{inner}    ch = [ch]\n"), encoding="utf-8")
    done = run("check", _cfg(fork, ""), "--repo", fork)
    assert done.code == 0, done.out + done.err
    assert run("show", _cfg(fork, ""), "--repo", fork).code == 0
    assert not any(mark.exists() for mark in [*marks, mark])


@pytest.mark.parametrize(
    "code",
    [
        "while True:\n        pass\n",
        "x = [0]\n    for i in x:\n        x.append(i)\n",
        "x = 'a' * 10 ** 9\n",
        "parse_model(d, ch)\n",
        "raise SystemExit(3)\n",
        "d.clear()\n",
        "del ch\n",
        "return None\n",
        "global Conv\n    Conv = None\n",
        "match d:\n        case _:\n            pass\n",
    ],
)
def test_hostile_parse_functions_end_without_a_traceback(fork: Path, code: str) -> None:
    tasks = fork / "ultralytics/nn/tasks.py"
    text = tasks.read_text(encoding="utf-8")
    tasks.write_text(
        text.replace("    ch = [ch]\n", f"    {code}    ch = [ch]\n"), encoding="utf-8"
    )
    done = run("check", _cfg(fork, "[-1, 1, ChanGate, [512]]"), "--repo", fork)
    assert done.code in (0, 1), done.out + done.err
    assert "Traceback" not in done.out + done.err and "error[bug]" not in done.out + done.err


def test_show_gives_arguments_and_channels(fork: Path) -> None:
    cfg = _cfg(fork, "[-1, 1, CBAM, [512]]")
    done = run("show", cfg, "--repo", fork)
    assert done.code == 0
    assert "C2f(128, 128, 2, True)" in done.out and "1 x 128 x 16 x 16" in done.out
    data = json.loads(run("show", cfg, "--repo", fork, "--json").out)
    rows = data["scales"]["n"]["rows"]
    assert rows[6]["class_name"] == "CBAM" and rows[6]["args"] == [128]
    assert rows[10]["args"] == [4, [64, 128]]
