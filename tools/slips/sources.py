"""The right files that cases are made from: official graphs, and published files without a slip."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from tools.slips.program import Program, program_of
from yamlmod.errors import Refusal
from yamlmod.model.document import Document, parse_document
from yamlmod.model.graph import resolve
from yamlmod.registry.official import OfficialGraph, official_graphs

# A class that returns a list, and heads that read by themselves: no row follows them plainly.
_APART = frozenset({"CBLinear", "TorchVision"})


@cache
def programs() -> tuple[Program, ...]:
    """Return the official networks with a head that names its inputs."""
    made = (_official(graph) for graph in official_graphs() if len(graph.rows) > 12)
    return tuple(program for program in made if _plain(program))


def _official(graph: OfficialGraph) -> Program:
    rows = [
        (
            "backbone" if i < graph.backbone else "head",
            row.module,
            list(row.source) if isinstance(row.source, list) else [row.source],
            isinstance(row.source, list),
            row.repeats,
            row.args,
        )
        for i, row in enumerate(graph.rows)
    ]
    return program_of(graph.name, rows)


def _plain(program: Program) -> bool:
    return all(layer.reads and layer.module not in _APART for layer in program.layers)


def published(corpus: Path) -> list[Program]:
    """Return the files of a corpus that no list of mistakes names."""
    listed: set[str] = set()
    for name in ("stale.json", "dead.json", "malformed.json"):
        if (corpus / name).exists():
            listed |= {item["file"] for item in json.loads((corpus / name).read_text("utf-8"))}
    found = []
    for path in sorted((corpus / "models").rglob("*.y*ml")):
        if path.relative_to(corpus).as_posix() not in listed:
            program = _published(path)
            if program is not None:
                found.append(program)
    return found


def _published(path: Path) -> Program | None:
    try:
        document = parse_document(
            path.read_bytes().decode("utf-8").removeprefix("\ufeff"), path.name
        )
    except (Refusal, UnicodeDecodeError):
        return None
    if resolve(document)[1] or len(document.rows) < 12 or not _is_plain_text(document):
        return None
    rows = [
        (
            row.section,
            row.module,
            [ref.value for ref in row.refs],
            row.listed,
            row.repeats,
            row.args,
        )
        for row in document.rows
    ]
    if any(not row.refs for row in document.rows):
        return None
    program = program_of(path.name, rows)
    return program if _plain(program) else None


def _is_plain_text(document: Document) -> bool:
    return all(isinstance(row.repeats, int) for row in document.rows)
