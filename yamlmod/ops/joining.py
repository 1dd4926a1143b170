"""Modules of the registry that join several inputs: which inputs they take, and their args."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yamlmod.errors import Place, Refusal, one_of
from yamlmod.model.network import Network
from yamlmod.registry.template import Template


def check_inputs(
    model: Network, template: Template, layers: Sequence[int], place: Place | None = None
) -> None:
    """Refuse inputs that the module cannot join: another number, or strides that do not fit."""
    has_levels, most = template.rule == "level", template.most_inputs
    if has_levels and len(layers) != most:
        raise Refusal(
            "needs-inputs",
            f"{template.name} joins {most} levels, and would read {len(layers)}",
            place=place,
            hint=f"insert it with --from and {most} layers, the deepest first, for example "
            "--edge 17:24 --at-end --from 23,20,17",
        )
    if most and len(layers) > most:
        raise Refusal(
            "needs-inputs",
            f"{template.name} joins {most} inputs, and would read {len(layers)}",
            place=place,
            hint=f"it can replace a Concat or a sum of {most} inputs, or be inserted with --from "
            f"and {most} layers",
        )
    if len(layers) < 2:
        raise Refusal(
            "needs-inputs",
            f"{template.name} joins several inputs, and would read {len(layers)}",
            place=place,
            hint="it can replace a Concat or a sum, or be inserted with --from and two layers or "
            "more",
        )
    if template.channels.equal:
        _refuse_unequal(model, template, layers, place)
    strides = [model.shapes[layer].stride for layer in layers]
    known = [stride for stride in strides if stride is not None]
    if len(known) < len(strides):
        return
    wanted = [known[0] / 2**i if has_levels else known[0] for i in range(len(known))]
    if known != wanted:
        names = one_of([f"{model.document.describe(x)} at stride {s:g}"
                        for x, s in zip(layers, known, strict=True)])  # fmt: skip
        rule = "levels from the deepest on, each half the stride of the one before"
        raise Refusal(
            "operand-strides",
            f"{template.name} joins {rule if has_levels else 'inputs of one stride'}, "
            f"and would read {names}",
            place=place,
        )


def _refuse_unequal(
    model: Network, template: Template, layers: Sequence[int], place: Place | None
) -> None:
    """Refuse inputs of which it is known, at some scale, that their channels differ."""
    for at_scale in zip(*(model.shapes[layer].real for layer in layers), strict=True):
        if None in at_scale or len(set(at_scale)) == 1:
            continue
        names = one_of([f"{model.document.describe(x)} with {count:,}"
                        for x, count in zip(layers, at_scale, strict=True)])  # fmt: skip
        first, other = model.document.describe(layers[0]), at_scale[0]
        raise Refusal(
            "operand-channels",
            f"{template.name} joins inputs of equal channels, and would read {names} channels",
            place=place,
            hint=f"bring the others to the {other:,} channels of {first} first, by a Conv with "
            "kernel size 1",
        )


def refuse_list(model: Network, template: Template, sources: Sequence[int] | None) -> None:
    """Refuse several inputs for a module of the registry that takes one."""
    if sources is None or len(sources) < 2 or template.joins:
        return
    raise Refusal(
        "joins-inputs",
        f"{template.name} takes one input, and --from names {len(sources)}: "
        f"{one_of([model.document.describe(source) for source in sources])}",
        hint="leave --from out, or choose one that joins inputs (`yamlmod list --kind fusion`)",
    )


def joining_args(template: Template, layers: Sequence[int], served: int | None) -> list[Any]:
    """Return the args of a row that joins ``layers``: the level, where it has levels, or none.

    ``served`` is the input whose readers the new layer serves: the level that it is for.
    """
    if template.rule != "level":
        return []
    return [layers.index(served) if served in layers else 0]
