"""The rooms of the house: the arrows of docs/architecture.md, held by a test."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path, PurePath

import pytest

import yamlmod
from tests.house.trees import nodes, tree
from tools.house import file_imports

_ROOT = Path(yamlmod.__file__).parent
_GROUND = {"edits", "errors", "folders", "programs", "safe_text", "syntax_offsets", "yaml_words"}
_MAY: dict[str, set[str]] = {
    "cli": {
        "usecases",
        "study",
        "checks",
        "ops",
        "fork",
        "report",
        "workspace",
        "registry",
        "model",
        "runtime",
        "gates",
        "picture",
        *_GROUND,
    },
    "usecases": {
        "study",
        "checks",
        "ops",
        "fork",
        "workspace",
        "registry",
        "model",
        "runtime",
        "gates",
        "picture",
        "report",
        *_GROUND,
    },
    "study": {"ops", "workspace", "report", "model", *_GROUND},
    "ops": {"model", "registry", *_GROUND},
    "checks": {"model", "registry", *_GROUND},
    "picture": {"model", "registry", *_GROUND},
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
    "folders": set(),
    "syntax_offsets": set(),
    "yaml_words": set(),
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
    "cairosvg": {"usecases"},
    "matplotlib": {"study"},
    "distributed": {"study/engines", "study/dask_task.py"},
    "dask": {"study/engines"},
}


def _imports(path: Path) -> list[str]:
    found: list[str] = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
            if node.module == "yamlmod":
                found += [f"yamlmod.{alias.name}" for alias in node.names]
    return found


_FILES = sorted(_ROOT.rglob("*.py"))


def _against_the_arrows(inner: PurePath, name: str) -> bool:
    """Whether a file, by its path in the package, may not import what it imports."""
    room, parts = inner.parts[0].removesuffix(".py"), name.split(".")
    if parts[0] in _ONLY:
        folders = {inner.as_posix(), *(folder.as_posix() for folder in inner.parents)}
        return not (folders | {room}) & _ONLY[parts[0]]
    if parts[0] != "yamlmod" or len(parts) == 1:
        return False
    other = parts[1]
    if other == "cli" and room not in ("cli", "__main__"):
        return True
    return room in _MAY and other in _MAY and other != room and other not in _MAY[room]


def test_imports_follow_the_arrows() -> None:
    imports = ((path.relative_to(_ROOT), name) for path in _FILES for name in _imports(path))
    assert [f"{inner} imports {name}" for inner, name in imports
            if _against_the_arrows(inner, name)] == []  # fmt: skip


@pytest.mark.parametrize(
    ("file", "name", "wrong"),
    [
        ("ops/chain.py", "yamlmod.cli", True),
        ("model/parse.py", "yamlmod.fork.patch.install", True),
        ("edits.py", "yamlmod.errors", True),
        ("ops/chain.py", "libcst", True),
        ("study/engines/pool.py", "distributed.client", False),
        ("study/run.py", "distributed", True),
        ("ops/chain.py", "yamlmod.ops.proof", False),
        ("ops/chain.py", "yamlmod.model.parse", False),
        ("ops/chain.py", "json", False),
        ("__main__.py", "yamlmod.cli.app", False),
    ],
)
def test_an_import_against_the_arrows_is_seen(file: str, name: str, wrong: bool) -> None:
    assert _against_the_arrows(PurePath(file), name) is wrong


def test_files_are_small_and_say_what_they_are() -> None:
    lengths, silent = {}, []
    for path in _FILES:
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(_ROOT).as_posix()
        lengths[name] = len(text.splitlines())
        if text.strip() and not ast.get_docstring(tree(path)):
            silent.append(name)
    assert {name: lines for name, lines in lengths.items() if lines > 330} == {}
    assert silent == []


def test_the_worker_stands_alone() -> None:
    """It runs in the fork's interpreter, which has no yamlmod and may be Python 3.8."""
    for path in (_ROOT / "runtime" / "yamlmod_worker").rglob("*.py"):
        old = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
        for node in ast.walk(old):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in names:
                top = name.partition(".")[0]
                assert top == "torch" or top in sys.stdlib_module_names, (path, name)


def test_the_proof_is_a_route_of_its_own() -> None:
    """Steps are replayed by code that shares nothing with the planning of edits but these."""
    imports = file_imports(typing_too=True)
    replays = [
        name for name in imports if re.fullmatch(r"yamlmod\.ops\.operations\..*replay", name)
    ]
    assert len(replays) >= 4
    waiting, reached = ["yamlmod.ops.labels", *replays], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += imports[name]
    ground = {"yamlmod.edits", "yamlmod.errors", "yamlmod.safe_text", "yamlmod"}
    assert reached - ground == {"yamlmod.ops.labels", *replays}


def test_steps_are_replayed_by_these_files_alone() -> None:
    for path in (_ROOT / "ops").rglob("*.py"):
        names = {node.name for node in nodes(path) if hasattr(node, "name")}
        assert "replay" not in names or path.name in ("replay.py", "labels.py"), path


def test_operations_are_found_and_not_listed() -> None:
    imports = file_imports(typing_too=True)
    for name in ("chain", "labels", "operation", "outcome", "proof", "recipe", "recipe_text"):
        operations = "yamlmod.ops.operations."
        assert not [n for n in imports[f"yamlmod.ops.{name}"] if n.startswith(operations)]


def test_every_worker_answers_in_the_types_that_are_checked() -> None:
    worker = _ROOT / "runtime" / "yamlmod_worker"
    old = ast.parse((worker / "answers.py").read_text(encoding="utf-8"), feature_version=(3, 8))
    types = {node.name for node in old.body if isinstance(node, ast.ClassDef)}
    files = sorted(worker.glob("*/answer.py"))
    assert len(files) == 5
    for path in files:
        body = tree(path).body
        (answer,) = (n for n in body if isinstance(n, ast.FunctionDef) and n.name == "answer")
        assert isinstance(answer.returns, ast.Name) and answer.returns.id in types, path
