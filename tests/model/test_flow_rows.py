"""Rows that are composed without the library's scanner are the nodes that it would make."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from yamlmod.model import parse

_TABLE = "backbone:\n  [[-1, 1, Conv, [64, 6, 2]],  # 0\n   [[-1, 0], 1, Concat, [1]],\n  ]\n"
_BLOCK = (
    "head:\n  - [-1, 1, nn.Upsample, [None, 2, 'nearest']] # up\n  - [[1, 2], 1, Detect, [nc]]\n"
)
_TEXTS = (
    _TABLE,
    _BLOCK,
    _TABLE + _BLOCK,
    (_TABLE + _BLOCK).replace("\n", "\r\n"),
    'a: "one\n  [1, 2]\n  two"\n',
    "a: 'one\n  [1, 2]\n  two'\n",
    "a: |\n  [1, 2]\nb:\n  - [3]\n",
    "a: one\n  [1, 2]\n",
    "a: [[1, 2],\n  []\n  ]\n",
    'a: ["x,\n  [],\n  y"]\n',
    "- &x [1]\n- *x\n",
    "a: &x\n  - [1]\nb: *x\n",
    "%YAML 1.1\n---\n- [yes, 010, 1:30]\n",
    "- [yes, no, ~, null, 010, 0x1F, 1e3, .5, -.inf, 1_000, -a, '', \"a b\", true]\n",
    "- [1, ]\n- [, 1]\n- [1 2]\n",
    "- [1,\n   2]\n- [3]\n",
    "- [1]: x\n",
    "[1]: x\n",
    "- [1]\n  [2]\n",
    "[[1]\n [2]]\n",
    "[1, 2]",
    "- [a: 1]\n- [{b: 2}]\n- [!t c]\n",
    "- [1] [2]\n",
    "- [1]]\n",
    "- [1]#x\n- [2] # \u00e9\n",
    "\ufeff- [1]\n",
    "",
)


@pytest.mark.parametrize("text", _TEXTS)
def test_a_text_is_composed_as_by_the_library(text: str) -> None:
    assert _answer(parse._composed, text) == _answer(lambda t: parse._yaml().compose(t), text)


_SIGNS = ("&x ", "*x", "!t ", "? ", "...")
_pieces = st.sampled_from(
    (*"[],:a1'\"#|-{}\\ \n", "[-1, 1, C3, [64]]", "[]", "\n  ", "\n- ", "a: ", "\r\n", *_SIGNS)
)


@given(st.lists(_pieces, max_size=14).map("".join))
def test_any_text_is_composed_as_by_the_library(text: str) -> None:
    assert _answer(parse._composed, text) == _answer(lambda t: parse._yaml().compose(t), text)


def test_rows_of_a_model_are_composed_without_the_scanner() -> None:
    yaml = parse._yaml()
    rows = parse.FlowRows(_TABLE + _BLOCK, yaml.resolver.resolve)
    assert len(rows) == 4
    assert rows.fill(yaml.compose(rows.skeleton))


def _answer(compose: Any, text: str) -> Any:
    try:
        return _data(compose(text), set())
    except Exception as error:
        return type(error).__name__, str(error)


def _data(node: Node | None, seen: set[int]) -> Any:
    """Return all that a node says, as plain data."""
    if node is None or id(node) in seen:
        return None
    seen = seen | {id(node)}
    value: Any = node.value
    if isinstance(node, SequenceNode):
        value = [_data(child, seen) for child in value]
    elif isinstance(node, MappingNode):
        value = [(_data(a, seen), _data(b, seen)) for a, b in value]
    style = node.style if isinstance(node, ScalarNode) else node.flow_style
    marks = [(m.name, m.index, m.line, m.column) for m in (node.start_mark, node.end_mark)]
    return type(node).__name__, str(node.ctag), value, marks, style, node.anchor, node.comment
