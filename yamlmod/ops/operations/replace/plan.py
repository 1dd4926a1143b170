"""Replace a layer: another module, the same wiring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Refusal
from yamlmod.model.document import Row
from yamlmod.model.known_modules import KNOWN, Kind
from yamlmod.model.network import Network
from yamlmod.model.parse import value_key
from yamlmod.model.render import render_args
from yamlmod.ops.as_name import KEY as AS
from yamlmod.ops.as_name import renamed_kind, template_under_its_name
from yamlmod.ops.chain import Plan, chain
from yamlmod.ops.joining import check_inputs, joining_args
from yamlmod.ops.network import read_network, registry_kinds
from yamlmod.ops.operation import Operation, RecipeOptions
from yamlmod.ops.operations.replace.replay import Replacement
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.proof import prove
from yamlmod.ops.rows import check_args, class_name, module_name, nominal_channels
from yamlmod.registry.catalogue import find
from yamlmod.registry.rules import TESTED_BLOCKS
from yamlmod.registry.template import Template


def replace(
    model: Network,
    layer: int,
    module: str,
    args: Sequence[Any] | None = None,
    *,
    force: bool = False,
    placed: bool = False,
    number: int | None = None,
    template: Template | None = None,
) -> Outcome:
    """Put ``module`` in the place of ``layer``; its references stay. Proven, or an error.

    Without ``args`` a module of the registry gets those that keep the layer's channels, and any
    other keeps the row's own. Raises Refusal where a stride would change, unless ``force``.
    ``placed``: a fork that knows the class was asked for the args, and the registry is not.
    ``number`` is the row's second column, ``template`` a class that the registry does not hold.
    """
    outcome = plan_replace(
        model,
        layer,
        module,
        args,
        force=force,
        placed=placed,
        number=number,
        template=template,
    )
    prove(model.document, outcome.text, outcome.steps)
    return outcome


def plan_replace(
    model: Network,
    layer: int,
    module: str,
    args: Sequence[Any] | None = None,
    *,
    force: bool = False,
    placed: bool = False,
    number: int | None = None,
    template: Template | None = None,
) -> Outcome:
    """Replace like :func:`replace`, but leave the proof to the caller."""
    row = model.document.rows[layer]
    own = template
    template = None if placed else own or find(module)
    name = class_name(module) if placed else own.name if own else module_name(module)
    warnings: list[str] = []
    values = None if args is None else list(args)
    if template is not None:
        warnings += template.row_warnings(module, values)
        values = registry_args(model, row, template, values)
    elif values is None:
        warnings += kept_args(model, row, name)
    # Only a block is repeated; an attention layer that replaces it is there once.
    stands_once = template is not None and template.rule != "csp"
    wanted = number if number is not None else 1 if stands_once else row.repeats
    repeats = wanted if row.repeats != wanted else None
    if values is not None and value_key(values) == value_key(row.args):
        values = None  # `[0x40]` says [64] and stays
    edits = _edits(model, row, repeats, name, values)
    text = apply_edits(model.document.text, edits)
    kinds = renamed_kind(template)
    after = read_network(text, model.document.shown, {**model.kinds, **kinds})
    _refuse_other_inputs(model, after, layer)
    warnings += _changed_shapes(model, after, layer, force)
    return Outcome(
        model=model,
        text=text,
        replaced=(layer,),
        told=(f"layer {layer} was {row.module} and is now {name}",),
        warnings=tuple(warnings),
        steps=(Replacement(layer, repeats, name, values),),
        mapping=tuple(range(len(model.document.rows))),
        kinds=kinds,
    )


def replace_all(
    model: Network,
    layers: Sequence[int],
    module: str,
    args: Sequence[Any] | None = None,
    *,
    force: bool = False,
    number: int | None = None,
    template: Template | None = None,
) -> Outcome:
    """Put ``module`` in the place of several layers, as one proof."""

    def step(layer: int) -> Plan:
        return lambda current: plan_replace(
            current, layer, module, args, force=force, number=number, template=template
        )

    return chain(model, [step(layer) for layer in dict.fromkeys(layers)])


def registry_args(
    model: Network, row: Row, template: Template, given: list[Any] | None
) -> list[Any] | None:
    """Return the args that a module of the registry gets in this place, None for the row's own."""
    if template.joins:
        targets = [read.target for read in model.graph.reads[row.index]]
        check_inputs(model, template, targets, model.document.place(row.start, row.end))
        if given is not None:
            check_args(template, given)
        return joining_args(template, targets, None) if given is None else given
    if row.listed:
        raise Refusal(
            "joins-inputs",
            f"{model.document.describe(row.index)} reads a list, and {template.name} takes one "
            "input",
            place=model.document.place(row.start, row.end),
            hint="insert it after this layer instead",
        )
    if given is not None:
        check_args(template, given)
        return given
    if _means_the_same(model, row, template):
        return None
    # Its own output channels, not those above: the layers below were built for them.
    nominal = nominal_channels(model, row.index) if template.takes_nominal else None
    return [*template.row_args(nominal), *template.args_for_factor(_growth(model, row.index))]


