"""`yamlmod profile` as a user runs it: every format, and the numbers of yolov5s."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import yamlmod as package
from tests.cli.run import Done, snapshot, yamlmod
from tools.real_forks import fork_copy

_MINIFORK = Path(__file__).parents[2] / "examples" / "minifork"
_HEADERS = ["Model", "Params (M)", "GFLOPs", "thop GFLOPs", "Forward (MB)", "Training (MB)"]


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's fork with a second model, whose name LaTeX has to escape."""
    folder = tmp_path_factory.mktemp("profile") / "fork"
    shutil.copytree(_MINIFORK, folder)
    assert yamlmod("patch", ".", "MHSA", "-w", cwd=folder).code == 0
    text = (folder / "models" / "mini.yaml").read_text(encoding="utf-8")
    edited = package.load(text).insert("MHSA", after=9).to_text()
    (folder / "models" / "mini_a&b 50%.yaml").write_text(edited, encoding="utf-8")
    return folder


def profile(folder: Path, *words: str | Path) -> Done:
    # Threads that wait for one another in such small networks cost more than they do.
    return yamlmod("profile", *words, cwd=folder, OMP_NUM_THREADS="1")


def counted(mini: Path, *flags: str, twice: bool = False) -> tuple[str, str]:
    """Run what needs no clock, and return both streams; twice they must be the same."""
    words = (".", "models/mini.yaml", "models/mini_a&b 50%.yaml", "--imgsz", "64", "--rounds", "0")
    before = snapshot(mini)
    first = profile(mini, *words, *flags)
    assert first.code == 0, first.err
    if twice:
        again = profile(mini, *words, *flags)
        assert (again.code, again.out, again.err) == (0, first.out, first.err)
    assert snapshot(mini) == before
    return first.out.decode(), first.err


def test_table(mini: Path) -> None:
    out, err = counted(mini, twice=True)
    lines = out.splitlines()
    assert re.split(r" {2,}", lines[0]) == [*_HEADERS, "Weights (MB)"]
    assert lines[1].startswith("mini ") and "%" not in lines[1]
    assert re.match(r"mini_a&b 50% +0\.\d{3} \(\+\d+", lines[2])
    assert "which YOLOv5 prints" in out and "(layer 10 MHSA" in out
    assert "running the fork's code with" in err


def test_markdown(mini: Path) -> None:
    out, _ = counted(mini, "--format", "md")
    lines = out.splitlines()
    assert lines[0] == "| " + " | ".join([*_HEADERS, "Weights (MB)"]) + " |"
    assert {line.count("|") for line in lines[:4]} == {len(_HEADERS) + 2}
    assert lines[3].startswith(r"| mini\_a&b 50% |")
    assert all(line.startswith("- ") for line in lines[5:])


def test_latex(mini: Path, tmp_path: Path) -> None:
    out, _ = counted(mini, "--format", "latex")
    body = [line for line in out.splitlines() if not line.startswith("%")]
    assert body[3] == r"\begin{tabular}{lrrrrrr}" and body[-1] == r"\end{tabular}"
    rows = [line for line in body if line.endswith(r"\\")]
    assert [row.replace(r"\&", "").count("&") for row in rows] == [6, 6, 6]
    assert r"mini\_a\&b 50\% & " in out and not re.search(r"^(?!%).*(?<!\\)%", out, re.MULTILINE)
    document = "\\documentclass{article}\\begin{document}\n" + out + "\\end{document}\n"
    (tmp_path / "paper.tex").write_text(document, encoding="utf-8")
    if shutil.which("pdflatex"):
        words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0 and (tmp_path / "paper.pdf").exists(), done.stdout.decode()


def test_csv(mini: Path) -> None:
    out, err = counted(mini, "--format", "csv", "--layers")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["index"] for row in rows] == [*map(str, range(25)), *map(str, range(26))]
    new = rows[25 + 10]
    assert (new["model"], new["module"], new["from"]) == ("mini_a&b 50%", "MHSA", "-1")
    assert int(new["flops"]) > 0 and new["output"] == "1x128x2x2"
    assert rows[12]["from"] == "[-1, 6]"
    assert "which YOLOv5 prints" in err


def test_json(mini: Path) -> None:
    flags = ("--base", "models/mini_a&b 50%.yaml", "--json")
    out, err = counted(mini, *flags, twice=True)
    told: dict[str, Any] = json.loads(out)
    base, other = told["models"]
    assert (told["base"], base["cfg"]) == ("models/mini_a&b 50%.yaml",) * 2 and err == ""
    assert other["against_base"]["parameters"] == {
        "difference": other["parameters"] - base["parameters"],
        "ratio": other["parameters"] / base["parameters"],
    }
    for model in told["models"]:
        assert model["flops"] == sum(layer["flops"] for layer in model["layers"])
        assert model["parameters"] == sum(layer["parameters"] for layer in model["layers"])
        assert model["weights_bytes"] >= 4 * model["parameters"]
        assert model["training_bytes"] > model["forward_bytes"] > 0
    assert other["thop_unseen_flops"] == 0 < base["thop_unseen_flops"]


def test_time_is_told_with_its_spread(mini: Path) -> None:
    words = (".", "models/mini.yaml", "--imgsz", "64", "--rounds", "4", "--threads", "1")
    done = profile(mini, *words, "--layers", "--json")
    told = json.loads(done.out)
    latency = told["models"][0]["latency"]
    assert 0 < latency["q1"] <= latency["median"] <= latency["q3"]
    shares = [layer["time_share"] for layer in told["models"][0]["layers"]]
    assert sum(shares) == pytest.approx(1) and (told["threads"], told["device"]) == (1, "cpu")


def test_what_is_refused(mini: Path) -> None:
    broken = mini / "models" / "broken.yaml"
    text = (mini / "models" / "mini.yaml").read_text(encoding="utf-8")
    broken.write_text(text.replace("SPPF, [1024, 5]", "Nothing, [1024, 5]"), encoding="utf-8")
    cases = {
        "no-forward": ("models/mini.yaml", "--imgsz", "40"),
        "not-built": ("models/mini.yaml", "models/broken.yaml"),
        "no-such-file": ("models/none.yaml",),
    }
    for code, words in cases.items():
        done = profile(mini, ".", *words, "--rounds", "0")
        assert done.code == 2 and f"error[{code}]" in done.err, (code, done.err)
        assert "Traceback" not in done.err and done.out == b""
        assert words[-1 if code == "not-built" else 0] in done.err


@pytest.mark.fork
def test_yolov5s_is_what_yolov5_prints(tmp_path: Path) -> None:
    """7.0 prints 7235389 parameters, 16.6 GFLOPs; fused, 7225885 parameters, 16.4 GFLOPs."""
    fork = fork_copy("yolov5==7.0.14", tmp_path)
    words = (fork, "models/yolov5s.yaml", "--rounds", "0", "--imgsz", "64", "--json")
    plain, fused = (
        json.loads(profile(tmp_path, *words, *flag).out)["models"][0] for flag in ((), ("--fused",))
    )
    assert (plain["parameters"], fused["parameters"]) == (7235389, 7225885)
    # What it prints is of 640 pixels, a hundred times the area, and of 32, scaled up by area.
    assert [f"{100 * one['thop_flops'] / 1e9:.1f}" for one in (plain, fused)] == ["16.6", "16.4"]
    # The convolutions alone, which fusing does not change.
    assert 100 * plain["flops"] == 100 * fused["flops"] == 16433561600
    assert plain["missed"] == plain["notes"] == []
