"""Register a class that the fork already has: an import, a branch and a marker."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from yamlmod.edits import Edit
from yamlmod.errors import Place, Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.parser.locate import ForkFacts, read_function
from yamlmod.fork.patch.branches import named_in_chain, place_of, register
from yamlmod.fork.patch.import_route import add_names, read_route
from yamlmod.fork.patch.install import proven_plan, read_common
from yamlmod.fork.patch.marked_blocks import Block, find_blocks, imported_in
from yamlmod.fork.patch.plan import PatchChange, Plan
from yamlmod.fork.python.answers import Definition, class_in
from yamlmod.fork.python.bindings import bindings
from yamlmod.fork.python.source import Source
from yamlmod.registry.code.digest import digest_of
from yamlmod.registry.code.signature import Signature, signature_of
from yamlmod.registry.template import Template


def existing_template(files: Files, fork: ForkFacts, name: str, rule: str | None) -> Template:
    """Return the fork's own class as a template without code; its rule is read off its text."""
    common, function = read_common(files, fork), read_function(files, fork)
    _refuse_ours(common, find_blocks(common), name)
    answer = _class_of(fork, function.source, name) or _class_of(fork, common, name)
    found = None if answer is None else fork.graph.source(answer.path)
    if answer is None or found is None or not isinstance(answer.node, ast.ClassDef):
        raise Refusal(
            "no-such-class",
            f"{common.shown} defines no class {name}, and {function.source.shown} imports none",
            place=Place(common.shown),
            hint="without --use-existing, yamlmod adds its own",
        )
    known = place_of(function, name)
    branch = not known and named_in_chain(function, name)
    signature = _signature(fork, answer, answer.node, rule or known or None, branch)
    told = "from --rule" if rule else "as registered" if known else "from its signature"
    where = f"{found.shown}:{answer.node.lineno}"
    note = f"{name}{signature.text} of {where} has the rule {signature.rule}, {told}"
    if branch:
        note = (
            f"{function.node.name} has a branch of its own for {name}{signature.text} of {where}, "
            "which stays: what a row's args mean is for that branch to say"
        )
    return Template(
        name=name,
        class_name=name,
        file=where,
        version="existing",
        aliases=(),
        summary="",
        rule=signature.rule,
        python="?",
        torch="?",
        requirements=(),
        paper={},
        arguments=signature.arguments,
        wild=(),
        text="",
        origin="fork",
        license="",
        notes=(note,),
        open_ended=signature.open_ended,
    )


def _class_of(fork: ForkFacts, source: Source, name: str) -> Definition | None:
    return class_in(fork.graph.denotes_in_module(source.path, name))


def register_existing(files: Files, fork: ForkFacts, templates: Sequence[Template]) -> Plan:
    """Return the proven plan that makes parse_model know classes of the fork's own."""
    common, function = read_common(files, fork), read_function(files, fork)
    blocks = find_blocks(common)
    names = [template.name for template in templates]
    bound = {binding.name for binding in bindings(function.source.tree)}
    coming = [name for name in names if name not in bound and _defines(common, name)]
    hops = read_route(fork, common, function.source) if coming else ()
    reached = add_names(fork, hops, coming)
    left = [
        t for t in templates if place_of(function, t.name) or not named_in_chain(function, t.name)
    ]
    joined = register(function, left, fork.free_falls_to_else)
    marks = _markers(common, blocks, templates, reached, joined)
    plan = proven_plan(
        [
            *reached,
            (common, marks),
            (function.source, joined),
        ],
        names,
    )
    notes = [note for template in templates for note in template.notes]
    quiet = () if plan.texts else (f"{', '.join(names)}: nothing to register",)
    return Plan(plan.texts, plan.steps, (*notes, *plan.notes, *quiet))


def _refuse_ours(common: Source, blocks: dict[str, Block], name: str) -> None:
    block = blocks.get(name)
    if block is not None and block.origin != "fork":
        raise Refusal(
            "not-the-forks",
            f"the class {name} was installed by yamlmod",
            place=Place.at(common.shown, common.text, block.start),
            hint="omit --use-existing",
        )


def _signature(
    fork: ForkFacts, answer: Definition, node: ast.ClassDef, rule: str | None, branch: bool
) -> Signature:
    """Return the signature; a branch of its own decides where the parameters say too little."""
    source = fork.graph.source(answer.path)
    place = Place(answer.path) if source is None else source.place(node)
    classes = _with_bases(fork, answer)
    try:
        return signature_of(node, classes, place, rule)
    except Refusal as error:
        if not branch or error.code != "unclear-rule":
            raise
        return signature_of(node, classes, place, "free")


def _with_bases(fork: ForkFacts, answer: Definition) -> dict[str, ast.ClassDef]:
    """Return the classes of the file, and those of other files that they derive from, by name."""
    found = fork.graph.source(answer.path)
    body = [] if found is None else found.tree.body
    classes = {one.name: one for one in body if isinstance(one, ast.ClassDef)}
    queue, seen = [answer], {answer}
    while queue:
        for base in fork.graph.bases(queue.pop()):
            known = class_in(base)
            if known is not None and known not in seen and isinstance(known.node, ast.ClassDef):
                seen.add(known)
                classes.setdefault(known.node.name, known.node)
                queue.append(known)
    return classes


def _defines(common: Source, name: str) -> bool:
    return any(binding.name == name for binding in bindings(common.tree))


def _markers(
    common: Source,
    blocks: dict[str, Block],
    templates: Sequence[Template],
    reached: Sequence[tuple[Source, PatchChange]],
    joined: PatchChange,
) -> PatchChange:
    """Return markers around nothing, by which unpatch knows what was registered and how."""
    edits = []
    for template in templates:
        done = [(imported_in(source.path), change) for source, change in reached]
        done.append(("branch", joined))
        adds = [
            word
            for word, change in done
            if any(key.split()[-1] == template.name for key in change.adds)
        ]
        adds = list(dict.fromkeys(adds))
        block = blocks.get(template.name)
        adds += [word for word in (block.adds if block else ()) if word not in adds]
        if not adds or (block and set(adds) == set(block.adds)):
            continue
        lines = [
            f"# yamlmod: begin {template.name} {template.version} sha256={digest_of('')} "
            f"origin=fork adds={','.join(adds)}",
            f"# yamlmod: end {template.name}",
        ]
        at = len(common.text) - len(common.newline) * common.text.endswith(common.newline)
        text = common.newline.join(lines)
        if block:
            edits.append(Edit(block.start, block.end, text))
        else:
            edits.append(Edit(at, at, common.newline * 3 + text))
    if len(edits) > 1 and len({edit.start for edit in edits}) < len(edits):
        edits = [Edit(edits[0].start, edits[0].end, "".join(edit.text for edit in edits))]
    return PatchChange(tuple(edits))
