"""Read a template: its manifest, and the text of its code."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from yamlmod.errors import Place, Refusal
from yamlmod.registry.fields import (
    both_texts,
    code,
    line,
    lines,
    plain,
    scalars,
    table,
    tables,
    texts,
)
from yamlmod.registry.rules import EVERY_RULE
from yamlmod.registry.template import (
    ARGUMENT_TYPES,
    BOUND_SIGNS,
    MODULE_KINDS,
    Argument,
    Channels,
    Reference,
    Resize,
    Template,
    WildRow,
)
from yamlmod.registry.toml import load_toml
from yamlmod.workspace.disk import UnfitError

KINDS = ("official", "port", "none")
# What can be wrong with a manifest that anyone may have written.
_WRONG = (
    *(KeyError, TypeError, AttributeError, ValueError, OSError, SyntaxError),
    *(OverflowError, RecursionError, MemoryError),
)


def read_template(
    folder: Path, below: Path | None = None, in_block: bool = False, later: bool = False
) -> Template:
    """Read ``folder/manifest.toml`` and the file it names; a Refusal says what is wrong.

    With ``below``, no link leads out of that folder: for a template that a repository brings.
    ``in_block`` is for the attention that a block wraps, which is not a block itself. With
    ``later``, the code of a block is composed when it is used: for parts that are known to fit.
    """
    shown = f"{folder.name}/manifest.toml"
    try:
        data = load_toml(folder / "manifest.toml", below)
        if "wraps" in data and in_block:
            raise ValueError("a block cannot wrap a block")
        if "wraps" in data:
            # Only then is the rewriting of code worth its import.
            from yamlmod.registry.composed import composed, wrapped_folder

            inner = read_template(wrapped_folder(folder, data), below, in_block=True)
            template = composed(folder, data, inner, below)
            return template if later else template._replace(text=template.source)
        return _template(folder, data, below)
    except _WRONG as error:
        what = f"missing key {error}" if isinstance(error, KeyError) else str(error)
        if isinstance(error, UnfitError):  # a path of this machine would come with it
            what = f"{Path(str(error.filename)).name} is not read: {error.strerror}"
        raise Refusal("bad-manifest", what[:400], place=Place(shown)) from error


def manifest_names(folder: Path) -> tuple[str, ...]:
    """Return every name that a manifest gives its module; a Refusal says what is wrong with it."""
    try:
        data = load_toml(folder / "manifest.toml")
        aliases = (*lines(data, "aliases"), *lines(data, "names_zh", []))
        return (line(data, "name"), line(data, "class"), *aliases)
    except _WRONG:
        return read_template(folder).names  # which says it


def manifest_name(folder: Path, below: Path | None = None) -> str:
    """Return the name that a manifest gives, or the folder's where it cannot be read."""
    try:
        return line(load_toml(folder / "manifest.toml", below), "name", folder.name)
    except _WRONG:
        return folder.name


def _template(folder: Path, data: Mapping[str, Any], below: Path | None) -> Template:
    if data["rule"] not in tuple(EVERY_RULE):  # a list has no hash
        known = ", ".join(EVERY_RULE)
        raise TypeError(f"rule must be one of {known}, got {reprlib.repr(data['rule'])}")
    file = line(data, "file")
    (limits, limits_zh), (other, other_zh) = (
        both_texts(data, key) for key in ("limits", "other_code")
    )
    return Template(
        name=line(data, "name"),
        class_name=line(data, "class"),
        file=f"{folder.name}/{file}",
        version=line(data, "version"),
        aliases=lines(data, "aliases"),
        summary=line(data, "summary"),
        names_zh=lines(data, "names_zh", []),
        summary_zh=line(data, "summary_zh", ""),
        kind=_kinds(lines(data, "kind", [])),
        rule=data["rule"],
        python=line(data, "python"),
        torch=line(data, "torch"),
        requirements=lines(data, "requirements"),
        paper=plain(data, "paper"),
        arguments=tuple(map(_argument, tables(data, "arguments"))),
        wild=tuple(map(_wild_row, tables(data, "wild"))),
        reference=_reference(texts(data, "reference")),
        channels=_channels(table(data, "channels", {})),
        identity=_identity(table(data, "identity", {})),
        limits=limits,
        limits_zh=limits_zh,
        weights=line(table(data, "cost", {}), "weights", ""),
        resize=_resize(table(data, "resize", {}), tables(data, "arguments")),
        other_code=other,
        other_code_zh=other_zh,
        text=code(folder, file, below),
    )


def _identity(item: Mapping[str, Any]) -> dict[str, float]:
    return {key: float(value) for key, value in table(item, "set", {}).items()}


def _kinds(words: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [word for word in words if word not in MODULE_KINDS]
    if unknown:
        raise TypeError(f"kind must be of {', '.join(MODULE_KINDS)}, got {unknown[0]!r}")
    return words


def _reference(item: Mapping[str, str]) -> Reference:
    found = Reference(**item)
    if found.kind not in KINDS:
        raise TypeError(f"reference.kind must be one of {', '.join(KINDS)}, got {found.kind!r}")
    return found


def _channels(item: Mapping[str, Any]) -> Channels:
    refused, equal = tuple(map(int, item.get("refused", ()))), item.get("equal", False)
    if not isinstance(equal, bool):
        raise TypeError(f"channels.equal must be true or false, got {reprlib.repr(equal)}")
    inputs = item.get("inputs", 0)
    if type(inputs) is not int or (inputs < 2 and "inputs" in item):
        raise TypeError(
            f"channels.inputs must be an integer of at least 2, got {reprlib.repr(inputs)}"
        )
    return Channels(line(item, "rule", ""), refused, line(item, "rule_zh", ""), equal, inputs)


def _resize(item: Mapping[str, Any], arguments: Sequence[Mapping[str, Any]]) -> Resize:
    up, down = line(item, "up", ""), item.get("down", 1)
    if type(down) is not int or down < 1:
        raise TypeError(f"resize.down must be an integer of at least 1, got {reprlib.repr(down)}")
    defaults = {line(argument, "name"): line(argument, "default") for argument in arguments}
    if up and not defaults.get(up, "").strip("0").isdecimal():
        raise ValueError(f"resize.up must name an argument whose default is an integer, got {up!r}")
    if up and down > 1:
        raise ValueError("resize has up or down, not both")
    return Resize(up, down)


def _argument(item: Mapping[str, Any]) -> Argument:
    if item["type"] not in ARGUMENT_TYPES:
        known = ", ".join(ARGUMENT_TYPES)
        raise TypeError(f"argument type must be one of {known}, got {reprlib.repr(item['type'])}")
    bounds = tuple((kind, float(item[kind])) for kind in BOUND_SIGNS if kind in item)
    return Argument(
        name=line(item, "name"),
        type=item["type"],
        default=line(item, "default"),
        doc=line(item, "doc"),
        optional=bool(item.get("optional", False)),
        bounds=bounds,
        choices=scalars(item, "choices"),
        odd=bool(item.get("odd", False)),
        refused=scalars(item, "refused"),
        elsewhere=line(item, "elsewhere", ""),
        settled_by=line(item, "settled_by", ""),
        doc_zh=line(item, "doc_zh", ""),
        elsewhere_zh=line(item, "elsewhere_zh", ""),
    )


def _wild_row(item: Mapping[str, Any]) -> WildRow:
    known = {key: line(item, key) for key in ("args", "verdict", "meaning", "write")}
    return WildRow(**known, meaning_zh=line(item, "meaning_zh", ""))
