"""`draw` and `--draw` as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod
from tests.ops.samples import SMALL
from tests.picture.reading import drawn

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
    assert after["out.json"] == yamlmod("draw", "x.yaml", "--json", cwd=folder).out


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
