"""Make a class available in the file of parse_model, by the same imports as Conv."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yamlmod.edits import Edit
from yamlmod.errors import Refusal
from yamlmod.fork.parser.locate import ForkFacts
from yamlmod.fork.patch.code_imports import MARK, marked_imports
from yamlmod.fork.patch.exports import add_exports, drop_exports, read_exports
from yamlmod.fork.patch.plan import PatchChange, Step
from yamlmod.fork.patch.proof import imported
from yamlmod.fork.python.bindings import (
    behind,
    from_imports,
    is_star,
    last_of_header,
    written,
)
from yamlmod.fork.python.comma_list import import_listing
from yamlmod.fork.python.modules import Modules
from yamlmod.fork.python.source import Source

Changes = list[tuple[Source, PatchChange]]


@dataclass(frozen=True, eq=False)
class Hop:
    """Names go from the file ``lower`` to the file ``upper``, by these imports of it."""

    upper: Source
    lower: Source
    imports: tuple[ast.ImportFrom, ...]

    @property
    def star(self) -> bool:
        """Check whether every name of the lower file arrives."""
        exports, closed = read_exports(self.lower)
        open_way = not closed or exports is not None
        return open_way and any(is_star(node) for node in self.imports)


def read_route(fork: ForkFacts, home: Source, parse: Source) -> tuple[Hop, ...]:
    """Return the hops from the file of the classes to the file of parse_model.

    Mostly one. Two where a package's ``__init__`` or a sibling that imports everything stands
    between; none where both are one file.
    """
    if home.path == parse.path:
        return ()
    direct = _hop(fork.modules, parse, home)
    between = _package_between(fork, home, parse)
    if between and not direct.star and not _brings_conv(direct.imports):
        return between
    if direct.imports:
        return (direct,)
    return _star_between(fork, home, parse) or (direct,)


def add_names(fork: ForkFacts, hops: Sequence[Hop], names: Sequence[str]) -> Changes:
    """Return the changes that make the names arrive in the file of parse_model."""
    changes: Changes = []
    for hop in hops if names else ():
        if hop.star:
            changes.append((hop.lower, add_exports(hop.lower, names, always=True)))
            if len(hops) > 1 and hop is hops[-1]:
                note = f"{', '.join(names)}: {hop.upper.shown} gets the name through "
                note += f"{hop.lower.shown}, which imports everything from common"
                changes.append((hop.upper, PatchChange(notes=(note,))))
            continue
        changes.append((hop.lower, add_exports(hop.lower, names, always=False)))
        explicit = _explicit(hop)
        if explicit:
            changes.append((hop.upper, _join_imports(hop.upper, explicit, names)))
        else:
            changes.append((hop.upper, _add_line(fork, hop, names)))
    return changes


def drop_names(hops: Sequence[Hop], names: Iterable[str]) -> Changes:
    """Return the changes that take the names out of imports and ``__all__`` on the way."""
    gone = set(names)
    changes: Changes = []
    for hop in hops:
        changes.append((hop.lower, drop_exports(hop.lower, gone)))
        changes += [(hop.upper, leave_import(hop.upper, node, gone)) for node in hop.imports]
    return changes


def leave_import(source: Source, node: ast.ImportFrom, gone: set[str]) -> PatchChange:
    """Return the change that takes names out of an import; one left empty goes as a whole."""
    plain = [alias.name for alias in node.names if alias.asname is None and alias.name in gone]
    if not plain:
        return PatchChange()
    steps = tuple(
        Step(
            "import",
            source.path,
            node.lineno,
            f"{name} removed from the imports of {source.shown}",
        )
        for name in plain
    )
    edits = import_listing(source, node).remove(plain)
    if len(plain) == len(node.names):
        start = source.line_start(source.start(node))
        edits = [Edit(start, source.line_end(source.end(node)), "")]
    return PatchChange(
        tuple(edits), steps, (), tuple(imported(written(node), name) for name in plain)
    )


def add_import(fork: ForkFacts, parse: Source, wanted: Sequence[tuple[str, str]]) -> PatchChange:
    """Return the change that adds a marked line for each (module, name) behind the fork's own."""
    if not wanted:
        return PatchChange()
    at = last_of_header(parse)
    for index, node in enumerate(parse.tree.body):
        if isinstance(node, ast.ImportFrom) and written(node).startswith(fork.package_prefix):
            at = max(at, behind(parse, index))
    parts = [_line(parse, at, module, [name]) for module, name in wanted]
    text = "".join(edit.text for part in parts for edit in part.edits)
    joined = PatchChange.joined(parts)
    return PatchChange((Edit(at, at, text),), joined.steps, joined.adds)


