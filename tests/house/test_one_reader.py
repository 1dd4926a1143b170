"""Files are read in one place: `disk.read_regular`, which refuses what a repository may plant."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import yamlmod
from tests.house.trees import nodes

_ROOT = Path(yamlmod.__file__).parent
_READERS = {"read_text", "read_bytes", "open", "fdopen", "FileIO", "open_code", "mmap", "memmap"}
_WALKS = {"walk", "fwalk", "listdir", "iterdir", "rglob", "glob", "iglob", "scandir"}
_LOADERS = {"run_path", "load_source", "spec_from_file_location", "get_data", "linecache"}
# Each with why it may.
_MAY_READ = {
    "workspace/disk.py": "the one reader, and every call that writes",
    "workspace/key.py": "asks the open key file whose it is; it lies in no repository",
    "workspace/lock.py": "opens the lock file to ask the system who holds it",
    "fork/read/torch_rules/torch_names.py": "loads the table that yamlmod itself brings",
    "study/freeze.py": "hashes weights of any size, which the study itself has written",
    "runtime/worker_package.py": "asks for the names that an installed distribution lists",
    "cli/console.py": "opens the system's null device for writing",
}
_MAY_WALK = {
    "workspace/disk.py": "the names in the journal's folder",
    "workspace/walk.py": "the one walk",
    "usecases/remap.py": "Tree.glob, which is workspace/matching.py",
    "workspace/overlay_tree.py": "Tree.glob, which is workspace/matching.py",
    "usecases/study_seeds.py": "Tree.glob, which is workspace/matching.py",
    "workspace/undo.py": "folders one below that hold a journal",
    "cli/groups.py": "the commands' own files",
    "registry/catalogue.py": "the built-in templates",
}


def _calls(path: Path) -> set[str]:
    """Return what a file calls that may open one; our own functions have names of their own."""
    names = set()
    for node in nodes(path):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names |= {node.func.id} - {"read_text", "read_bytes"}  # those of workspace/files.py
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            names.add(node.func.attr)
        elif isinstance(node, ast.ImportFrom) and node.module in ("io", "os", "mmap", "linecache"):
            names |= {alias.name for alias in node.names if alias.name in _READERS | _WALKS}
    return names


_APART = ("yamlmod_worker", "yamlmod_guard", "yamlmod_overlay")
_PROGRAMS = tuple((_ROOT / "study" / "guard").glob("*.py"))
_FILES = [
    path
    for path in sorted(_ROOT.rglob("*.py"))
    if not set(_APART) & set(path.parts) and path not in _PROGRAMS
]


def test_nothing_else_opens_a_file() -> None:
    """Worker and guards are programs of their own, which read weights and what the kernel says."""
    calls = {path.relative_to(_ROOT).as_posix(): _calls(path) for path in _FILES}
    reads = {name: found & (_READERS | _LOADERS) for name, found in calls.items()}
    assert {name for name, found in reads.items() if found} - _MAY_READ.keys() == set()
    walks = {name for name, found in calls.items() if found & _WALKS - {"walk"}}
    # The fork room calls glob of its protocol, which the workspace carries out.
    assert {name for name in walks if not name.startswith("fork/")} - _MAY_WALK.keys() == set()


def test_the_exceptions_are_needed() -> None:
    for may, words in ((_MAY_READ, _READERS | _LOADERS), (_MAY_WALK, _WALKS)):
        for name in may:
            assert _calls(_ROOT / name) & words, name


@pytest.mark.parametrize(
    "code",
    [
        "Path(x).read_text()",
        "open(x)",
        "x.open('rb')",
        "os.open(x, 0)",
        "io.open(x)",
        "from io import open as o",
        "os.fdopen(3)",
        "io.FileIO(x)",
        "runpy.run_path(x)",
    ],
)
def test_the_rule_sees_every_form(code: str, tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(code, encoding="utf-8")
    assert _calls(path) & (_READERS | _LOADERS)
