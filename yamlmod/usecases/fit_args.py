"""Find the args of a new row by reading the fork's code; refuse what it cannot build."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from yamlmod.errors import Place, Refusal
from yamlmod.fork.python.answers import Missing
from yamlmod.fork.read.answers import spelled
from yamlmod.fork.read.arguments import ArgsAnswer, BeforeReadings, RowSearch, TriedArgs
from yamlmod.fork.read.network import ForkReader
from yamlmod.fork.read.problems import scales_of
from yamlmod.fork.read.rows import args_of, with_args
from yamlmod.model.network import Network
from yamlmod.model.parse import load_as_fork
from yamlmod.ops.operations.insert.plan import insert, plan_insert
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.operations.replace import plan as replacing
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.positions import Position
from yamlmod.ops.rows import args_for, module_name
from yamlmod.registry.catalogue import find, near_names

if TYPE_CHECKING:
    from yamlmod.registry.template import Template


def fork_name(reader: ForkReader, word: str, known: bool = False) -> str:
    """Return the name by which the fork knows a class: the word itself, else the registry's."""
    names = [word] if known else list(dict.fromkeys([word, module_name(word)]))
    for name in names:
        root = name.split(".")[0]
        if not isinstance(reader.graph.denotes(reader.parser, root), Missing) or "." in name:
            return name
    hint = f"`yamlmod patch REPO {word}` puts it there, `yamlmod add` does both"
    if ".py" not in word and find(word) is None:
        near = near_names(names[-1], 0.65)
        hint = f"did you mean {' or '.join(near[:2])}?\n" if near else ""
        hint += (
            "the registry has no such module either (`yamlmod list`); a class of your own is put "
        )
        hint += "there by `yamlmod patch REPO FILE.py:CLASS`"
    raise Refusal(
        "unresolved-name",
        f"{_shown(reader)} knows no class {names[-1]}, so no row of it can be built",
        hint=hint,
    )


def insert_fitting(reader: ForkReader, model: Network, request: Request) -> Outcome:
    """Insert rows whose args the fork builds right at every scale of the file."""
    probe = plan_insert(model, request._replace(placed=((),) * len(request.positions)))
    data = load_as_fork(probe.text, model.document.shown)
    before = _before(reader, model, probe)
    layers = [layer.index for layer in probe.inserted]
    placed: list[tuple[Any, ...]] = []
    warnings: list[str] = []
    for number, (position, layer) in enumerate(zip(request.positions, layers, strict=True)):
        search = RowSearch(reader, data, layer, before, frozenset(layers[number + 1 :]))
        if request.args is None:
            args = _found(reader, search, probe.inserted[number].module, model, request, position)
        else:
            args = request.args
            if request.template is not None and request.template.origin not in ("file", "fork"):
                args = args_for(model, request.template, position, args, request.sources)
            warnings += _checked(reader, search, probe.inserted[number].module, args)
        placed.append(tuple(args))
        data = with_args(data, layer, args)
    outcome = insert(model, request._replace(placed=tuple(placed)))
    return outcome._replace(warnings=(*outcome.warnings, *dict.fromkeys(warnings)))


def replace_fitting(
    reader: ForkReader,
    model: Network,
    layer: int,
    module: str,
    args: Sequence[Any] | None,
    force: bool,
    number: int | None = None,
    template: Template | None = None,
) -> Outcome:
    """Replace a row by one whose args the fork builds right, with the output of the old row.

    ``template`` is that of the class; without it the registry is asked for the name.
    """
    given = None if args is None else list(args)
    if template is None or template.origin == "fork":
        template = find(module)  # a class of the fork's own with that name mostly takes the same
    if number is None and template is not None and template.rule != "csp":
        number = 1  # only a block is repeated
    probe = replacing.plan_replace(
        model, layer, module, given, force=True, placed=True, number=number
    )
    data = load_as_fork(probe.text, model.document.shown)
    before = _before(reader, model, probe)
    search = RowSearch(reader, data, layer, before, replaced=layer)
    if given is not None:
        warnings = _checked(reader, search, module, given)
    elif template is not None and template.joins:
        # Its channels follow from its inputs; where they change, the edit says so.
        given = replacing.registry_args(model, model.document.rows[layer], template, None) or []
        _checked(reader, search, module, given)
        warnings = []
    else:
        first, behind = _first_args(model, layer, template)
        answer = search.search(first, behind)
        if answer.best is None:
            raise _refusal(reader, module, f"layer {layer}", answer)
        given = list(answer.best.args)
        warnings = [*_unknown(reader, module, answer.best), *_copies(module, answer.best)]
        if behind and given[-len(behind) :] == behind:
            warnings += replacing.kept_args(model, model.document.rows[layer], module)
    outcome = replacing.replace(
        model, layer, module, given, force=force, placed=True, number=number
    )
    return outcome._replace(warnings=(*outcome.warnings, *warnings))


