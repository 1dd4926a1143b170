"""Tell the depth and width that a model YAML is built with, and where two of them differ."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from yamlmod.usecases.model_file import Target

# As ultralytics finds a scale in a name.
_SCALE = re.compile(r"yolo(?:e-)?v?\d+([nslmx])")
_NAMES = ("depth_multiple", "width_multiple", "max_channels")


class NetworkSize(NamedTuple):
    """The multiples of a network, and the scale whose row of `scales:` they are."""

    scale: str
    multiples: tuple[Any, ...]


def named_scale(target: Target) -> str:
    """Return the scale that the name of a YAML has; empty where it has none."""
    match = _SCALE.search(target.cfg.stem)
    return match[1] if match else ""


def network_size(target: Target) -> NetworkSize:
    settings = target.model.document.settings
    table = settings.get("scales")
    rows = {str(name): row for name, row in table.items()} if isinstance(table, dict) else {}
    if rows:
        named = named_scale(target)
        scale = named if named in rows else next(iter(rows))
        row = rows[scale]
        if isinstance(row, list):
            return NetworkSize(scale, tuple(row[:3]))
    return NetworkSize("", tuple(settings.get(name, 1.0) for name in _NAMES[:2]))


def size_difference(before: Target, after: Target) -> str:
    """Say in one sentence that two YAMLs are of other width or depth; empty if they are not."""
    old, new = network_size(before), network_size(after)
    pairs = zip(_NAMES, old.multiples, new.multiples, strict=False)
    names = [name for name, first, second in pairs if first != second]
    if not names:
        return ""
    if old.scale and new.scale and old.scale != new.scale:
        what = f"scale ({old.scale} in {before.cfg.name}, {new.scale} in {after.cfg.name})"
        return f"the files differ in {what}: give both the same"
    values = [
        f"{name} ({old.multiples[_NAMES.index(name)]} in {before.cfg.name}, "
        f"{new.multiples[_NAMES.index(name)]} in {after.cfg.name})"
        for name in names
    ]
    return f"the files differ in {' and '.join(values)}: give both the same"
