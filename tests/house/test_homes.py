"""What many files need has one home: reserved words, folders to pass over, offsets of trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import yamlmod
from tests.house.trees import nodes

_ROOT = Path(yamlmod.__file__).parent


def _files() -> Iterator[tuple[str, list[ast.AST]]]:
    for path in sorted(_ROOT.rglob("*.py")):
        name = path.relative_to(_ROOT).as_posix()
        if not name.startswith("runtime/yamlmod_"):  # programs of their own
            yield name, nodes(path)


def _lists(found: list[ast.AST], words: set[str]) -> bool:
    """Return whether a literal, or a text split into words or a pattern, holds all the words."""
    for node in found:
        if isinstance(node, (ast.Set, ast.Tuple, ast.List)):
            held = {item.value for item in node.elts if isinstance(item, ast.Constant)}
            if words <= held:
                return True
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if not all(word in node.value for word in words):
                continue
            pieces = set(node.value.replace("|", " ").replace("(?:", " ").replace(")", " ").split())
            if words <= pieces:
                return True
    return False


@pytest.mark.parametrize(
    ("home", "words"),
    [
        ("yaml_words.py", {"yes", "on"}),
        ("yaml_words.py", {"no", "off"}),
        ("folders.py", {"node_modules", "site-packages"}),
        ("folders.py", {"build", "dist"}),
    ],
)
def test_a_list_of_words_has_one_home(home: str, words: set[str]) -> None:
    assert [name for name, found in _files() if _lists(found, words)] == [home]


def test_bytes_of_columns_become_characters_in_one_place() -> None:
    """A syntax tree counts columns in bytes; whoever cuts a text by them asks SyntaxOffsets."""
    homes = [
        name
        for name, found in _files()
        for node in found
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Slice)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr == "encode"
    ]
    assert homes == ["syntax_offsets.py", "workspace/lock.py"]  # the lock cuts what it writes
