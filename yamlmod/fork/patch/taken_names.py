"""Refuse class names that the fork already uses."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from yamlmod.errors import Place, Refusal
from yamlmod.fork.parser.locate import ForkFacts
from yamlmod.fork.patch.import_route import Hop
from yamlmod.fork.python.answers import Answer, Definition, Missing, Unknown
from yamlmod.fork.python.bindings import bindings
from yamlmod.fork.python.source import Source
from yamlmod.registry.class_names import free_name


def refuse_taken(
    fork: ForkFacts,
    hops: Sequence[Hop],
    home: Source,
    parse: Source,
    names: Sequence[str],
    own: Iterable[str] = (),
) -> None:
    """Refuse names that a file on the way, or a star import there, binds to another thing.

    ``own`` are the files of modules that have one.
    """
    ours = {home.path, *own}
    sources = {source.path: source for source in (parse, *(hop.upper for hop in hops), home)}
    # What the home itself binds is looked at where the code is put in.
    at_home = {binding.name for binding in bindings(home.tree)}
    for source in sources.values():
        for name in names:
            answer = fork.graph.denotes_in_module(source.path, name)
            inside = isinstance(answer, Definition) and answer.path in ours
            if not _is_free(answer, name, inside) and not (inside and name in at_home):
                raise _taken(fork, source, name, answer)


def ways_out(name: str, taken: Iterable[str], there: bool) -> str:
    """Return what a user can do about a taken name; ``there``: it is a class of the fork."""
    lines = ["the later definition would silently replace the earlier one; choose"]
    if there:
        lines.append("  --use-existing      register the existing class, and add no code")
    other = free_name(name, taken)
    lines.append(f"  --as {other:<14} add this one and its helpers under another name")
    return "\n".join(lines)


def _is_free(answer: Answer, name: str, inside: bool) -> bool:
    """Check whether a class of this name can be added: nothing has it, or ours has it already."""
    if isinstance(answer, Unknown):
        return not answer.alternatives
    if isinstance(answer, Missing):
        return not answer.hops  # an import of it is there, though it fails
    return inside and isinstance(answer, Definition) and answer.name == name


def _taken(fork: ForkFacts, source: Source, name: str, answer: Answer) -> Refusal:
    node = next((binding.node for binding in bindings(source.tree) if binding.name == name), None)
    there = isinstance(answer, Definition) and answer.kind == "class"
    if node is None and isinstance(answer, Definition):
        other = fork.graph.source(answer.path)
        source, node = (source, None) if other is None else (other, _statement(answer))
    place = Place(source.shown) if node is None else source.place(node)
    known = fork.graph.names(fork.yolo).names
    return Refusal(
        "name-taken",
        f"{source.shown} already binds {name} to something else",
        place=place,
        hint=ways_out(name, known, there)
        if there
        else "the class of yamlmod is elsewhere and would not replace this one; rename one of "
        f"them, or use --as {free_name(name, known)}",
    )


def _statement(answer: Definition) -> ast.stmt | None:
    return answer.node if isinstance(answer.node, ast.stmt) else None
