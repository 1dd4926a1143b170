"""How a class comes to be a name in the file of parse_model: the way that Conv goes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yamlmod.edits import Edit
from yamlmod.errors import Refusal
from yamlmod.fork.exports import add_exports, drop_exports, read_exports
from yamlmod.fork.files import Files
from yamlmod.fork.imports import MARK, marked_imports
from yamlmod.fork.listing import import_listing
from yamlmod.fork.locate import Fork
from yamlmod.fork.modules import file_of, from_imports, is_star, written
from yamlmod.fork.plan import Change, Step
from yamlmod.fork.proof import imported
from yamlmod.fork.python.bindings import Binding, behind, bindings, last_of_header
from yamlmod.fork.python.source import Source, read_source

Changes = list[tuple[Source, Change]]


@dataclass(frozen=True, eq=False)
class Hop:
    """Names go from the file ``lower`` to the file ``upper``, by these imports of it."""

    upper: Source
    lower: Source
    imports: tuple[ast.ImportFrom, ...]

    @property
    def star(self) -> bool:
        """Return whether every name of the lower file arrives."""
        exports, closed = read_exports(self.lower)
        open_way = not closed or exports is not None
        return open_way and any(is_star(node) for node in self.imports)


def read_route(files: Files, fork: Fork, home: Source, parse: Source) -> tuple[Hop, ...]:
    """Return the hops from the file of the classes to the file of parse_model.

    Mostly one. Two where a package's ``__init__`` or a sibling that imports everything stands
    between; none where both are one file.
    """
    if home.path == parse.path:
        return ()
    direct = _hop(files, parse, home)
    between = _package_between(files, home, parse)
    if between and not direct.star and not _brings_conv(direct.imports):
        return between
    if direct.imports:
        return (direct,)
    return _star_between(files, fork, home, parse) or (direct,)


def refuse_taken(
    files: Files,
    hops: Sequence[Hop],
    home: Source,
    parse: Source,
    names: Sequence[str],
    own: Iterable[str] = (),
) -> None:
    """Refuse names that a file on the way, or a star import there, binds to another thing.

    ``own`` are the files of modules that have one.
    """
    ours = {home.path, *(hop.upper.path for hop in hops), *own}
    uppers = {source.path: source for source in (parse, *(hop.upper for hop in hops))}
    for source in uppers.values():
        for one in bindings(source.tree):
            if one.name in names and source.path != home.path:
                _refuse_other(files, source, one, ours)
    for source in {home.path: home, **uppers}.values():
        for node in from_imports(source):
            path = file_of(files, source.path, written(node)) if is_star(node) else ""
            if not path or path in ours or not any(n in (files.read(path) or "") for n in names):
                continue
            other = read_source(files, path)
            for one in bindings(other.tree) if other is not None else ():
                if one.name in names:
                    _refuse_other(files, other or source, one, ours)


def add_names(fork: Fork, hops: Sequence[Hop], names: Sequence[str]) -> Changes:
    """Return the changes that make the names arrive in the file of parse_model."""
    changes: Changes = []
    for hop in hops if names else ():
        if hop.star:
            changes.append((hop.lower, add_exports(hop.lower, names, always=True)))
            if len(hops) > 1 and hop is hops[-1]:
                note = f"{', '.join(names)}: {hop.upper.shown} gets the name through "
                note += f"{hop.lower.shown}, which imports everything from common"
                changes.append((hop.upper, Change(notes=(note,))))
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


def leave_import(source: Source, node: ast.ImportFrom, gone: set[str]) -> Change:
    """Return the change that takes names out of an import; one left empty goes as a whole."""
    plain = [alias.name for alias in node.names if alias.asname is None and alias.name in gone]
    if not plain:
        return Change()
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
    return Change(tuple(edits), steps, (), tuple(imported(written(node), name) for name in plain))


def add_import(
    fork: Fork, parse: Source, wanted: Sequence[tuple[str, str]], files: Files
) -> Change:
    """Return the change that adds a marked line for each (module, name) behind the fork's own."""
    if not wanted:
        return Change()
    at = last_of_header(parse)
    for index, node in enumerate(parse.tree.body):
        if isinstance(node, ast.ImportFrom) and written(node).startswith(fork.package_prefix):
            at = max(at, behind(parse, index))
    parts = [_line(parse, at, module, [name]) for module, name in wanted]
    text = "".join(edit.text for part in parts for edit in part.edits)
    joined = Change.joined(parts)
    return Change((Edit(at, at, text),), joined.steps, joined.adds)


def _hop(files: Files, upper: Source, lower: Source) -> Hop:
    found = (
        node
        for node in from_imports(upper)
        if file_of(files, upper.path, written(node)) == lower.path
    )
    return Hop(upper, lower, tuple(found))


def _brings_conv(nodes: Iterable[ast.ImportFrom]) -> bool:
    return any(alias.name == "Conv" for node in nodes for alias in node.names)


def _package_between(files: Files, home: Source, parse: Source) -> tuple[Hop, ...]:
    """Return the hops through a package's ``__init__`` that hands on Conv, where there is one."""
    for node in from_imports(parse):
        path = file_of(files, parse.path, written(node))
        if not path.endswith("__init__.py") or path == home.path:
            continue
        middle = read_source(files, path)
        hop = None if middle is None else _hop(files, middle, home)
        if hop is not None and hop.imports and (_brings_conv([node]) or is_star(node)):
            return hop, _hop(files, parse, hop.upper)
    return ()


def _star_between(files: Files, fork: Fork, home: Source, parse: Source) -> tuple[Hop, ...]:
    """Return the hops through a sibling that imports all of the home and is imported so."""
    for node in from_imports(parse):
        path = file_of(files, parse.path, written(node)) if is_star(node) else ""
        other = read_source(files, path) if path else None
        if other is None or read_exports(other)[1]:
            continue
        hop = _hop(files, other, home)
        if hop.star:
            return hop, _hop(files, parse, other)
    return ()


def _refuse_other(files: Files, source: Source, one: Binding, ours: set[str]) -> None:
    if isinstance(one.node, ast.ImportFrom):
        same = one.target.rpartition(".")[2] == one.name
        if same and file_of(files, source.path, written(one.node)) in ours:
            return
    raise Refusal(
        "name-taken",
        f"{source.shown} already binds {one.name} to something else",
        place=source.place(one.node),
        hint="yamlmod adds its class elsewhere and would not win over this one; rename one of them",
    )


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


def _join_imports(source: Source, nodes: Iterable[ast.ImportFrom], names: Sequence[str]) -> Change:
    parts = []
    for node in nodes:
        listing = import_listing(source, node)
        new = [name for name in names if name not in listing.names()]
        if new:
            edits = listing.insert([(name, name) for name in new], keep_sorted=True)
            steps = tuple(_step(source, node.lineno, name) for name in new)
            keys = tuple(imported(written(node), name) for name in new)
            parts.append(Change(tuple(edits), steps, keys))
    return Change.joined(parts)


def _add_line(fork: Fork, hop: Hop, names: Sequence[str]) -> Change:
    """Return the change that adds an import line for names which no import there can carry."""
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


def _line(source: Source, at: int, module: str, names: Sequence[str]) -> Change:
    line = f"from {module} import {', '.join(names)}"
    steps = tuple(_step(source, source.line_of(at), name) for name in names)
    keys = tuple(imported(module, name) for name in names)
    return Change((Edit(at, at, f"{line}  {MARK}{source.newline}"),), steps, keys)


def _step(source: Source, line: int, name: str) -> Step:
    return Step("import", source.path, line, f"{name} added to the imports of {source.shown}")
