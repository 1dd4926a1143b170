"""The parse functions beside the one that is meant: what was registered there, too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.parser.candidates import python_paths
from yamlmod.fork.parser.locate import ForkFacts, locate
from yamlmod.fork.parser.parse_model import read_functions
from yamlmod.fork.python.answers import class_in
from yamlmod.fork.python.source import Source, read_source


class Sibling(NamedTuple):
    """The fork as another parse function sees it, and the lines where that reads our classes."""

    fork: ForkFacts
    lines: Mapping[str, int]


def siblings(files: Files, fork: ForkFacts, homes: Mapping[str, str]) -> list[Sibling]:
    """Return the other parse functions that read one of the classes; ``homes`` are their files.

    A class of the same name that comes from another file is none of ours.
    """
    found = []
    for target in _targets(files, fork, homes):
        try:
            other = locate(files, target, fork.dialect.name)
        except Refusal:
            continue
        lines = {
            name: line
            for name, line in names_read(files, other).items()
            if name in homes and _home(other, name) == homes[name]
        }
        if lines:
            found.append(Sibling(other, lines))
    return found


def names_read(files: Files, fork: ForkFacts) -> Mapping[str, int]:
    """Return the names that the parse function reads, each with its first line."""
    source = read_source(files, fork.yolo)
    found: dict[str, int] = {}
    for node in ast.walk(source.tree) if source else ():
        if isinstance(node, ast.FunctionDef) and node.name == fork.function.name:
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
                    found[part.id] = min(part.lineno, found.get(part.id, part.lineno))
    return found


def _targets(files: Files, fork: ForkFacts, names: Iterable[str]) -> Iterator[str]:
    for path, source in _naming(files, names):
        try:
            functions = () if source is None else read_functions(source)
        except Refusal:
            continue  # yamlmod has put nothing into a function that it cannot read
        for name in dict.fromkeys(function.node.name for function in functions):
            if (path, name) != (fork.yolo, fork.function.name):
                yield f"{path}:{name}"


def unread(files: Files, names: Iterable[str]) -> list[str]:
    """Return the files that mention one of the names and cannot be read as Python."""
    return [path for path, source in _naming(files, names) if source is None]


def _naming(files: Files, names: Iterable[str]) -> Iterator[tuple[str, Source | None]]:
    """Yield the Python files that mention one of the names, None for what is no Python."""
    words = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")
    for path in python_paths(files):
        try:
            text = files.read(path) or ""
        except Refusal:
            continue
        if words.search(text):
            try:
                yield path, read_source(files, path)
            except Refusal:
                yield path, None


def _home(fork: ForkFacts, name: str) -> str:
    """Return the file of the class that a name means in the file of the parse function."""
    found = class_in(fork.graph.denotes(fork.yolo, name))
    return found.path if found is not None else ""
