"""`draw` and `--draw` as a user calls them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import snapshot, yamlmod
from tests.ops.samples import SMALL
from tests.picture.reading import drawn

MINIFORK = Path(__file__).parents[2] / "examples" / "minifork"
_HALVING = """

class Halving(nn.Module):
    def __init__(self, c1, c2):
        super().__init__()
        self.cv = nn.Conv2d(c1, c2, 3, 2, 1)

    def forward(self, x):
        return self.cv(x)
"""
_SUFFIXES = ("svg", "html", "drawio", "tex", "mmd", "json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "x.yaml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def test_the_figure_goes_to_stdout_or_to_a_file(folder: Path) -> None:
    done = yamlmod("draw", "x.yaml", cwd=folder)
    assert (done.code, done.err) == (0, "")
    assert len(drawn(done.out).layers) == 14
    before = snapshot(folder)
    for suffix in _SUFFIXES:
        name = f"out.{suffix}"
        for _ in range(2):  # its own file is replaced, with the same bytes
            done = yamlmod("draw", "x.yaml", "-o", name, cwd=folder)
            assert (done.code, done.out, done.err) == (0, b"", f"wrote {name}\n")
    after = snapshot(folder)
    assert set(after) - set(before) == {f"out.{suffix}" for suffix in _SUFFIXES}
    assert after["out.svg"] == yamlmod("draw", "x.yaml", "--format", "svg", cwd=folder).out
    data = json.loads(yamlmod("draw", "x.yaml", "--json", cwd=folder).out)
    envelope = {"schema_version": 1, "command": "draw"}
    assert data == {**envelope, **json.loads(after["out.json"])}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nofile.yaml"], "no-such-file"),
        (["x.yaml", "-o", "x.gif"], "unknown-format"),
        (["x.yaml", "-o", "no/x.svg"], "no-such-folder"),
        (["x.yaml", "-o", "x.yaml"], "unknown-format"),
        (["x.yaml", "-o", "other.svg"], "exists"),
        (["x.yaml", "--scale", "q"], "unknown-scale"),
        (["x.yaml", "--side-by-side"], "usage"),
        (["x.yaml", "--base", "nofile.yaml"], "no-such-file"),
    ],
)
def test_refusals(folder: Path, arguments: list[str], code: str) -> None:
    (folder / "other.svg").write_text("<svg/>", encoding="utf-8")
    before = snapshot(folder)
    done = yamlmod("draw", *arguments, cwd=folder)
    assert done.code == 2 and code in done.err and "Traceback" not in done.err
    assert done.out == b""
    assert snapshot(folder) == before


def test_edits_draw_what_they_would_do(folder: Path) -> None:
    insert = ["insert", "SimAM", "x.yaml", "--after", "1", "--draw", "a.svg"]
    done = yamlmod(*insert, cwd=folder)
    assert done.code == 0 and b"+++" in done.out
    assert "the figure is in a.svg" in done.err and "nothing else was written" in done.err
    assert (folder / "x.yaml").read_text(encoding="utf-8") == SMALL
    assert drawn((folder / "a.svg").read_bytes()).changed() == {(2, "SimAM", "added")}
    assert yamlmod(*insert, "-o", "y.yaml", cwd=folder).code == 0
    done = yamlmod("diff", "x.yaml", "y.yaml", "--draw", "b.svg", cwd=folder)
    assert done.code == 1 and (folder / "b.svg").exists()
    assert drawn((folder / "b.svg").read_bytes()).changed() == {(2, "SimAM", "added")}
    done = yamlmod("remove", "y.yaml", "2", "--draw", "c.json", cwd=folder)
    layers = json.loads((folder / "c.json").read_bytes())["layers"]
    assert [(e["index"], e["change"]) for e in layers if e["change"]] == [(2, "removed")]
    done = yamlmod("replace", "y.yaml", "SimAM", "ECA", "--draw", "d.svg", cwd=folder)
    assert drawn((folder / "d.svg").read_bytes()).changed() == {(2, "ECA", "replaced")}


def test_a_recipe_draws_all_of_its_edits(folder: Path) -> None:
    edits = "  - insert: SimAM\n    after: 1\n  - insert: ECA\n    after: 0\n"
    recipe = f"yamlmod: 1\ncfg: x.yaml\nedits:\n{edits}"
    (folder / "r.yaml").write_text(recipe, encoding="utf-8")
    done = yamlmod("apply", "r.yaml", "--draw", "a.svg", cwd=folder)
    assert done.code == 0, done.err
    changed = drawn((folder / "a.svg").read_bytes()).changed()
    assert changed == {(1, "ECA", "added"), (3, "SimAM", "added")}


def test_a_figure_is_no_target_of_the_edit(folder: Path) -> None:
    done = yamlmod(
        "insert", "SimAM", "x.yaml", "--after", "1", "-o", "a.svg", "--draw", "a.svg", cwd=folder
    )
    assert done.code == 2 and not (folder / "a.svg").exists()


def test_a_broken_reference_is_drawn_with_check(folder: Path) -> None:
    (folder / "x.yaml").write_text(SMALL.replace("[-1, 1,", "[99, 1,", 2), encoding="utf-8")
    assert yamlmod("draw", "x.yaml", cwd=folder).code == 2
    done = yamlmod("draw", "x.yaml", "--check", cwd=folder)
    assert done.code == 0 and b'data-severity="error"' in done.out


@pytest.mark.parametrize("suffix", ["pdf", "png"])
def test_print(folder: Path, suffix: str) -> None:
    try:
        import cairosvg  # noqa: F401
    except (ImportError, OSError):
        pytest.skip("the extra `figures`, or the system's cairo, is not installed")
    for _ in range(2):
        done = yamlmod("draw", "x.yaml", "-o", f"a.{suffix}", cwd=folder)
        assert (done.code, done.err) == (0, f"wrote a.{suffix}\n")
    data = (folder / f"a.{suffix}").read_bytes()
    assert data.startswith(b"%PDF" if suffix == "pdf" else b"\x89PNG")


def test_print_without_the_library(folder: Path) -> None:
    (folder / "hide").mkdir()
    (folder / "hide" / "cairosvg.py").write_text("raise ImportError\n", encoding="utf-8")
    done = yamlmod("draw", "x.yaml", "-o", "a.pdf", cwd=folder, PYTHONPATH=str(folder / "hide"))
    assert done.code == 2 and "[figures]" in done.err and not (folder / "a.pdf").exists()


def test_a_fork_gives_what_the_file_does_not_say(tmp_path: Path) -> None:
    """A module that the fork defines with a stride: without it the rows are not known."""
    fork = tmp_path / "fork"
    shutil.copytree(MINIFORK, fork)
    common = fork / "models" / "common.py"
    text = common.read_text(encoding="utf-8")
    common.write_text(text + _HALVING, encoding="utf-8")
    parser = fork / "models" / "yolo.py"
    code = parser.read_text(encoding="utf-8")
    code = code.replace("    Conv,\n", "    Conv,\n    Halving,\n", 1)
    parser.write_text(code.replace("{Conv,", "{Conv, Halving,", 1), encoding="utf-8")
    rows = "  - [-1, 1, Halving, [64]]\n" * 3 + "  - [-1, 1, C3, [64]]\n"
    (tmp_path / "x.yaml").write_text(
        f"nc: 1\ndepth_multiple: 1.0\nwidth_multiple: 1.0\nanchors: [[8, 12]]\nbackbone:\n{rows}"
        "head:\n  - [[3], 1, Detect, [nc, anchors]]\n",
        encoding="utf-8",
    )
    before = snapshot(tmp_path)
    plain = json.loads(yamlmod("draw", "x.yaml", "--json", cwd=tmp_path).out)
    done = yamlmod("draw", "x.yaml", "--json", "--repo", "fork", cwd=tmp_path)
    read = json.loads(done.out)
    assert snapshot(tmp_path) == before

    def labels(data: dict[str, Any]) -> list[str]:
        return [layer["label"][-1] for layer in data["layers"] if layer["module"] != "image"]

    assert labels(plain)[:3] == ["?", "?", "?"]
    # The base is read as well, with its own numbers.
    edited = (
        (tmp_path / "x.yaml")
        .read_text(encoding="utf-8")
        .replace("[64]]", "[64]]\n  - [-1, 1, C3, [64]]", 1)
    )
    (tmp_path / "y.yaml").write_text(edited.replace("[[3], 1", "[[4], 1"), encoding="utf-8")
    words = ["draw", "x.yaml", "--base", "y.yaml", "--json", "--repo", "fork"]
    layers = json.loads(yamlmod(*words, cwd=tmp_path).out)["layers"]
    assert [layer["label"][-1] for layer in layers if layer["is_ghost"]] == ["64 · P1"]
    assert labels(read)[:4] == ["64 · P1", "64 · P2", "64 · P3", "64 · P3"]


def test_a_name_with_a_scale_is_drawn_at_it(tmp_path: Path) -> None:
    scales = "scales:\n  n: [0.33, 0.25, 1024]\n  l: [1.0, 1.0, 512]\n"
    rows = "backbone:\n  - [-1, 1, Conv, [64, 3, 2]]\nhead:\n  - [[0], 1, Detect, [nc]]\n"
    (tmp_path / "yolo11.yaml").write_text(f"nc: 1\n{scales}{rows}", encoding="utf-8")
    for name, channels in (
        ("yolo11.yaml", b"16"),
        ("yolo11n.yaml", b"16"),
        ("yolo11l.yaml", b"64"),
    ):
        done = yamlmod("draw", name, cwd=tmp_path)
        assert done.code == 0 and b">" + channels + " · P1<".encode() in done.out
    insert = ["insert", "SimAM", "yolo11l.yaml", "--after", "0", "--draw", "a.svg"]
    assert yamlmod(*insert, cwd=tmp_path).code == 0
    assert ">64 · P1<" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_add_draws_the_yaml_it_plans(tmp_path: Path) -> None:
    shutil.copytree(MINIFORK, tmp_path / "fork")
    before = snapshot(tmp_path / "fork")
    words = ["add", "SimAM", "--repo", "fork", "--cfg", "models/mini.yaml", "--at", "24"]
    done = yamlmod(*words, "--draw", "a.svg", cwd=tmp_path)
    assert done.code == 0 and "the figure is in a.svg" in done.err
    assert snapshot(tmp_path / "fork") == before
    assert drawn((tmp_path / "a.svg").read_bytes()).changed() == {(24, "SimAM", "added")}
