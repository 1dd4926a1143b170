"""Every promise of the threat model names a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
_CHINESE = (_ROOT / "docs" / "safety.zh-CN.md").read_text(encoding="utf-8")


def _rows(page: str, head: str) -> list[str]:
    rows = (line for line in page.splitlines() if line.startswith("| ") and line.count("|") == 3)
    return [row for row in rows if head not in row]


_PROMISES = _rows(_PAGE, "held by")


def _names(row: str) -> list[str]:
    return re.findall(r"`((?:tests|tools/site)/[\w/]+\.py(?:::\w+)?)`", row)


@pytest.mark.parametrize("row", _PROMISES, ids=range(len(_PROMISES)))
def test_a_promise_names_its_tests(row: str) -> None:
    names = _names(row)
    assert names or "(a limit, not a promise)" in row
    for name in names:
        path, _, function = name.partition("::")
        tree = ast.parse((_ROOT / path).read_text(encoding="utf-8"))
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert function in functions if function else functions, name


def test_the_chinese_page_names_the_same_tests() -> None:
    chinese = _rows(_CHINESE, "由什么保证")
    assert [_names(row) for row in chinese] == [_names(row) for row in _PROMISES]


def test_the_model_covers_all_that_a_stranger_may_send() -> None:
    titles = ["A clone", "A model YAML", "A checkpoint", "A recipe", "A template pack", "A fork"]
    titles += ["A text in the playground"]
    assert all(f"\n### {title}" in _PAGE for title in titles)
    assert len(_PROMISES) > 30
