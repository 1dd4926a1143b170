"""List the modules that yamlmod installed in a fork, with their state."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from yamlmod.errors import Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.parser.locate import ForkFacts, read_function
from yamlmod.fork.parser.parser_names import parser_names
from yamlmod.fork.parser.siblings import names_read, siblings
from yamlmod.fork.patch.marked_blocks import Block, find_blocks
from yamlmod.fork.python.answers import Missing
from yamlmod.fork.python.bindings import is_star, statements, written
from yamlmod.fork.python.source import Source, read_source
from yamlmod.model.parser_facts import ParserNames
from yamlmod.registry.catalogue import visible
from yamlmod.registry.code.rename import renamed
from yamlmod.registry.template import Template

_BEGIN = "# yamlmod: begin "


@dataclass(frozen=True)
class Patched:
    """One module that yamlmod put in.

    ``state`` is ``current``, ``outdated`` (the registry has another version), ``edited`` (by hand),
    ``own`` (from a file of the user's, or a class of the fork's) or ``unknown`` (the registry has
    no such module). ``registered`` says where the parse function
    knows the class, ``registered_line`` in which line; both are empty where it does not. Another
    parse function than the one that is meant is ``FILE:FUNCTION``, as `--target` takes it.
    """

    name: str
    class_name: str
    version: str
    newest: str
    state: str
    path: str
    line: int
    registered: str
    registered_line: int | None
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class Survey:
    """The modules of a fork, what is wrong with them, and the names its parse function can use."""

    patched: tuple[Patched, ...]
    stale: tuple[str, ...]
    known: ParserNames


def survey(files: Files, fork: ForkFacts, paths: Mapping[str, str]) -> Survey:
    """Look at a fork; ``paths`` are its Python files with their texts."""
    known = parser_names(fork.graph, read_function(files, fork))
    mentions = names_read(files, fork)
    patched: list[Patched] = []
    stale: list[str] = []
    for path, text in sorted(paths.items()):
        if _BEGIN not in text:
            continue
        try:
            source = read_source(files, path)
            blocks = find_blocks(source) if source else {}
        except Refusal as error:
            stale.append(f"{error.place}: {error.message}")
            continue
        if source is not None:
            patched += [_patched(fork, source, one, mentions, known) for one in blocks.values()]
    elsewhere = _elsewhere(files, fork, patched)
    patched = [elsewhere.get(one.class_name, one) for one in patched]
    for one in patched:
        if one.class_name in elsewhere:
            continue
        stale += _complaints(files, fork, one, known)
    stale += _without_class(files, fork, mentions, known)
    return Survey(tuple(patched), tuple(dict.fromkeys(stale)), known)


def _patched(
    fork: ForkFacts, source: Source, block: Block, mentions: Mapping[str, int], known: ParserNames
) -> Patched:
    template = None if block.origin else _template(block)
    if block.edited:
        state = "edited"
    elif template is None:
        state = "own" if block.origin else "unknown"
    else:
        state = "current" if template.digest == block.digest else "outdated"
    line = mentions.get(block.class_name)
    place = fork.function.name if line else ""
    # Of a template that is not at hand the rule is not known, and the last else may do for it.
    free = template is None or template.rule == "free"
    if not line and free and fork.free_falls_to_else and not known.lacks(block.class_name):
        place = f"last else of {fork.function.name}"
    return Patched(
        block.name,
        block.class_name,
        block.version,
        template.version if template else "",
        state,
        source.path,
        source.line_of(block.start),
        place,
        line,
        block.requirements,
    )


def _elsewhere(files: Files, fork: ForkFacts, patched: Sequence[Patched]) -> dict[str, Patched]:
    """Return the modules that another parse function registers and this one does not."""
    absent = {one.class_name: one for one in patched if not one.registered}
    found: dict[str, Patched] = {}
    homes = {name: one.path for name, one in absent.items()}
    for other in siblings(files, fork, homes) if absent else ():
        place = f"{other.fork.yolo}:{other.fork.function.name}"
        for name, line in other.lines.items():
            found.setdefault(name, replace(absent[name], registered=place, registered_line=line))
    return found


def _template(block: Block) -> Template | None:
    """Return the template that a block was made from, under the block's own name."""
    found = next((one for one in visible() if one.name == (block.of or block.name)), None)
    return renamed(found, block.name) if found is not None and block.of else found


def _complaints(files: Files, fork: ForkFacts, one: Patched, known: ParserNames) -> list[str]:
    where = f"{files.shown(one.path)}:{one.line}"
    told = []
    if known.lacks(one.class_name):
        told.append(
            f"{where}: class {one.class_name} is present, but {fork.yolo} does not import it"
        )
    elif not one.registered:
        name = fork.function.name
        told.append(f"{where}: class {one.class_name} is present, but {name} does not register it")
    if one.state == "edited":
        told.append(f"{where}: {one.name} has been edited by hand since yamlmod wrote it")
    if one.state == "outdated":
        now = f"{one.version}, the registry has {one.newest}"
        told.append(f"{where}: {one.name} is outdated: {now}")
    return told


def _without_class(
    files: Files, fork: ForkFacts, mentions: Mapping[str, int], known: ParserNames
) -> list[str]:
    """Say what is registered or imported and is nowhere: such a fork fails when it starts."""
    shown = files.shown(fork.yolo)
    told = [
        f"{shown}:{node.lineno}: {name} is imported from {written(node)}, which has no such class"
        for node, name in _missing_imports(fork)
    ]
    ours = {name for one in visible() for name in (one.name, one.class_name)}
    told += [
        f"{shown}:{line}: {name} is registered in {fork.function.name}, but not defined"
        for name, line in sorted(mentions.items())
        if name in ours and known.lacks(name)
    ]
    return told


def _missing_imports(fork: ForkFacts) -> Iterator[tuple[ast.ImportFrom, str]]:
    """Yield each `from` import of a name that the fork's own file of that module does not have."""
    source = fork.graph.source(fork.yolo)
    for node, sure in statements(source.tree) if source else ():
        if isinstance(node, ast.ImportFrom) and sure and not is_star(node):
            for alias in node.names:
                if isinstance(fork.graph.brings(fork.yolo, node, alias.name), Missing):
                    yield node, alias.name
