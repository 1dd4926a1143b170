"""The rooms of the house: the arrows of docs/architecture.md, held by a test."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import yamlmod

_ROOT = Path(yamlmod.__file__).parent
_GROUND = {"edits", "errors", "programs", "safe_text"}
_MAY: dict[str, set[str]] = {
    "cli": {
        "usecases",
        "checks",
        "ops",
        "fork",
        "report",
        "workspace",
        "registry",
        "model",
        "runtime",
        "gates",
        *_GROUND,
    },
    "usecases": {
        "checks",
        "ops",
        "fork",
        "workspace",
        "registry",
        "model",
        "runtime",
        "gates",
        "report",
        *_GROUND,
    },
    "ops": {"model", "registry", *_GROUND},
    "checks": {"model", "registry", *_GROUND},
    "fork": {"model", "registry", *_GROUND},
    "model": _GROUND,
    "report": _GROUND,
    "registry": {"workspace", *_GROUND},
    "workspace": _GROUND,
    "gates": _GROUND,
    "runtime": _GROUND,
    "api": {"usecases", "checks", "model", "ops", "workspace", "report", *_GROUND},
    "errors": {"edits", "safe_text"},
    "edits": set(),
    "programs": set(),
    "safe_text": set(),
}
_ONLY = {
    "libcst": {"fork"},
    "ruamel": {"model"},
    "rich": {"report"},
    "typer": {"cli"},
    "torch": {"runtime/yamlmod_worker"},
    "einops": set(),
    "onnx": {"gates"},
    "google": {"gates"},
}


def _imports(path: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
            if node.module == "yamlmod":
                found += [f"yamlmod.{alias.name}" for alias in node.names]
    return found


_FILES = sorted(_ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", _FILES, ids=[p.relative_to(_ROOT).as_posix() for p in _FILES])
def test_imports_follow_the_arrows(path: Path) -> None:
    room = path.relative_to(_ROOT).parts[0].removesuffix(".py")
    for name in _imports(path):
        parts = name.split(".")
        if parts[0] in _ONLY:
            folders = {folder.as_posix() for folder in path.relative_to(_ROOT).parents}
            assert (folders | {room}) & _ONLY[parts[0]], f"{room} imports {name}"
        if parts[0] != "yamlmod" or len(parts) == 1:
            continue
        other = parts[1]
        if room in _MAY and other in _MAY:
            assert other == room or other in _MAY[room], f"{room} imports {other}"
        assert other != "cli" or room in ("cli", "__main__"), f"{room} imports the cli"


@pytest.mark.parametrize("path", _FILES, ids=[p.relative_to(_ROOT).as_posix() for p in _FILES])
def test_files_are_small_and_say_what_they_are(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 330
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "no module docstring"


def test_the_worker_stands_alone() -> None:
    """It runs in the fork's interpreter, which has no yamlmod and may be Python 3.8."""
    for path in (_ROOT / "runtime" / "yamlmod_worker").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in names:
                top = name.partition(".")[0]
                assert top == "torch" or top in sys.stdlib_module_names, (path, name)
