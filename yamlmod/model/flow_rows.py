"""Plain rows of a YAML text, composed without the library's scanner; the library does the rest.

Nine of ten tokens of a model YAML stand in rows such as `[-1, 3, C3, [128]]`. Each such row is
replaced by a quoted scalar of its length, the library composes what is left, with every mark in its
place, and the rows are put back as nodes. Where anything is unusual, it composes the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from ruamel.yaml.error import StringMark
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Resolve: TypeAlias = Callable[[Any, Any, tuple[bool, bool]], Any]
"""The library's resolver: the tag of a node, by its kind, its text, and whether it is plain."""

_START = re.compile(r" *(?:- +)?(?=\[)")
_TABLE = re.compile(r" *\[ *(?=\[)")
_TOKEN = re.compile(
    r""" *(?:([\[\],])|(-?[A-Za-z0-9_.][A-Za-z0-9_.-]*)|('[A-Za-z0-9_. -]*'|"[A-Za-z0-9_. -]*"))"""
)
# Brackets and commas of the table, and a comment.
_REST = re.compile(r"[ ,\]]*\r?(?:#.*)?", re.DOTALL)
_QUOTED = 3
# A directive may change what a scalar is.
_UNUSUAL = ("%", "\ufeff")


class FlowRows:
    """The plain rows of a text, as nodes, by where they begin."""

    def __init__(self, text: str, resolve: Resolve):
        self.text = text
        self._resolve = resolve
        self._tag = resolve(SequenceNode, None, (True, False))
        self._nodes: dict[int, SequenceNode] = {}
        lines = [] if any(sign in text for sign in _UNUSUAL) else text.split("\n")
        offset = 0
        for number, line in enumerate(lines):
            start = _START.match(line)
            if start is not None:
                # The first row of a table may stand behind the table's own bracket.
                table = _TABLE.match(line)
                if not self._add(line, start.end(), number, offset) and table is not None:
                    self._add(line, table.end(), number, offset)
            offset += len(line) + 1

    def __len__(self) -> int:
        return len(self._nodes)

    @property
    def skeleton(self) -> str:
        """The text with a quoted scalar instead of each row."""
        return "".join(self._parts())

    def _parts(self) -> Iterator[str]:
        last = 0
        for start, node in self._nodes.items():
            end = node.end_mark.index
            yield self.text[last:start]
            yield '"' + "x" * (end - start - 2) + '"'
            last = end
        yield self.text[last:]

    def fill(self, root: Node | None) -> bool:
        """Put the rows back below a node; tell whether each was met once, as a scalar."""
        met = 0
        seen: set[int] = set()
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue  # an alias
            seen.add(id(node))
            if isinstance(node, MappingNode):
                for place, (key, value) in enumerate(node.value):
                    row = self._row_of(value)
                    if row is None:
                        waiting.append(value)
                    else:
                        node.value[place] = key, row
                        met += 1
            elif isinstance(node, SequenceNode):
                for place, child in enumerate(node.value):
                    row = self._row_of(child)
                    if row is None:
                        waiting.append(child)
                    else:
                        node.value[place] = row
                        met += 1
        return met == len(self._nodes)

    def _row_of(self, node: Node) -> SequenceNode | None:
        if isinstance(node, ScalarNode) and node.anchor is None:
            return self._nodes.get(node.start_mark.index)
        return None

    def _add(self, line: str, start: int, number: int, offset: int) -> bool:
        """Read the row that begins here; tell whether it is plain and alone on its line."""
        levels: list[SequenceNode] = []
        place, wants = start, True  # an item is wanted, not a comma
        while True:
            token = _TOKEN.match(line, place)
            if token is None:
                return False
            kind, place = token.lastindex or 0, token.end()
            sign = token[1]
            if sign == "," or sign == "]":
                if wants and (sign == "," or levels[-1].value):
                    return False  # two commas, or one in front of the bracket
                wants = sign == ","
                if wants:
                    continue
                node = levels.pop()
                node.end_mark = _mark(place, number, offset)
                if not levels:
                    break
                continue
            if not wants:
                return False
            first = _mark(token.start(kind), number, offset)
            item: SequenceNode | ScalarNode
            if sign:
                item = SequenceNode(self._tag, [], first, None, flow_style=True)
            else:
                item = self._scalar(token[kind], kind == _QUOTED, first)
                item.end_mark = _mark(place, number, offset)
                wants = False
            if levels:
                levels[-1].value.append(item)
            if isinstance(item, SequenceNode):
                levels.append(item)
        if _REST.fullmatch(line, place) is None:
            return False
        self._nodes[offset + start] = node
        return True

    def _scalar(self, word: str, quoted: bool, first: StringMark) -> ScalarNode:
        value = word[1:-1] if quoted else word
        tag = self._resolve(ScalarNode, value, (not quoted, quoted))
        return ScalarNode(tag, value, first, None, style=word[0] if quoted else None)


def _mark(place: int, number: int, offset: int) -> StringMark:
    return StringMark("<unicode string>", offset + place, number, place, None, None)
