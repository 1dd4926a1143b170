"""Derive the args of a new row from the registry and the channels, or check given ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.model.refs import IMAGE
from yamlmod.ops.joining import joining_args
from yamlmod.ops.positions import Position
from yamlmod.registry.catalogue import find
from yamlmod.registry.class_names import is_row_name
from yamlmod.registry.template import Template, WildRow


def module_name(word: str) -> str:
    """Return the name that a row carries: the registry's for one of its modules or aliases."""
    template = find(word)
    if template is not None:
        return template.name
    return class_name(word)


def class_name(word: str) -> str:
    """Return the word if a row can carry it as a class name. Raises Refusal if not."""
    if is_row_name(word):
        return word
    raise Refusal(
        "bad-module",
        f"{word[:60]!r} is not a class name",
        hint="`yamlmod list` shows the modules of the registry",
    )


def args_for(
    model: Network,
    template: Template | None,
    position: Position,
    given: list[Any] | None,
    sources: Sequence[int] | None = None,
) -> list[Any]:
    """Return the args of the new row at ``position``; raises Refusal where they cannot be right.

    ``sources`` are the layers that it reads, where it joins some.
    """
    if template is None:
        return list(given or [])
    if position.reads == IMAGE and template.rule != "free":
        raise Refusal(
            "takes-channels",
            f"{template.name} takes its input's channels and cannot be "
            "layer 0, whose input is the image",
            hint="modules of rule `free` can; see `yamlmod list`",
        )
    if given is None and template.joins:
        return joining_args(template, list(sources or ()), position.reads)
    if given is None:
        _refuse_without(template)
        nominal = nominal_channels(model, position.reads) if template.takes_nominal else None
        return template.row_args(nominal)
    check_args(template, given)
    return list(given)


def _refuse_without(template: Template) -> None:
    """Refuse to guess an argument that the constructor has no default for."""
    needed = [argument.name for argument in template.arguments if argument.required]
    if needed:
        first = ["256"] if template.takes_nominal else []
        example = ", ".join([*first, *(["..."] * len(needed))])
        raise Refusal(
            "needs-args",
            f"{template.name} has no default for {', '.join(needed)}",
            hint=f"give the args of the row: --args '[{example}]'",
        )


def check_args(template: Template, given: list[Any]) -> None:
    """Refuse args that the module would read with another meaning."""
    values = [None if value == "None" else value for value in given]
    if template.takes_nominal:
        _check_channels(template, values)
        values = values[1:]
    if len(values) > len(template.arguments) and not template.open_ended:
        names = ", ".join(argument.name for argument in template.arguments) or "nothing"
        raise _bad_args(
            template,
            given,
            f"{template.name} takes {names} in its row, but {len(values)} values were given",
        )
    missing = [left.name for left in template.arguments[len(values) :] if left.required]
    if missing:
        raise _bad_args(
            template, given, f"{template.name} also needs {', '.join(missing)} in its row"
        )
    for argument, value in zip(template.arguments, values, strict=False):
        objection = argument.objection(value)
        if objection:
            raise _bad_args(template, given, f"{template.name}: {objection}")
    refused = _refused_row(template, given)
    if refused is not None:
        raise _bad_args(template, given, f"{template.name} does not take {given}")


def _check_channels(template: Template, values: list[Any]) -> None:
    first = values[0] if values else None
    if isinstance(first, bool) or not isinstance(first, int) or first < 1:
        raise _bad_args(
            template,
            values,
            f"{template.name}: the row's first argument is its output channels, got {first!r}",
        )


def _refused_row(template: Template, given: list[Any]) -> WildRow | None:
    """Return what the manifest says of these very args, where it says that they are refused."""
    spelled = re.sub("[ ']", "", str(given))
    rows = (row for row in template.wild if re.sub("[ ']", "", row.args) == spelled)
    return next((row for row in rows if row.verdict == "refused"), None)


def _bad_args(template: Template, given: list[Any], message: str) -> Refusal:
    row = _refused_row(template, given)
    if row is not None:
        return Refusal("bad-args", f"{message} ({row.meaning})", hint=f"write --args '{row.write}'")
    plain = "its nominal channels, or leave --args out" if template.takes_nominal else "'[]'"
    return Refusal(
        "bad-args",
        message,
        hint=f"write --args {plain}; `yamlmod info {template.name}` shows the arguments",
    )


def nominal_channels(model: Network, layer: int) -> int:
    """Return the number that scales to the layer's real channels at every scale of the file."""
    shape = model.shapes[layer]
    name = model.document.describe(layer)
    if shape.nominal is None or None in shape.real:
        raise Refusal(
            "unknown-channels",
            f"the output channels of {name} are not known",
            hint="yamlmod does not know a module before it; give the nominal channels "
            "yourself, for example --args '[256]'",
        )
    for scale, real in zip(model.shapes.scales, shape.real, strict=True):
        scaled = scale.scaled(shape.nominal)
        if scaled != real and scale.own:
            where = "" if scale.name == "file" else f" at scale {scale.name}"
            raise Refusal(
                "channels-differ",
                f"after {name} no nominal number of channels is right: "
                f"{shape.nominal} would give {scaled}{where}, the layer has {real}",
                hint="choose a layer after a Conv or C3, or a module of rule `same` or `free`",
            )
    return shape.nominal
