"""On a terminal no line is wider than it, whatever the command and the names."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

pytest.importorskip("pty", reason="terminals of this kind are Unix's")

from tests.cli.run import save_checkpoint, yamlmod
from tests.cli.terminal import screen, screens
from tests.study.folders import STUB
from yamlmod.cli.groups import COMMANDS, command_names
from yamlmod.report import stream, tables
from yamlmod.report.tables import Column, sized_table
from yamlmod.report.widths import cell_count, fitted, wrapped_text

_MINIFORK = Path(__file__).parents[2] / "examples" / "minifork"
_WIDTHS = (80, 120, 200)
_CFG = "模型/改进的网络结构文件.yaml"
_CLASS = "class 通道注意力(nn.Module):\n    def forward(self, x):\n        return x\n"
_ATTENTION = f"import torch.nn as nn\n\n\n{_CLASS}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("终端")
    shutil.copytree(_MINIFORK, folder / "分支")
    (folder / "模型").mkdir()
    text = (_MINIFORK / "models" / "mini.yaml").read_text(encoding="utf-8")
    (folder / _CFG).write_text(text.replace("SPPF, [1024, 5]]", "空间金字塔池化模块, [1024, 5]]"))
    (folder / "分支/models/宽.yaml").write_text(text, encoding="utf-8")
    (folder / "坏.yaml").write_text("backbone: [[-1, 1, Conv, [64]], [9, 1, C3, [128]]]\nhead: 3\n")
    (folder / "r.yaml").write_text("yamlmod: 1\nedits:\n  - insert: SimAM\n    after: 9\n")
    (folder / "a.py").write_text(_ATTENTION, encoding="utf-8")
    assert yamlmod("patch", "分支", "SimAM", "CBAM", "-w", cwd=folder).code == 0
    shutil.copytree(_MINIFORK, folder / "研究" / "分支")
    shutil.copyfile(STUB, folder / "研究" / "分支" / "train.py")
    (folder / "研究/消融.yaml").write_text(_STUDY, encoding="utf-8")
    plan = ("study", "plan", "研究/消融.yaml", "--no-run", "-o", "研究/结果")
    done = yamlmod(*plan, cwd=folder)
    assert done.code == 0, done.err
    return folder


_STUDY = """study: 注意力模块的消融实验
repo: 分支
base: mini.yaml
train: {epochs: 1, seconds: 0.01}
seeds: 2
components:
  attention-without-parameters-after-the-pyramid-pooling: {insert: SimAM, after: SPPF}
  cbam: {insert: CBAM, after: SPPF}
