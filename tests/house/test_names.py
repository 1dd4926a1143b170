"""One class name means one thing in the whole package."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from tests.house.trees import tree

_PACKAGE = Path(__file__).parents[2] / "yamlmod"


def test_class_names_are_unique() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in _PACKAGE.rglob("*.py"):
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(path.relative_to(_PACKAGE).as_posix())
    doubled = {name: files for name, files in homes.items() if len(files) > 1}
    assert not doubled