def _hop(modules: Modules, upper: Source, lower: Source) -> Hop:
    found = (
        node for node in from_imports(upper) if modules.file_of(upper.path, node) == lower.path
    )
    return Hop(upper, lower, tuple(found))


def _brings_conv(nodes: Iterable[ast.ImportFrom]) -> bool:
    return any(alias.name == "Conv" for node in nodes for alias in node.names)


def _package_between(fork: ForkFacts, home: Source, parse: Source) -> tuple[Hop, ...]:
    """Return the hops through a package's ``__init__`` that hands on Conv, where there is one."""
    for node in from_imports(parse):
        path = fork.modules.file_of(parse.path, node)
        if not path.endswith("__init__.py") or path == home.path:
            continue
        middle = fork.modules.source(path)
        hop = None if middle is None else _hop(fork.modules, middle, home)
        if hop is not None and hop.imports and (_brings_conv([node]) or is_star(node)):
            return hop, _hop(fork.modules, parse, hop.upper)
    return ()


def _star_between(fork: ForkFacts, home: Source, parse: Source) -> tuple[Hop, ...]:
    """Return the hops through a sibling that imports all of the home and is imported so."""
    for node in from_imports(parse):
        path = fork.modules.file_of(parse.path, node) if is_star(node) else ""
        other = fork.modules.source(path) if path else None
        if other is None or read_exports(other)[1]:
            continue
        hop = _hop(fork.modules, other, home)
        if hop.star:
            return hop, _hop(fork.modules, parse, other)
    return ()


def _explicit(hop: Hop) -> list[ast.ImportFrom]:
    """Return the imports to add a name to: our own, else the one with Conv, else alternatives."""
    nodes = [node for node in hop.imports if not is_star(node)]
    marked = {id(node) for node, _ in marked_imports(hop.upper)}
    body = hop.upper.tree.body
    for wanted in (
        [node for node in nodes if id(node) in marked],
        [node for node in nodes if node in body and _brings_conv([node])],
        [node for node in nodes if node in body],
    ):
        if wanted:
            return wanted[:1]
    return nodes


def _join_imports(
    source: Source, nodes: Iterable[ast.ImportFrom], names: Sequence[str]
) -> PatchChange:
    parts = []
    for node in nodes:
        listing = import_listing(source, node)
        new = [name for name in names if name not in listing.names()]
        if new:
            edits = listing.insert([(name, name) for name in new], keep_sorted=True)
            steps = tuple(_step(source, node.lineno, name) for name in new)
            keys = tuple(imported(written(node), name) for name in new)
            parts.append(PatchChange(tuple(edits), steps, keys))
    return PatchChange.joined(parts)


def _add_line(fork: ForkFacts, hop: Hop, names: Sequence[str]) -> PatchChange:
    upper = hop.upper
    if hop.imports:
        module = written(hop.imports[-1])
        at = max(
            (behind(upper, i) for i, node in enumerate(upper.tree.body) if node in hop.imports),
            default=last_of_header(upper),
        )
        return _line(upper, at, module, names)
    if not fork.package_prefix:
        raise Refusal(
            "no-import",
            f"{upper.shown} imports nothing from its own folder, so the "
            "spelling of such an import is unknown",
            hint=f"import something from {hop.lower.shown} there first",
        )
    at = last_of_header(upper)
    for index, node in enumerate(upper.tree.body):
        if isinstance(node, ast.ImportFrom) and written(node).startswith(fork.package_prefix):
            at = behind(upper, index)
    return _line(upper, at, fork.spelled(hop.lower.path), names)


def _line(source: Source, at: int, module: str, names: Sequence[str]) -> PatchChange:
    line = f"from {module} import {', '.join(names)}"
    steps = tuple(_step(source, source.line_of(at), name) for name in names)
    keys = tuple(imported(module, name) for name in names)
    return PatchChange((Edit(at, at, f"{line}  {MARK}{source.newline}"),), steps, keys)


def _step(source: Source, line: int, name: str) -> Step:
    return Step("import", source.path, line, f"{name} added to the imports of {source.shown}")
