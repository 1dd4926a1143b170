"""Add the imports that a module's code needs in common.py, with removable markers."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from yamlmod.edits import Edit
from yamlmod.errors import Refusal
from yamlmod.fork.patch.marked_blocks import Block
from yamlmod.fork.patch.plan import PatchChange, Step
from yamlmod.fork.patch.proof import statement_keys
from yamlmod.fork.python.bindings import (
    Binding,
    ImportNode,
    bindings,
    import_bindings,
    last_of_header,
    used_names,
)
from yamlmod.fork.python.source import Source
from yamlmod.registry.template import Template

MARK = "# yamlmod"
# The name was read before we bound it (a star import brought it): removal may ignore those readers.
MARK_USED = "# yamlmod (in use before)"


def add_imports(
    source: Source, templates: Sequence[Template], blocks: Iterable[Block]
) -> PatchChange:
    """Return the change that binds what the templates' code needs and common.py does not bind."""
    known = bindings(source.tree)
    needed = {
        line: name
        for template in templates
        for name, target, line in _needed(template)
        if not _bound(source, known, name, target, template)
    }
    if not needed:
        return PatchChange()
    used = used_names(_outside(source, list(blocks)))
    lines = {line: MARK_USED if name in used else MARK for line, name in needed.items()}
    at = last_of_header(source)
    newline = source.newline
    text = "".join(f"{line}  {mark}{newline}" for line, mark in lines.items())
    number = source.line_of(at)
    steps = tuple(
        Step("import", source.path, number, f"`{line}` added to {source.shown}") for line in lines
    )
    keys = tuple(key for line in lines for key in statement_keys(line))
    return PatchChange((Edit(at, at, text),), steps, keys)


def drop_imports(source: Source, blocks: Iterable[Block], gone: Iterable[Block]) -> PatchChange:
    """Return the change that takes out marked imports which nothing needs any more."""
    gone = list(gone)
    staying = [block for block in blocks if block not in gone]
    needed = used_names(node for block in staying for node in [ast.parse(block.code)])
    others = used_names(_outside(source, [*staying, *gone]))
    parts = []
    for node, mark in marked_imports(source):
        names = {name for name, _ in import_bindings(node)}
        if names & needed:
            continue
        line = source.segment(node)
        start = source.line_start(source.start(node))
        if names & others and mark == MARK:
            parts.append(
                PatchChange(
                    notes=(
                        f"{source.shown}:{node.lineno}: `{line}` stays, because "
                        "other code uses it now",
                    )
                )
            )
            continue
        step = Step("import", source.path, node.lineno, f"`{line}` removed from {source.shown}")
        edit = Edit(start, source.line_end(source.end(node)), "")
        parts.append(PatchChange((edit,), (step,), (), statement_keys(line)))
    return PatchChange.joined(parts)


def marked_imports(source: Source) -> list[tuple[ImportNode, str]]:
    """Return the top-level imports that bear one of our marks, with the mark."""
    found = []
    for node in source.tree.body:
        if isinstance(node, ImportNode):
            tail = source.tail(source.end(node)).strip()
            if tail in (MARK, MARK_USED):
                found.append((node, tail))
    return found


def _needed(template: Template) -> list[tuple[str, str, str]]:
    """Return (name, dotted target, import line) of everything the template imports."""
    needed = []
    for text in template.imports:
        node = ast.parse(text).body[0]
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            continue  # governs the template's own file; a fork's file has its own
        if isinstance(node, ImportNode):
            for alias in node.names:
                one: ImportNode = ast.Import([alias])
                if isinstance(node, ast.ImportFrom):
                    one = ast.ImportFrom(node.module, [alias], node.level)
                name, target = import_bindings(one)[0]
                needed.append((name, target, ast.unparse(one)))
    return needed


def _bound(
    source: Source, known: Sequence[Binding], name: str, target: str, template: Template
) -> bool:
    ours = [one for one in known if one.name == name]
    for our in ours:
        if our.target != target and our.sure:
            raise Refusal(
                "name-taken",
                f"{template.name} needs {name} to be {target}, but {source.shown} "
                f"binds {name} to something else",
                place=source.place(our.node),
                hint=f"rename {name} there",
            )
    return any(our.sure for our in ours)


def _outside(source: Source, blocks: Sequence[Block]) -> list[ast.stmt]:
    return [
        node
        for node in source.tree.body
        if not any(block.start <= source.start(node) < block.end for block in blocks)
    ]