def _first_args(
    model: Network, layer: int, template: Template | None
) -> tuple[list[Any] | None, list[Any]]:
    """Return the args to try first, and what may stand behind other channels.

    The args of the old row mean something else to most modules: [1024, 5] would be a kernel for
    SPPF, and a reduction for SE. Of a class that the registry does not hold nothing is known.
    """
    row = model.document.rows[layer]
    kept = args_of(load_as_fork(model.document.text, model.document.shown), layer) or []
    if template is None:
        return kept, kept[1:]
    try:
        first = replacing.registry_args(model, row, template, None)
    except Refusal as error:
        if error.code not in ("unknown-channels", "channels-differ"):
            raise
        return None, []  # the fork may know the channels
    return (kept, kept[1:]) if first is None else (first, [])


def _before(reader: ForkReader, model: Network, probe: Outcome) -> BeforeReadings:
    data = load_as_fork(model.document.text, model.document.shown)
    return BeforeReadings(reader, data, scales_of(data), probe.mapping)


def _found(
    reader: ForkReader,
    search: RowSearch,
    name: str,
    model: Network,
    request: Request,
    position: Position,
) -> Sequence[Any]:
    """Return the args that are right, else those of the rule where too little is known."""
    template = request.template
    first: list[Any] | None = None
    refused: Refusal | None = None
    try:
        if template is not None:
            first = args_for(model, template, position, None, request.sources)
    except Refusal as error:
        if error.code == "takes-channels":
            raise
        refused = error
    answer = search.search(first)
    best = answer.best
    if best is not None and best.fit == "right":
        return best.args
    if refused is not None:
        raise refused
    if best is None:
        raise _refusal(reader, name, position.asked, answer)
    if template is None:
        raise Refusal(
            "unknown-args",
            f"what {_shown(reader)} makes of {name} is not known ({best.reason}), so its args "
            "cannot be derived",
            hint="give them as they shall be in the row, for example --args '[]' or --args '[256]'",
        )
    return best.args


def _checked(reader: ForkReader, search: RowSearch, name: str, args: Sequence[Any]) -> list[str]:
    """Refuse args that cannot be built, with those that can; warn of what fits badly."""
    fit = search.fit(args)
    if fit.fit == "unfit":
        return [f"--args {spelled(list(args))}: {fit.reason}{_at(fit.scale)}"]
    if fit.fit != "fails":
        return []
    proposal = search.search(None, args).best
    hint = "leave --args out, and the args are searched"
    if proposal is not None and proposal.fit == "right":
        hint = f"write --args '{spelled(list(proposal.args))}'"
    raise Refusal(
        "cannot-build",
        f"{_shown(reader)} cannot build {name} with {spelled(list(args))}: "
        f"{fit.reason}{_at(fit.scale)}",
        place=_branch(reader, fit.branch),
        hint=hint,
    )


def _refusal(reader: ForkReader, name: str, where: str, answer: ArgsAnswer) -> Refusal:
    lines = [f"{spelled(list(one.args))}: {one.reason}{_at(one.scale)}" for one in answer.tried]
    return Refusal(
        "no-fitting-args",
        f"{where}: with none of the args tried does {_shown(reader)} build {name} for the channels "
        "that are there",
        place=_branch(reader, answer.branch),
        hint="\n".join(["tried", *(f"  {line}" for line in lines), "--args gives others"]),
    )


def _unknown(reader: ForkReader, name: str, tried: TriedArgs) -> list[str]:
    if tried.fit == "right":
        return []
    return [
        f"what {_shown(reader)} makes of {name} is not known ({tried.reason}): that "
        f"{spelled(list(tried.args))} fits is taken on trust"
    ]


def _copies(name: str, tried: TriedArgs) -> list[str]:
    if tried.copies == 1:
        return []
    return [
        f"the row's number builds {tried.copies} {name} in sequence: {name} has no repeats inside"
    ]


def _at(scale: str) -> str:
    return f" at scale {scale}" if scale else ""


def _shown(reader: ForkReader) -> str:
    source = reader.graph.source(reader.parser)
    name = reader.function.node.name if reader.function else "the parse function"
    return f"{name} of {source.shown if source else reader.parser}"


def _branch(reader: ForkReader, line: int | None) -> Place | None:
    """Return the place of the branch of the parse function that took the row."""
    source = reader.graph.source(reader.parser)
    if source is None or line is None:
        return None
    text = source.text.split("\n")[line - 1].rstrip("\r")
    column = len(text) - len(text.lstrip())
    return Place(source.shown, line, column + 1, text, max(1, len(text) - column))