def _growth(model: Network, layer: int) -> float:
    """Return by how much a layer enlarges its input's map, 1 where that is not known."""
    reads, after = model.graph.reads[layer], model.shapes[layer].stride
    before = model.shapes[reads[0].target].stride if reads else None
    return 1.0 if before is None or after is None else before / after


def _means_the_same(model: Network, row: Row, template: Template) -> bool:
    """Return whether the row's args mean the same to ``template``: a C3 or a Conv, or its like."""
    like = Kind("scaled") if template.rule == "csp" else _kind(template.name)
    if template.rule not in ("csp", "conv") or _kind(row.module) != like or template.changes_size:
        return False
    if template.rule == "conv" and like != Kind("scaled", "arg2"):
        return False
    if orders_differently(row, template):
        return False
    try:
        check_args(template, list(row.args))
    except Refusal as error:
        if template.alike:  # those of C3k2 itself: without them it would be another block
            raise Refusal(
                error.code,
                error.message,
                place=model.document.place(*row.spans[3]),
                hint="leave this layer as it is, or give its args with --args",
            ) from error
        return False
    return True


def orders_differently(row: Row, template: Template) -> bool:
    """Check whether one is of C3k2's kind, whose second argument is c3k, and the other is not.

    What the arguments of a class of the user's own mean is not known by its kind.
    """
    if template.origin in ("file", "fork"):
        return False
    found = find(row.module)
    alike = found.alike if found is not None else row.module
    return template.alike != (alike if alike in TESTED_BLOCKS else "")


def kept_args(model: Network, row: Row, name: str) -> list[str]:
    """Return the warning that a class gets the args of another one, whose meaning may differ."""
    kind = _kind(name)
    if kind is not None and kind == _kind(row.module):
        return []
    spelled = model.document.text[slice(*row.spans[3])]
    return [
        f"{name} keeps the args of {row.module}, {spelled}, which may mean something "
        "else to it; set others with --args"
    ]


def _kind(module: str) -> Kind | None:
    return {**KNOWN, **registry_kinds([module])}.get(module)


def _edits(
    model: Network, row: Row, repeats: int | None, name: str, values: list[Any] | None
) -> list[Edit]:
    edits = []
    if name != row.module:
        edits.append(Edit(*row.spans[2], name))
    if repeats is not None:
        edits.append(Edit(*row.spans[1], str(repeats)))
    if values is not None:
        edits.append(Edit(*row.spans[3], render_args(model.document, row, values)))
    return edits


def _refuse_other_inputs(model: Network, after: Network, layer: int) -> None:
    """Refuse what a head with an empty `from` would answer by collecting other rows."""
    head, row = model.graph.head, model.document.rows[layer]
    if [r.target for r in model.graph.reads[head]] != [r.target for r in after.graph.reads[head]]:
        raise Refusal(
            "output-row",
            f"{model.document.describe(head)} has an empty `from` and collects rows by their "
            f"channels; with {after.document.describe(layer)} it would collect others",
            place=model.document.place(row.start, row.end),
        )


def _changed_shapes(model: Network, after: Network, layer: int, force: bool) -> list[str]:
    """Refuse a change of stride, and warn of other channels or of what is not known."""
    old, new = model.shapes[layer], after.shapes[layer]
    name = after.document.describe(layer)
    row = model.document.rows[layer]
    warnings = []
    if old.stride is not None and new.stride is not None and old.stride != new.stride:
        if not force:
            raise Refusal(
                "changes-stride",
                f"{name} would have stride {new.stride:g}, but "
                f"{model.document.describe(layer)} has {old.stride:g}",
                place=model.document.place(row.start, row.end),
                hint="give --args that keep the stride, or allow the change with --force",
            )
        warnings.append(f"{name} changes the stride from {old.stride:g} to {new.stride:g}")
    if None in new.real:
        warnings.append(f"the output channels of {name} are not known")
    elif None not in old.real and old.real != new.real:
        warnings.append(f"{name} changes the output channels from {old.nominal} to {new.nominal}")
    return warnings


def _from_recipe(model: Network, options: RecipeOptions) -> Outcome:
    module = options.module("with", "replace needs `with`, the new module")
    layers, force = options.layers(model, "replace"), options.flag("force")
    if not layers:
        raise options.refusal("replace takes at least one layer")
    number = options.count("number") if "number" in options.values else None
    template = template_under_its_name(options, module)
    name = module if template is None else template.name
    return replace_all(
        model, layers, name, options.args(), force=force, number=number, template=template
    )


OPERATION = Operation(
    "replace",
    ("with", "args", "number", "force", AS),
    _from_recipe,
    permits={"changes-stride": "force"},
)