"""


_COMMANDS: tuple[tuple[str, ...], ...] = (
    ("list",),
    ("list", "注意力"),
    ("info", "CBAM"),
    ("info", "坐标注意力", "--code"),
    ("info", "没有的模块"),
    ("cite", _CFG),
    ("show", _CFG),
    ("show", "分支/models/宽.yaml", "--repo", "分支"),
    ("show", "分支/models/宽.yaml", "--scale", "s"),
    ("show", "没有的文件.yaml"),
    ("show", "坏.yaml"),
    ("insert", "SimAM", _CFG, "--after", "4", "--stat"),
    ("insert", "SimAM", _CFG, "--after", "没有的层"),
    ("insert", "a.py:通道注意力", _CFG, "--after", "4"),
    ("remove", _CFG, "空间金字塔池化模块"),
    ("replace", "ACmix", _CFG, "C3#4"),
    ("move", _CFG, "4", "--after", "6"),
    ("drop-head", _CFG, "P5"),
    ("add-head", _CFG, "P2"),
    ("add-head", _CFG, "层"),
    ("graft", _CFG, "--backbone", "分支/models/宽.yaml", "--stat"),
    ("apply", "r.yaml", _CFG),
    ("diff", _CFG, "分支/models/宽.yaml"),
    ("check", _CFG, "坏.yaml", "分支", "--repo", "分支"),
    ("check", "--explain", "wiring"),
    ("add", "ECA", "--repo", "分支", "--cfg", "分支/models/宽.yaml", "--at", "24", "--stat"),
    ("patch", "分支", "ECA", "--stat"),
    ("unpatch", "分支", "SimAM", "--stat"),
    ("status", "分支"),
    ("doctor", "分支"),
    ("undo", "分支", "--list"),
    ("undo", "分支", "--stat"),
    ("new", "MyAttention", "--dry-run"),
    ("explain", "没有的网络.onnx"),
    ("verify", "没有的文件夹", _CFG),
    ("profile", "分支", "没有的文件.yaml"),
    ("remap", "没有的权重.pt", "--from", _CFG, "--to", _CFG, "--repo", "分支"),
    ("draw", _CFG, "--format", "mermaid"),
    ("draw", _CFG, "--base", "分支/models/宽.yaml", "-o", "网络.svg", "--force"),
    ("draw", "没有的文件.yaml"),
    ("study",),
    ("study", "plan", "研究/消融.yaml", "--no-run", "-o", "研究/另一个"),
    ("study", "run", "研究/结果"),
    ("study", "run", "研究/结果", "没有的运行"),
    ("study", "status", "研究/结果"),
    ("study", "report", "研究/结果"),
    ("study", "report", "研究/结果", "--format", "latex"),
    ("study", "report", "研究/结果", "--format", "csv"),
    ("study", "export", "研究/结果", "--commands"),
    ("study", "status", "没有的文件夹"),
    ("overlay",),
    ("overlay", "install", "没有的文件夹"),
    ("exec", "--overlay", "没有的文件夹", "true"),
    ("help",),
    ("无此命令",),
    ("insert", "--没有的选项"),
)


def test_every_command_is_rendered() -> None:
    assert set(command_names()) == {words[0] for words in _COMMANDS} - {"无此命令"}


@pytest.mark.parametrize("width", _WIDTHS)
def test_no_line_is_wider_than_the_terminal(width: int, folder: Path) -> None:
    shown = screens(_COMMANDS, folder, width)
    assert set(shown) == {" ".join(words) for words in _COMMANDS}
    for words, lines in shown.items():
        assert any(lines) and not any("Traceback" in line for line in lines), words
        wide = [line for line in lines if cell_count(line) > width and not _of_diff(line)]
        assert wide == [], words


@pytest.mark.slow
def test_runs_of_a_fork_fit(folder: Path) -> None:
    """Once, where it is narrow: the tables of these are measured above."""
    save_checkpoint(folder, "分支", "分支/models/mini.yaml")
    (folder / "网").mkdir()
    runs = [
        ("verify", "分支", "分支/models/宽.yaml"),
        ("profile", "分支", "分支/models/宽.yaml", "分支/models/mini.yaml", "--layers",
         "--rounds", "0", "--imgsz", "64"),
        ("remap", "w.pt", "--from", "分支/models/mini.yaml", "--to", "分支/models/宽.yaml",
         "--repo", "分支", "-o", "网/权重.pt"),
    ]  # fmt: skip
    shown = screens(runs, folder, 80)
    for words, lines in shown.items():
        assert [line for line in lines if cell_count(line) > 80] == [], words
    text = "\n".join(line for lines in shown.values() for line in lines)
    assert "checks passed" in text and "thop" in text and (folder / "网/权重.pt").is_file(), text
    assert "next:" in text and "train.py' --cfg '分支/models/宽.yaml'" in text


def _of_diff(line: str) -> bool:
    return line.startswith(("+", "-", " ", "@@")) and "[" in line


def test_help_fits(tmp_path: Path) -> None:
    pages: list[tuple[str, ...]] = [("help", name) for name in command_names()]
    pages += [("study", name, "--help") for name in command_names(COMMANDS / "study")]
    shown = screens(pages, tmp_path, 80)
    for name, lines in shown.items():
        assert [line for line in lines if cell_count(line) > 80] == [], name


def test_colours_are_for_terminals_alone(folder: Path) -> None:
    words = ("check", "坏.yaml")
    assert "\x1b[31merror" in screen(*words, cwd=folder, width=80)
    assert "\x1b[" not in screen(*words, cwd=folder, width=80, NO_COLOR="1")
    assert "\x1b[" not in screen(*words, cwd=folder, width=80, TERM="dumb")
    done = yamlmod(*words, cwd=folder)
    assert b"\x1b[" not in done.out and "\x1b[" not in done.err
    diff = screen("insert", "SimAM", "分支/models/宽.yaml", "--at", "24", cwd=folder, width=80)
    assert "\x1b[32m+" in diff and "\x1b[31m-" in diff


_COLUMNS = [
    Column("名称"), Column("number", right=True, weight=5), Column("rare", weight=1),
    Column("说明", wraps=True),
]  # fmt: skip
_ROWS = [
    ["卷积块注意力模块", "1,234", "x" * 30, "先通道注意力，后空间注意力 " * 6],
    ["b", "2", "", "words and words " * 9],
]


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200, 400])
def test_a_table_fits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "width_of", lambda name: width)
    lines = sized_table(_COLUMNS, _ROWS)
    assert all(cell_count(line) <= width for line in lines)
    text = "\n".join(lines)
    shown = " ".join(text.split())
    assert ("not shown, for a wider terminal or a pipe" in shown) == (width < 80)
    assert ("rare" in lines[-1]) == (width < 80)
    assert "words and words" in text and "卷积块注意力模块" in text.replace("\n", "")
    monkeypatch.setattr(tables, "width_of", lambda name: None)
    piped = sized_table(_COLUMNS, _ROWS)
    assert len(piped) == 3 and "x" * 30 in piped[1]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("注意力机制", 4, ["注意", "力机", "制"]),
        ("a 注意力", 5, ["a", "注意", "力"]),
        ("short", 80, ["short"]),
    ],
)
def test_text_breaks_at_words(text: str, width: int, lines: list[str]) -> None:
    assert wrapped_text(text, width) == lines


def test_a_caret_stays_below_its_text() -> None:
    text = "x" * 70 + "注意力" + "y" * 100
    caret = " " * 70 + "^" * 3
    first, second = fitted([f"12 | {text}", f"   | {caret}"], 80)
    assert cell_count(first) <= 80 and cell_count(second) <= 80
    at = second.index("^")
    assert "注意力" in first and cell_count(first[: first.index("注")]) == at
    assert len(list(fitted(["abc", "de"], 80))) == 2


def test_a_stream_that_is_no_terminal_has_no_width() -> None:
    assert stream.width_of("stdout") is None or os.isatty(1)


def test_a_long_table_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once for each row: `show` took seven seconds for 3,000 layers."""
    cells = []
    monkeypatch.setattr(tables, "cell_count", lambda text: cells.append(text) or len(text))
    rows = [[str(i), "Conv", "[64]"] for i in range(300)]
    assert len(tables.table(["layer", "module", "args"], rows)) == 301
    assert len(cells) <= 2 * 3 * 301
