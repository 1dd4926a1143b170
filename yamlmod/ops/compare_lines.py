"""Render a structural comparison as text lines and as plain data."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from yamlmod.model.document import Document
from yamlmod.model.reads import Input, Rerouted, Rewired
from yamlmod.ops.compare import Change, Comparison, Field

_WIDTH = 60


def comparison_lines(comparison: Comparison) -> list[str]:
    old, new = comparison.before.document, comparison.after.document
    return [
        *(f"removed   {_row(old, layer)}" for layer in comparison.removed),
        *(
            f"added     {_row(new, layer)}, reads {_inputs(comparison, layer)}"
            for layer in comparison.added
        ),
        *(_replaced(comparison, change) for change in comparison.replaced),
        *(
            f"changed   {_name(comparison, c.old, c.new)}: {fields_text(c.fields)}"
            for c in comparison.changed
        ),
        *(_input(comparison, item, "lost") for item in comparison.lost),
        *(_input(comparison, item, "gained") for item in comparison.gained),
        *(_rerouted(comparison, read) for read in comparison.rerouted),
        *(_rewired(comparison, read) for read in comparison.rewired),
        *(f"setting   {fields_text((field,))}" for field in comparison.settings),
    ]


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """Return the same as plain data; indices are the first file's where the key says `old`."""
    old, new = comparison.before.document, comparison.after.document
    return {
        "equal": comparison.equal,
        "added": [_layer(new, layer) for layer in comparison.added],
        "removed": [_layer(old, layer) for layer in comparison.removed],
        "replaced": [asdict(change) for change in comparison.replaced],
        "changed": [asdict(change) for change in comparison.changed],
        "lost": [item._asdict() for item in comparison.lost],
        "gained": [item._asdict() for item in comparison.gained],
        "rerouted": [read._asdict() for read in comparison.rerouted],
        "rewired": [read._asdict() for read in comparison.rewired],
        "settings": [asdict(field) for field in comparison.settings],
        "pairs": [list(pair) for pair in comparison.alignment.pairs],
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


def _inputs(comparison: Comparison, layer: int) -> str:
    reads = comparison.after.graph.reads[layer]
    return ", ".join(comparison.after.document.describe(read.target) for read in reads) or "nothing"


def _name(comparison: Comparison, old: int, new: int) -> str:
    """Return a layer by its new number, and by the old one where that differs."""
    name = comparison.after.document.describe(new)
    return name if old == new else f"{name} (was {old})"


def _replaced(comparison: Comparison, change: Change) -> str:
    old, new = comparison.before.document, comparison.after.document
    line = f"replaced  {_row(old, change.old)} by {_row(new, change.new)}"
    rest = [field for field in change.fields if field.name not in ("module", "args")]
    return f"{line}; {fields_text(tuple(rest))}" if rest else line


def fields_text(fields: tuple[Field, ...]) -> str:
    """Return values that differ as `args [1] -> [2]; number 3 -> 6`."""
    return "; ".join(f"{f.name} {_value(f.before)} -> {_value(f.after)}" for f in fields)


def _value(value: Any) -> str:
    if isinstance(value, list):
        text = "[" + ", ".join(map(_value, value)) + "]"
    else:
        text = "none" if value is None else str(value)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."


def _input(comparison: Comparison, read: Input, verb: str) -> str:
    document = comparison.before.document if verb == "lost" else comparison.after.document
    name = _name(comparison, read.old_reader, read.reader)
    return f"{verb:<9} {name}: input {document.describe(read.target)} (from[{read.slot}])"


def _rerouted(comparison: Comparison, read: Rerouted) -> str:
    old, new = comparison.before.document, comparison.after.document
    ways = [f"through {new.describe(layer)}" for layer in read.through]
    ways += [f"past {old.describe(layer)}" for layer in read.past]
    reader = _name(comparison, read.old_reader, read.reader)
    kept = [layer for layer in (read.old_target,) if layer not in read.past]
    source = f" to {_kept(comparison, kept[0])}" if kept else f", reads {new.describe(read.target)}"
    return f"rerouted  {reader} from[{read.slot}] {', '.join(ways)}{source}"


def _kept(comparison: Comparison, layer: int) -> str:
    place = comparison.alignment.to_new(layer)
    return comparison.after.document.describe(layer if place is None else place)


def _rewired(comparison: Comparison, read: Rewired) -> str:
    reader = _name(comparison, read.old_reader, read.reader)
    now = comparison.after.document.describe(read.target)
    was = comparison.before.document.describe(read.old_target)
    if read.kept is None:
        fate = "which was removed"
    elif read.old_target < 0:
        fate = "which it can no longer reference"
    else:
        fate = f"now {comparison.after.document.describe(read.kept)}"
        fate += ": expected " + " or ".join(map(str, read.expected)) if read.expected else ""
    return f"rewired   {reader} from[{read.slot}] {read.value} reads {now}; it read {was}, {fate}"
