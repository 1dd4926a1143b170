"""Plan the installation of a module: code, imports, names and branches."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from yamlmod.errors import Place, Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.parser.dialect import below, text_of
from yamlmod.fork.parser.locate import ForkFacts, read_function, source_of
from yamlmod.fork.parser.parse_model import Function
from yamlmod.fork.patch.branches import leave_repeats, place_of, register, unregister
from yamlmod.fork.patch.code_imports import add_imports
from yamlmod.fork.patch.import_route import Hop, add_names, read_route
from yamlmod.fork.patch.marked_blocks import (
    append_blocks,
    is_current,
    refuse_edited,
    refuse_other,
    replace_block,
)
from yamlmod.fork.patch.placement import (
    COMMON,
    Placed,
    add_file_imports,
    add_files,
    choose_placement,
    find_placed,
    own_path,
)
from yamlmod.fork.patch.plan import PatchChange, Plan, Step
from yamlmod.fork.patch.proof import proven, statement_keys
from yamlmod.fork.patch.requirements import add_requirements
from yamlmod.fork.python.bindings import bindings
from yamlmod.fork.python.modules import is_mentioned
from yamlmod.fork.python.source import Source
from yamlmod.registry.template import Template


@dataclass(frozen=True)
class _Sorted:
    """The templates by what is there of them already."""

    new: tuple[Template, ...]
    outdated: tuple[Template, ...]
    current: tuple[Template, ...]


def install(
    files: Files,
    fork: ForkFacts,
    templates: Sequence[Template],
    placement: str = "",
    force: bool = False,
) -> Plan:
    """Return the proven plan that makes the fork know the templates' modules.

    ``placement`` says where code goes that is not there yet: `common` or `package`. ``force``
    overwrites code of ours that a user has edited.
    """
    templates = tuple({template.name: template for template in templates}.values())
    common = read_common(files, fork)
    function = read_function(files, fork)
    hops = read_route(fork, common, function.source)
    placed = find_placed(files, fork, common)
    chosen = choose_placement(placed, templates, placement)
    groups = _sorted(placed, templates, force)
    inside = [template for template in templates if chosen[template.name] == COMMON]
    apart = [template for template in templates if template not in inside]
    names = [template.class_name for template in templates]
    own = {own_path(fork, template) for template in apart}
    _refuse_taken(fork, hops, common, function.source, names, own)
    _refuse_collisions(common, placed, templates, inside)

    blocks = [one.block for one in placed.values() if one.placement == COMMON]
    packages = add_requirements(files, templates)
    own_files = add_files(files, fork, common, [t for t in apart if t not in groups.current])
    plan = proven_plan(
        [
            (common, _code(common, placed, groups, inside)),
            (common, add_imports(common, inside, blocks)),
            *add_names(fork, hops, [template.class_name for template in inside]),
            (function.source, add_file_imports(fork, function.source, apart)),
            (function.source, _branches(fork, function, groups, force)),
        ],
        names,
    )
    plan = Plan.joined([own_files, plan, packages])
    notes = [
        *(note for template in templates for note in template.notes),
        *_current_notes(plan, groups),
        *plan.notes,
        *_other_parsers(files, fork, names),
        *fork.dialect.told_faults(files, fork.base),
    ]
    return Plan(plan.texts, plan.steps, tuple(dict.fromkeys(notes)))


def proven_plan(changes: Iterable[tuple[Source, PatchChange]], names: Iterable[str]) -> Plan:
    """Return the plan of several files' changes, each file proven as a whole."""
    names = list(names)
    by_path: dict[str, tuple[Source, list[PatchChange]]] = {}
    for source, change in changes:
        by_path.setdefault(source.path, (source, []))[1].append(change)
    joined = [(source, PatchChange.joined(parts)) for source, parts in by_path.values()]
    return Plan(
        {source.path: proven(source, change, names) for source, change in joined if change.edits},
        tuple(step for _, change in joined for step in change.steps),
        tuple(note for _, change in joined for note in change.notes),
    )


def read_common(files: Files, fork: ForkFacts) -> Source:
    """Return the parsed file that takes new classes."""
    common = source_of(files, fork.common)
    if not any(isinstance(node, ast.ClassDef) for node in common.tree.body):
        raise Refusal(
            "not-a-fork",
            f"this {PurePosixPath(common.path).name} defines no class",
            place=Place(common.shown),
            hint="give a fork whose models/common.py defines its modules",
        )
    return common


def _sorted(placed: Mapping[str, Placed], templates: Sequence[Template], force: bool) -> _Sorted:
    new, outdated, current = [], [], []
    for template in templates:
        there = placed.get(template.name)
        if there is None:
            new.append(template)
            continue
        common, block = there.source, there.block
        refuse_other(common, block, template)
        if not force:
            refuse_edited(common, block)
        if is_current(block, template) and not block.edited:
            current.append(template)
            continue
        if block.class_name != template.class_name:
            raise Refusal(
                "class-renamed",
                f"{template.name} {block.version} has the class "
                f"{block.class_name}, {template.version} has {template.class_name}",
                place=Place.at(common.shown, common.text, block.start),
                hint=f"run `yamlmod unpatch REPO {template.name} -w` first",
            )
        outdated.append(template)
    return _Sorted(tuple(new), tuple(outdated), tuple(current))


