"""The notebook in examples runs from top to bottom and leaves the clone as it is."""

from __future__ import annotations

import ast
import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).resolve().parents[1] / "examples" / "edit_models.ipynb"


@pytest.mark.slow
def test_every_cell_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(NOTEBOOK.parent)
    before = {path: path.read_bytes() for path in _files()}
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    printed = io.StringIO()
    namespace: dict[str, Any] = {}
    tables = 0
    with contextlib.redirect_stdout(printed):
        for cell in cells:
            if cell["cell_type"] == "code":
                shown = _run("".join(cell["source"]), namespace)
                tables += hasattr(shown, "_repr_html_") and len(shown._repr_html_()) > 100
    text = printed.getvalue()
    assert "layer 27 Detect now reads 18 SimAM" in text
    assert "error[bad-args]" in text
    assert "the same bytes" in text
    assert tables == 8
    assert repr(namespace["verification"]) == "<Verification: 1 of 1 network passed>"
    # All tensors of a network of the same YAML follow their layers.
    carried, total = namespace["remapped"].answer["right"], namespace["remapped"].answer["tensors"]
    assert carried[0] == total > 100
    assert "6 gates" in text
    assert {path: path.read_bytes() for path in _files()} == before


def _run(source: str, namespace: dict[str, Any]) -> Any:
    """Run a cell and return the value that a notebook shows below it."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), namespace)
    return None if last is None else eval(ast.unparse(last), namespace)


def _files() -> list[Path]:
    return [path for path in NOTEBOOK.parent.rglob("*.*") if "__pycache__" not in path.parts]


def test_it_is_stored_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert all(not cell.get("outputs") for cell in cells)
