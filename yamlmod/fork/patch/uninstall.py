"""Plan the removal of exactly the code that install added."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence

from yamlmod.errors import Place, Refusal, one_of
from yamlmod.fork.files import Files
from yamlmod.fork.parser.locate import ForkFacts, read_function
from yamlmod.fork.parser.siblings import siblings, unread
from yamlmod.fork.patch.branches import unregister
from yamlmod.fork.patch.code_imports import drop_imports
from yamlmod.fork.patch.import_route import Hop, drop_names, read_route
from yamlmod.fork.patch.install import proven_plan, read_common
from yamlmod.fork.patch.marked_blocks import Block, imported_in, refuse_edited, remove_block
from yamlmod.fork.patch.placement import COMMON, Placed, drop_file_imports, drop_files, find_placed
from yamlmod.fork.patch.plan import PatchChange, Plan, Step
from yamlmod.fork.patch.proof import statement_keys
from yamlmod.fork.patch.requirements import drop_requirements
from yamlmod.fork.python.bindings import bindings
from yamlmod.fork.python.source import Source, tree_of


def uninstall(files: Files, fork: ForkFacts, names: Sequence[str], force: bool = False) -> Plan:
    """Return the proven plan that takes the named modules out again.

    They leave every parse function that registers them: none may name a class that is gone.
    ``force`` deletes code of ours that a user has edited, too.
    """
    common = read_common(files, fork)
    placed = find_placed(files, fork, common)
    chosen = _chosen(common, placed, names, force)
    gone = [one.block for one in chosen]
    inside = [one.block for one in chosen if one.placement == COMMON]
    staying = [one.block for one in placed.values() if one not in chosen]
    common_blocks = [one.block for one in placed.values() if one.placement == COMMON]
    classes = [block.class_name for block in gone]
    # Of a class of the fork's own, only what was added for it goes.
    registered = [one.class_name for one in gone if not one.adds or "branch" in one.adds]
    own = [one.class_name for one in gone if one.origin == "fork"]

    homes = {one.block.class_name: one.source.path for one in chosen if one.block.origin != "fork"}
    others = siblings(files, fork, homes) if homes else []
    forks = [fork, *(other.fork for other in others)]
    functions = [read_function(files, one) for one in forks]
    parts: list[tuple[Source, PatchChange]] = []
    for one, parser in zip(forks, functions, strict=True):
        parts += _names(read_route(one, common, parser.source), inside)
        parts.append((parser.source, drop_file_imports(one, parser.source, chosen)))
        parts.append((parser.source, unregister(parser, registered, force, own)))
    packages = drop_requirements(files, gone, staying)
    own_files = drop_files(files, fork, chosen)
    plan = proven_plan(
        [
            (common, _code(common, inside)),
            (common, drop_imports(common, common_blocks, inside)),
            *_once(parts),
        ],
        classes,
    )
    sources = {one.path: one for one in (common, *(parser.source for parser in functions))}
    plan = Plan.joined([own_files, plan, packages])
    notes = [
        *plan.notes,
        *_still_named(plan, sources.values(), gone),
        *_unread(files, list(homes)),
        *_checkpoints([one.class_name for one in gone if one.origin != "fork"]),
    ]
    return Plan(plan.texts, plan.steps, tuple(notes))


def _once(parts: Iterable[tuple[Source, PatchChange]]) -> list[tuple[Source, PatchChange]]:
    """Return the changes without what two parse functions share: an export, an import."""
    return list({(source.path, change): (source, change) for source, change in parts}.values())


def _chosen(
    common: Source, placed: Mapping[str, Placed], names: Sequence[str], force: bool
) -> list[Placed]:
    chosen: list[Placed] = []
    for name in dict.fromkeys(names):
        found = placed.get(name) or next(
            (one for one in placed.values() if one.block.class_name == name), None
        )
        if found is None:
            known = one_of([_told(one.block) for one in placed.values()]) or "none"
            raise Refusal(
                "not-patched",
                f"{name} was not installed in {common.shown} by yamlmod",
                place=Place(common.shown),
                hint=f"modules installed by yamlmod: {known}",
            )
        if not force:
            refuse_edited(found.source, found.block)
        if found not in chosen:
            chosen.append(found)
    return chosen


def _unread(files: Files, classes: Sequence[str]) -> list[str]:
    """Say which files may import a class that is gone, and cannot be read."""
    paths = unread(files, classes) if classes else []
    names = ", ".join(classes)
    return [f"{files.shown(path)} names {names}, and Python cannot read it" for path in paths]


def _checkpoints(classes: Sequence[str]) -> list[str]:
    """Say which checkpoints lose their class; YOLOv5 pickles whole models, not just weights."""
    return [f"checkpoints pickled with {', '.join(classes)} no longer load"] if classes else []


def _names(hops: Sequence[Hop], gone: Sequence[Block]) -> list[tuple[Source, PatchChange]]:
    """Return the changes that take names out of imports; the fork's own stay where they were."""
    paths = {source.path for source, _ in drop_names(hops, [one.class_name for one in gone])}
    return [
        (source, change)
        for path in sorted(paths)
        for source, change in drop_names(
            hops,
            [one.class_name for one in gone if not one.adds or imported_in(path) in one.adds],
        )
        if source.path == path
    ]


def _told(block: Block) -> str:
    return f"{block.name} (a copy of {block.of})" if block.of else block.name


def _code(common: Source, gone: Iterable[Block]) -> PatchChange:
    return PatchChange.joined(
        PatchChange(
            (remove_block(common, block),),
            (
                Step(
                    "class",
                    common.path,
                    common.line_of(block.start),
                    f"the marker of {block.name} removed from {common.shown}"
                    if block.origin == "fork"
                    else f"class {block.class_name} {block.version} removed from {common.shown}",
                ),
            ),
            (),
            statement_keys(block.code),
        )
        for block in gone
    )


def _still_named(plan: Plan, sources: Iterable[Source], gone: Iterable[Block]) -> list[str]:
    """List remaining uses of an uninstalled module in user code."""
    names = {binding.name for block in gone for binding in bindings(block.tree())}
    notes = []
    for source in sources:
        tree = tree_of(source.shown, plan.texts.get(source.path) or source.text)
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in names:
                notes.append(
                    f"{source.shown}:{node.lineno}: {node.id} is still used here and "
                    "will fail after the removal"
                )
    return sorted(set(notes))
