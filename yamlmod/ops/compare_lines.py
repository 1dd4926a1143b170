"""Render a structural comparison as text lines and as plain data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from yamlmod.model.document import Document
from yamlmod.model.reads import Input, Rerouted, Rewired
from yamlmod.ops.compare import Change, Comparison, Field

_WIDTH = 60


def comparison_lines(found: Comparison) -> list[str]:
    old, new = found.before.document, found.after.document
    return [
        *(f"removed   {_row(old, layer)}" for layer in found.removed),
        *(f"added     {_row(new, layer)}, reads {_inputs(found, layer)}" for layer in found.added),
        *(_replaced(found, change) for change in found.replaced),
        *(
            f"changed   {_name(found, c.old, c.new)}: {fields_text(c.fields)}"
            for c in found.changed
        ),
        *(_input(found, one, "lost") for one in found.lost),
        *(_input(found, one, "gained") for one in found.gained),
        *(_rerouted(found, read) for read in found.rerouted),
        *(_rewired(found, read) for read in found.rewired),
        *(f"setting   {fields_text((field,))}" for field in found.settings),
    ]


def comparison_data(found: Comparison) -> dict[str, Any]:
    """Return the same as plain data; indices are the first file's where the key says `old`."""
    old, new = found.before.document, found.after.document
    return {
        "equal": found.equal,
        "added": [_layer(new, layer) for layer in found.added],
        "removed": [_layer(old, layer) for layer in found.removed],
        "replaced": [asdict(change) for change in found.replaced],
        "changed": [asdict(change) for change in found.changed],
        "lost": [asdict(one) for one in found.lost],
        "gained": [asdict(one) for one in found.gained],
        "rerouted": [asdict(read) for read in found.rerouted],
        "rewired": [asdict(read) for read in found.rewired],
        "settings": [asdict(field) for field in found.settings],
        "pairs": [list(pair) for pair in found.alignment.pairs],
    }


def _layer(document: Document, index: int) -> dict[str, Any]:
    row = document.rows[index]
    return {
        "index": index,
        "from": row.from_value,
        "number": row.repeats,
        "module": row.module,
        "args": list(row.args),
    }


def _row(document: Document, index: int) -> str:
    return f"{document.describe(index)} {_value(list(document.rows[index].args))}"


def _inputs(found: Comparison, layer: int) -> str:
    reads = found.after.graph.reads[layer]
    return ", ".join(found.after.document.describe(read.target) for read in reads) or "nothing"


def _name(found: Comparison, old: int, new: int) -> str:
    """Return a layer by its new number, and by the old one where that differs."""
    name = found.after.document.describe(new)
    return name if old == new else f"{name} (was {old})"


def _replaced(found: Comparison, change: Change) -> str:
    old, new = found.before.document, found.after.document
    line = f"replaced  {_row(old, change.old)} by {_row(new, change.new)}"
    rest = [field for field in change.fields if field.name not in ("module", "args")]
    return f"{line}; {fields_text(tuple(rest))}" if rest else line


def fields_text(fields: tuple[Field, ...]) -> str:
    """Return values that differ as `args [1] -> [2]; number 3 -> 6`."""
    return "; ".join(f"{f.name} {_value(f.before)} -> {_value(f.after)}" for f in fields)


def _value(value: Any) -> str:
    if isinstance(value, list):
        shown = "[" + ", ".join(map(_value, value)) + "]"
    else:
        shown = "none" if value is None else str(value)
    return shown if len(shown) <= _WIDTH else shown[: _WIDTH - 3] + "..."


def _input(found: Comparison, one: Input, verb: str) -> str:
    document = found.before.document if verb == "lost" else found.after.document
    name = _name(found, one.old_reader, one.reader)
    return f"{verb:<9} {name}: input {document.describe(one.target)} (from[{one.slot}])"


def _rerouted(found: Comparison, read: Rerouted) -> str:
    old, new = found.before.document, found.after.document
    ways = [f"through {new.describe(layer)}" for layer in read.through]
    ways += [f"past {old.describe(layer)}" for layer in read.past]
    reader = _name(found, read.old_reader, read.reader)
    kept = [layer for layer in (read.old_target,) if layer not in read.past]
    source = f" to {_kept(found, kept[0])}" if kept else f", reads {new.describe(read.target)}"
    return f"rerouted  {reader} from[{read.slot}] {', '.join(ways)}{source}"


def _kept(found: Comparison, layer: int) -> str:
    place = found.alignment.to_new(layer)
    return found.after.document.describe(layer if place is None else place)


def _rewired(found: Comparison, read: Rewired) -> str:
    reader = _name(found, read.old_reader, read.reader)
    now = found.after.document.describe(read.target)
    was = found.before.document.describe(read.old_target)
    if read.kept is None:
        told = "which was removed"
    elif read.old_target < 0:
        told = "which it can no longer reference"
    else:
        told = f"now {found.after.document.describe(read.kept)}"
        told += ": expected " + " or ".join(map(str, read.expected)) if read.expected else ""
    return f"rewired   {reader} from[{read.slot}] {read.value} reads {now}; it read {was}, {told}"
