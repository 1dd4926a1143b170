"""Decide which layers can be removed, and what their readers read instead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from yamlmod.errors import Refusal, one_of
from yamlmod.model.graph import is_output_row
from yamlmod.model.known_modules import JOINS, MANY_OUTPUTS
from yamlmod.model.network import Network
from yamlmod.model.refs import IMAGE


def choose(model: Network, layers: Sequence[int], sources: Collection[int]) -> Mapping[int, int]:
    """Return what is read instead of each layer that joins inputs, as ``sources`` says.

    Raises Refusal where a layer joins some and ``sources`` names none or more of them, and where
    ``sources`` names a layer that is the input of none.
    """
    chosen: dict[int, int] = {}
    for layer in sorted(set(layers) - {model.graph.head}):
        targets = [read.target for read in model.graph.reads[layer]]
        named = sorted(set(targets) & set(sources))
        if not joins(model, layer) or not (named or model.readers(layer)):
            continue
        if len(named) != 1:
            raise _several(model, layer, targets, named)
        chosen[layer] = named[0]
    unused = sorted(set(sources) - set(chosen.values()))
    if unused:
        name = model.document.describe(unused[0])
        raise Refusal(
            "usage", f"--from: {name} is not an input of any of these layers that joins inputs"
        )
    return chosen


def joins(model: Network, layer: int) -> bool:
    """Whether a layer joins inputs: by their number, or because it is known to."""
    kind = model.kind(model.rows[layer].module)
    return len(model.graph.reads[layer]) != 1 or (kind is not None and kind.channels in JOINS)


def input_count(targets: Sequence[int]) -> str:
    """Say how many inputs a layer joins: a class that joins may have a row that names one."""
    return "inputs, of which the row names one" if len(targets) == 1 else f"{len(targets)} inputs"


def _several(model: Network, layer: int, targets: Sequence[int], named: Sequence[int]) -> Refusal:
    row, describe = model.document.rows[layer], model.document.describe
    names = one_of([describe(target) for target in targets])
    tail = (
        f", and --from names {len(named)} of them; name one"
        if named
        else "; what its readers should read instead is a design decision"
    )
    hints = [
        f"--from {target} makes its readers read {describe(target)}"
        for target in dict.fromkeys(targets)
        if target != IMAGE
    ]
    return Refusal(
        "joins-inputs",
        f"{describe(layer)} joins {input_count(targets)} ({names}){tail}",
        place=model.document.place(row.start, row.end),
        hint="\n".join(["choose the input that its readers read instead:", *hints[:5]]),
    )


def check(model: Network, layer: int, source: int | None) -> list[str]:
    """Refuse a layer whose readers could not read its input instead; warn where that is unknown.

    ``source`` is that input where the layer has several.
    """
    document, name = model.document, model.document.describe(layer)
    row = document.rows[layer]
    place = document.place(row.start, row.end)
    if layer == model.graph.head:
        raise Refusal("is-head", f"{name} is the head; a model needs a head", place=place)
    if document.head.listed and not document.head.refs and is_output_row(document, row):
        raise Refusal(
            "output-row",
            f"{document.describe(document.head.index)} collects the output of {name} and would "
            "lose an input",
            place=place,
        )
    below = input_of(model, layer) if source is None else source
    if below != IMAGE and document.rows[below].module in MANY_OUTPUTS:
        raise Refusal(
            "many-outputs",
            f"{name} reads {document.describe(below)}, which returns a list of tensors; its "
            "readers cannot take a list",
            place=place,
        )
    return _shape_warnings(model, layer, below) if model.readers(layer) else []


def _shape_warnings(model: Network, layer: int, source: int) -> list[str]:
    name, row = model.document.describe(layer), model.document.rows[layer]
    place = model.document.place(row.start, row.end)
    before, after = model.shapes[source], model.shapes[layer]
    if model.kind(model.rows[layer].module) is None:
        return [
            f"{name} is not a module that yamlmod knows: it is assumed to keep channels and stride"
        ]
    if before.stride != after.stride and before.stride and after.stride:
        raise Refusal(
            "changes-stride",
            f"{name} changes the stride from {before.stride:g} to "
            f"{after.stride:g}; its readers cannot take its input",
            place=place,
        )
    pairs = zip(model.shapes.scales, before.real, after.real, strict=True)
    for scale, inner, outer in pairs:
        if inner is not None and outer is not None and inner != outer:
            where = "" if scale.name == "file" else f" (scale {scale.name})"
            raise Refusal(
                "changes-channels",
                f"{name} changes the channels from {inner} to "
                f"{outer}{where}; its readers cannot take its input",
                place=place,
            )
    if None in after.real or None in before.real:
        return [f"the channels around {name} are not known: it is assumed to keep them"]
    return []


def input_of(model: Network, layer: int) -> int:
    """Return what the readers of a layer read without it, where no input was chosen.

    Of several it is the layer above; but only for readers that do not reach the head.
    """
    targets = [read.target for read in model.graph.reads[layer]]
    return layer - 1 if layer - 1 in targets or not targets else targets[0]


def dead_reader_note(model: Network, reader: int, old: int, new: int) -> list[str]:
    """Say that a layer which reaches no head reads other channels, where it may do so."""
    before, after = model.shapes[old], model.shapes[new]
    is_same = before.real == after.real and before.stride == after.stride
    if reader in model.alive or (is_same and None not in before.real):
        return []
    names = [
        model.document.describe(layer) + ("" if shape.nominal is None else f" ({shape.nominal})")
        for layer, shape in ((old, before), (new, after))
    ]
    return [
        f"{model.document.describe(reader)} does not reach the head; it read {names[0]} and now "
        f"reads {names[1]}, perhaps with other channels"
    ]
