"""How a class of common.py comes to be a name in yolo.py, where parse_model looks for it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yamlmod.edits import Edit
from yamlmod.errors import Refusal
from yamlmod.fork.bindings import behind, bindings, last_of_header, statements
from yamlmod.fork.files import Files
from yamlmod.fork.imports import MARK, marked_imports
from yamlmod.fork.listing import import_listing, literal_listing
from yamlmod.fork.locate import Fork
from yamlmod.fork.parse_model import Literal
from yamlmod.fork.plan import Change, Step
from yamlmod.fork.proof import exported, imported
from yamlmod.fork.source import Source, read_source


@dataclass(frozen=True, eq=False)
class Reach:
    """The imports of yolo.py that could carry a name over from common.py."""

    explicit: tuple[ast.ImportFrom, ...]
    star: bool
    through: str
    exports: Literal | None


def read_reach(files: Files, fork: Fork, common: Source, yolo: Source) -> Reach:
    """Return how names travel from common.py to yolo.py."""
    explicit = _explicit(fork, yolo)
    exports, closed = _exports(common)
    star = any(_is_star(node) for node in _from(yolo, fork, "common"))
    through = "" if star else _star_through(files, fork, yolo)
    open_way = not closed or exports is not None
    return Reach(tuple(explicit), star and open_way, through if open_way else "", exports)


def refuse_taken(
    files: Files, fork: Fork, common: Source, yolo: Source, names: Sequence[str]
) -> None:
    """Refuse names that yolo.py, or a sibling's star import, binds to another thing."""
    for one in bindings(yolo.tree):
        from_common = one.target in {f"{fork.package_prefix}common.{one.name}"}
        if one.name in names and not from_common:
            raise _taken(yolo, one.node, one.name)
    for node, _ in (*statements(common.tree), *statements(yolo.tree)):
        if not isinstance(node, ast.ImportFrom) or not _is_star(node):
            continue
        path = _sibling_path(fork, node)
        if not path or path == fork.common or not any(n in (files.read(path) or "") for n in names):
            continue
        other = read_source(files, path)
        if other is None:
            continue
        for one in bindings(other.tree):
            if one.name in names and not one.target.endswith(f"common.{one.name}"):
                raise _taken(other, one.node, one.name)


def add_names(
    fork: Fork, reach: Reach, common: Source, yolo: Source, names: Sequence[str]
) -> tuple[Change, Change]:
    """Return the changes of common.py and of yolo.py that make the names arrive."""
    if reach.star or reach.through:
        note: tuple[str, ...] = ()
        if reach.through:
            note = (
                f"{', '.join(names)}: {yolo.shown} gets the name through {reach.through}, "
                "which imports everything from common",
            )
        return _add_exports(reach, common, names), Change(notes=note)
    if not reach.explicit:
        return Change(), _add_line(fork, yolo, names)
    parts = []
    for node in reach.explicit:
        listing = import_listing(yolo, node)
        new = [name for name in names if name not in listing.names()]
        if new:
            edits = listing.insert([(name, name) for name in new], keep_sorted=True)
            steps = tuple(_import_step(yolo, node.lineno, name) for name in new)
            parts.append(Change(tuple(edits), steps, tuple(imported(name) for name in new)))
    return Change(), Change.joined(parts)


def drop_names(
    fork: Fork, common: Source, yolo: Source, names: Iterable[str]
) -> tuple[Change, Change]:
    """Return the changes that take the names out of yolo.py's imports and common's ``__all__``."""
    gone = set(names)
    parts = []
    for node in _from(yolo, fork, "common"):
        listing = import_listing(yolo, node)
        plain = [alias.name for alias in node.names if alias.asname is None and alias.name in gone]
        if not plain:
            continue
        steps = tuple(
            Step(
                "import", yolo.path, node.lineno, f"{name} removed from the imports of {yolo.shown}"
            )
            for name in plain
        )
        edits = listing.remove(plain)
        if len(plain) == len(node.names):
            start = yolo.line_start(yolo.start(node))
            edits = [Edit(start, yolo.line_end(yolo.end(node)), "")]
        parts.append(Change(tuple(edits), steps, (), tuple(imported(name) for name in plain)))
    return _drop_exports(common, gone), Change.joined(parts)


def _explicit(fork: Fork, yolo: Source) -> list[ast.ImportFrom]:
    """Return the imports to add a name to: our own, else the one with Conv, else alternatives."""
    nodes = [node for node in _from(yolo, fork, "common") if not _is_star(node)]
    marked = {id(node) for node, _ in marked_imports(yolo)}
    for wanted in (
        [node for node in nodes if id(node) in marked],
        [
            node
            for node in nodes
            if node in yolo.tree.body and any(alias.name == "Conv" for alias in node.names)
        ],
        [node for node in nodes if node in yolo.tree.body],
    ):
        if wanted:
            return wanted[:1]
    return nodes


