"""Plans the way back: takes out what install put in, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from yamlmod.errors import Place, Refusal, one_of
from yamlmod.fork.bindings import bindings
from yamlmod.fork.blocks import Block, find_blocks, refuse_edited, remove_block
from yamlmod.fork.branches import unregister
from yamlmod.fork.files import Files
from yamlmod.fork.imports import drop_imports
from yamlmod.fork.install import proven_plan, read_common
from yamlmod.fork.locate import Fork, read_function
from yamlmod.fork.plan import Change, Plan, Step
from yamlmod.fork.proof import statement_keys
from yamlmod.fork.reach import drop_names
from yamlmod.fork.requirements import drop_requirements
from yamlmod.fork.source import Source, tree_of


def uninstall(files: Files, fork: Fork, names: Sequence[str], force: bool = False) -> Plan:
    """Return the proven plan that takes the named modules out again.

    ``force`` deletes code of ours that somebody has edited, too.
    """
    common = read_common(files, fork)
    function = read_function(files, fork)
    blocks = find_blocks(common)
    gone = _chosen(common, blocks, names, force)
    staying = [block for block in blocks.values() if block not in gone]
    classes = [block.class_name for block in gone]

    # Of a class of the fork's own, only what was added for it goes.
    imported = [one.class_name for one in gone if not one.adds or "import" in one.adds]
    registered = [one.class_name for one in gone if not one.adds or "branch" in one.adds]
    exports, reached = drop_names(fork, common, function.source, imported)
    imports = drop_imports(common, blocks.values(), gone)
    packages = drop_requirements(files, gone, staying)
    plan = proven_plan(
        [
            (common, Change.joined([_code(common, gone), imports, exports])),
            (function.source, Change.joined([reached, unregister(function, registered, force)])),
        ],
        classes,
    )
    notes = [
        *plan.notes,
        *_still_named(plan, (common, function.source), gone),
        *_checkpoints([one.class_name for one in gone if one.origin != "fork"]),
    ]
    return Plan({**plan.texts, **packages.texts}, (*plan.steps, *packages.steps), tuple(notes))


def _chosen(
    common: Source, blocks: dict[str, Block], names: Sequence[str], force: bool
) -> list[Block]:
    chosen = []
    for name in dict.fromkeys(names):
        block = blocks.get(name) or next(
            (one for one in blocks.values() if one.class_name == name), None
        )
        if block is None:
            known = one_of([_told(one) for one in blocks.values()]) or "none"
            raise Refusal(
                "not-patched",
                f"{name} was not put into {common.shown} by yamlmod",
                place=Place(common.shown),
                hint=f"modules put in by yamlmod: {known}",
            )
        if not force:
            refuse_edited(common, block)
        if block not in chosen:
            chosen.append(block)
    return chosen


def _checkpoints(classes: Sequence[str]) -> list[str]:
    """Say which checkpoints lose their class; YOLOv5 pickles whole models, not just weights."""
    return [f"checkpoints pickled with {', '.join(classes)} no longer load"] if classes else []


def _told(block: Block) -> str:
    return f"{block.name} (a copy of {block.of})" if block.of else block.name


def _code(common: Source, gone: Iterable[Block]) -> Change:
    return Change.joined(
        Change(
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
    """Say where code of somebody else's still names what goes."""
    names = {one.name for block in gone for one in bindings(block.tree())}
    notes = []
    for source in sources:
        tree = tree_of(source.shown, plan.texts.get(source.path, source.text))
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in names:
                notes.append(
                    f"{source.shown}:{node.lineno}: {node.id} is still named here and "
                    "will fail once it is gone"
                )
    return sorted(set(notes))
