"""Find which model YAMLs of a fork use which modules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from yamlmod.errors import Refusal
from yamlmod.model.document import Document, parse_document
from yamlmod.workspace.search import model_yamls
from yamlmod.workspace.tree import Tree


@dataclass(frozen=True)
class Use:
    """A module named in the rows of one YAML: how often, and in which line first."""

    path: str
    module: str
    count: int
    line: int


def uses(tree: Tree, names: Iterable[str] | None = None) -> list[Use]:
    """Return where modules are used; ``names`` are those of interest, else all."""
    wanted = None if names is None else set(names)
    if wanted is not None and not wanted:
        return []
    words = None if wanted is None else re.compile(rf"\b(?:{'|'.join(map(re.escape, wanted))})\b")
    found: list[Use] = []
    for path, text in model_yamls(tree):
        if words is None or words.search(text):
            document = _document(text, tree.shown(path))
            found += _uses(path, document, wanted) if document else []
    return found


def _uses(path: str, document: Document, wanted: set[str] | None) -> list[Use]:
    lines: dict[str, list[int]] = {}
    for row in document.rows:
        if wanted is None or row.module in wanted:
            line = document.text.count("\n", 0, row.start) + 1
            lines.setdefault(row.module, []).append(line)
    return [Use(path, name, len(at), at[0]) for name, at in lines.items()]


def _document(text: str, shown: str) -> Document | None:
    try:
        return parse_document(text, shown)
    except Refusal:
        return None  # some other YAML that has such keys