def _from(yolo: Source, fork: Fork, module: str) -> list[ast.ImportFrom]:
    wanted = f"{fork.package_prefix}{module}"
    return [
        node
        for node, _ in statements(yolo.tree)
        if isinstance(node, ast.ImportFrom) and "." * node.level + (node.module or "") == wanted
    ]


def _is_star(node: ast.ImportFrom) -> bool:
    return node.names[0].name == "*"


def _sibling_path(fork: Fork, node: ast.ImportFrom) -> str:
    """Return the path of the sibling module that an import names, empty for any other."""
    module = "." * node.level + (node.module or "")
    prefix = fork.package_prefix
    stem = module.removeprefix(prefix) if prefix and module.startswith(prefix) else ""
    return fork.sibling(f"{stem}.py") if stem and "." not in stem else ""


def _star_through(files: Files, fork: Fork, yolo: Source) -> str:
    """Return the shown name of a sibling whose star import hands on all of common."""
    for node, _ in statements(yolo.tree):
        path = (
            _sibling_path(fork, node) if isinstance(node, ast.ImportFrom) and _is_star(node) else ""
        )
        other = read_source(files, path) if path and path != fork.common else None
        if other is None or _exports(other)[1]:
            continue
        if any(_is_star(one) for one in _from(other, fork, "common")):
            return other.shown
    return ""


def _exports(source: Source) -> tuple[Literal | None, bool]:
    """Return the literal ``__all__`` and whether there is any ``__all__``."""
    literal, closed = None, False
    for node, _ in statements(source.tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
            targets = [node.target]
        if any(isinstance(one, ast.Name) and one.id == "__all__" for one in targets):
            value = node.value if isinstance(node, ast.Assign) else None
            usable = isinstance(value, (ast.List, ast.Tuple)) and value.elts and not closed
            literal = value if isinstance(value, (ast.List, ast.Tuple)) and usable else None
            closed = True
    return literal, closed


def _add_exports(reach: Reach, common: Source, names: Sequence[str]) -> Change:
    if reach.exports is None:
        return Change()
    listing = literal_listing(common, reach.exports)
    new = [name for name in names if name not in listing.names()]
    if not new:
        return Change()
    quote = common.segment(reach.exports.elts[-1])[-1]
    edits = listing.insert([(name, f"{quote}{name}{quote}") for name in new], keep_sorted=True)
    steps = tuple(
        Step("export", common.path, listing.line(), f"{name} added to __all__ of {common.shown}")
        for name in new
    )
    return Change(tuple(edits), steps, tuple(exported(name) for name in new))


def _drop_exports(common: Source, names: set[str]) -> Change:
    literal, _ = _exports(common)
    if literal is None:
        return Change()
    listing = literal_listing(common, literal)
    ours = [name for name in listing.names() if name in names]
    if not ours:
        return Change()
    steps = tuple(
        Step(
            "export", common.path, listing.line(), f"{name} removed from __all__ of {common.shown}"
        )
        for name in ours
    )
    return Change(tuple(listing.remove(ours)), steps, (), tuple(exported(name) for name in ours))


def _add_line(fork: Fork, yolo: Source, names: Sequence[str]) -> Change:
    if not fork.package_prefix:
        raise Refusal(
            "no-import",
            f"{yolo.shown} imports nothing from its models folder, so the "
            "spelling of such an import is unknown",
            hint="import something from models/common.py there first",
        )
    at = last_of_header(yolo)
    for index, node in enumerate(yolo.tree.body):
        if isinstance(node, ast.ImportFrom) and _sibling_path(fork, node):
            at = behind(yolo, index)
    line = f"from {fork.package_prefix}common import {', '.join(names)}"
    steps = tuple(_import_step(yolo, yolo.line_of(at), name) for name in names)
    return Change(
        (Edit(at, at, f"{line}  {MARK}{yolo.newline}"),),
        steps,
        tuple(imported(name) for name in names),
    )


def _import_step(yolo: Source, line: int, name: str) -> Step:
    return Step("import", yolo.path, line, f"{name} added to the imports of {yolo.shown}")


def _taken(source: Source, node: ast.stmt, name: str) -> Refusal:
    return Refusal(
        "name-taken",
        f"{source.shown} already binds {name} to something else",
        place=source.place(node),
        hint="yamlmod adds its class to common.py and would not win over this one; "
        "rename one of them",
    )