def _code(
    common: Source,
    placed: Mapping[str, Placed],
    groups: _Sorted,
    inside: Sequence[Template],
) -> PatchChange:
    parts = []
    new = [template for template in groups.new if template in inside]
    edit = append_blocks(common, new)
    if edit is not None:
        line = common.line_of(edit.start)
        steps = tuple(
            Step(
                "class",
                common.path,
                line,
                f"class {t.class_name} {t.version} appended to {common.shown}",
            )
            for t in new
        )
        keys = tuple(key for t in new for key in statement_keys(t.code))
        parts.append(PatchChange((edit,), steps, keys))
    for template in (template for template in groups.outdated if template in inside):
        block = placed[template.name].block
        step = Step(
            "class",
            common.path,
            common.line_of(block.start),
            f"class {template.class_name} {block.version} replaced by {template.version} "
            f"in {common.shown}" + (", including manual edits" if block.edited else ""),
        )
        parts.append(
            PatchChange(
                (replace_block(common, block, template),),
                (step,),
                statement_keys(template.code),
                statement_keys(block.code),
            )
        )
    return PatchChange.joined(parts)


def _branches(fork: ForkFacts, function: Function, groups: _Sorted, force: bool) -> PatchChange:
    templates = [*groups.new, *groups.outdated, *groups.current]
    moving, alone = [], []
    for template in groups.outdated:
        now = place_of(function, template.class_name)
        if now in ("conv", "csp") and template.takes_nominal:  # it stays with Conv
            alone += [template.class_name] if template.rule == "conv" else []
            continue
        unneeded = template.rule == "free" and fork.free_falls_to_else
        if now and (now != template.rule or unneeded):
            moving.append(template.class_name)
    free = [t.class_name for t in (*groups.new, *groups.outdated) if t.rule == "free"]
    notes = tuple(
        f"{name} needs no branch: the last else of {function.node.name} already does "
        f"{function.names.c2} = {function.channels_of_from()}"
        for name in free
    )
    return PatchChange.joined(
        [
            unregister(function, moving, force),
            leave_repeats(function, alone),
            register(function, templates, fork.free_falls_to_else, moving),
            PatchChange(notes=notes if fork.free_falls_to_else else ()),
        ]
    )


def _refuse_collisions(
    common: Source,
    placed: Mapping[str, Placed],
    templates: Sequence[Template],
    inside: Sequence[Template],
) -> None:
    """Refuse a template that defines a name which common.py or another template defines."""
    taken = {binding.name: (binding.node, binding.target) for binding in bindings(common.tree)}
    owner: dict[str, str] = {}
    for template in templates:
        there = placed.get(template.name)
        block = there.block if there is not None and there.placement == COMMON else None
        for name in _defined(template) if template in inside else [template.class_name]:
            node = taken[name][0] if name in taken else None
            ours = (
                block is not None
                and node is not None
                and block.start <= common.start(node) < block.end
            )
            if node is not None and not ours:
                raise _collision(common, node, name, template)
            if name in owner:
                raise Refusal(
                    "helper-name-taken",
                    f"{template.name} and {owner[name]} both define {name}",
                    hint="with --placement package each module has a file of its own",
                )
            owner[name] = template.name


def _defined(template: Template) -> list[str]:
    names = [binding.name for binding in bindings(ast.parse(template.code))]
    return list(dict.fromkeys([template.class_name, *names]))  # the class is the main matter


def _refuse_taken(
    fork: ForkFacts,
    hops: Sequence[Hop],
    home: Source,
    parse: Source,
    names: Sequence[str],
    own: Iterable[str],
) -> None:
    sources = (parse, home, *(hop.upper for hop in hops))
    if is_mentioned(fork.modules, [source.path for source in sources], names):
        # Only then is it worth it to load what follows names.
        from yamlmod.fork.patch.taken_names import refuse_taken

        refuse_taken(fork, hops, home, parse, names, own)


def _collision(common: Source, node: ast.stmt, name: str, template: Template) -> Refusal:
    place = common.place(node)
    constructor = ""
    if isinstance(node, ast.ClassDef):
        for inner in node.body:
            if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
                place = common.place(inner)
                constructor = f" with the constructor `{common.tail(common.start(inner)).strip()}`"
    from yamlmod.fork.patch.taken_names import ways_out

    main = name == template.class_name
    taken = [binding.name for binding in bindings(common.tree)]
    what = "" if main else f", a helper of {template.name},"
    ways = ways_out(template.class_name, taken, main and isinstance(node, ast.ClassDef))
    if not main:
        ways += "\n  --placement package put it into a file of its own"
    return Refusal(
        "name-taken" if main else "helper-name-taken",
        f"{common.shown}:{node.lineno} already defines {name}{what}{constructor}",
        place=place,
        hint=ways,
    )


def _current_notes(plan: Plan, groups: _Sorted) -> list[str]:
    completed = " ".join(step.text for step in plan.steps)
    return [
        f"{template.name} {template.version} is already installed"
        + (
            "; missing parts are added"
            if template.class_name in completed.split()
            else " and up to date"
        )
        for template in groups.current
    ]


def _other_parsers(files: Files, fork: ForkFacts, names: Sequence[str]) -> list[str]:
    """Say which other files have a parse_model, which stays as it is."""
    notes = []
    for path in files.glob(below(fork.models, "*.py")):
        text = "" if path == fork.yolo else text_of(files, path)
        if "def parse_model" not in text:
            continue
        if PurePosixPath(path).name != "tf.py":
            notes.append(
                f"{files.shown(path)} has its own parse_model, which is not changed: "
                f"only {files.shown(fork.yolo)} gets {', '.join(names)}; "
                f"--target {path} chooses it"
            )
        elif any(f"TF{name}" not in text for name in names):
            notes.append(
                f"{files.shown(path)} has its own parse_model without "
                f"{', '.join(names)}: export to TensorFlow will fail with these layers"
            )
    return notes
