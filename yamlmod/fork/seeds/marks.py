"""Lines that make a seed count, marked by a comment at their end: find them, take them out."""

from __future__ import annotations

import ast

MARK = "# yamlmod: seed"


def marked_lines(text: str) -> list[int]:
    """Return the numbers of the lines that end with the mark."""
    if MARK not in text:
        return []
    lines = enumerate(text.split("\n"), 1)
    return [number for number, line in lines if line.rstrip().endswith(f"  {MARK}")]


def without_marks(text: str, tree: ast.Module) -> str | None:
    """Return a text without its marked lines; None where one is not a statement of its own."""
    numbers = set(marked_lines(text))
    starts = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            inner = set(range(node.lineno, (node.end_lineno or node.lineno) + 1)) & numbers
            if inner and isinstance(node, (ast.Expr, ast.Assign)):
                if inner != {node.lineno} or node.end_lineno != node.lineno:
                    return None
                starts.add(node.lineno)
    if starts != numbers:
        return None
    lines = text.split("\n")
    last = len(lines) in numbers  # the file ended without a newline before, too
    kept = "\n".join(line for number, line in enumerate(lines, 1) if number not in numbers)
    return kept.removesuffix("\r") if last else kept
