"""The notebook in examples runs from top to bottom and leaves the clone as it is."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).resolve().parents[1] / "examples" / "edit_models.ipynb"


def test_every_cell_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(NOTEBOOK.parent)
    before = {path: path.stat().st_mtime_ns for path in NOTEBOOK.parent.rglob("*.yaml")}
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    printed = io.StringIO()
    namespace: dict[str, object] = {}
    with contextlib.redirect_stdout(printed):
        for cell in cells:
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), cell["id"], "exec"), namespace)
    text = printed.getvalue()
    assert "layer 27 Detect now reads 18 SimAM" in text
    assert "error[bad-args]" in text
    assert text.rstrip().endswith("the same bytes")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_it_is_stored_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert all(not cell.get("outputs") for cell in cells)
