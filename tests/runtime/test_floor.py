"""The worker's files are what Python 3.8 and torch 1.8 can run, as far as reading them tells."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import yamlmod

_FILES = sorted((Path(yamlmod.__file__).parent / "runtime" / "yamlmod_worker").rglob("*.py"))
# Methods and functions of the standard library and of torch that came later, and how it says so.
_LATER = (
    r"\.remove(prefix|suffix)\(|\.bit_count\(|zip\([^)]*strict=|functools import cache\b"
    r"|from typing import .*\b(Self|ParamSpec|TypeAlias|override)\b|slots=True|kw_only=True"
    r"|torch\.(inference_mode|set_default_device|compile|asarray|device\(.meta.\):)"
    r"|itertools\.(pairwise|batched)|\banext\(|\baiter\("
)
# With a guard beside it, so that torch before 1.10 takes another way.
_GUARDED = 'hasattr(torch, "frombuffer")'


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_a_file_of_the_worker(path: Path) -> None:
    text = path.read_text(encoding="ascii")
    tree = ast.parse(text, feature_version=(3, 8))
    assert not re.search(_LATER, text), re.search(_LATER, text)
    assert "torch.frombuffer" not in text or _GUARDED in text
    assert not any(isinstance(node, (ast.Match, ast.NamedExpr)) for node in ast.walk(tree))
    future = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    if len(tree.body) > 1:  # `X | Y` in an annotation is not evaluated then
        assert future[0].module == "__future__"
    # Run time types outside annotations: `Dict[str, int]`, not `dict[str, int]`.
    bare = [
        node.value.id
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for node in ast.walk(statement.value)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)
    ]
    assert not {"dict", "list", "tuple", "set", "type"} & set(bare)
