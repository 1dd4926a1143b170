"""Proof before every write: the same operation on plain lists by another route, and contraction.

Nothing here uses Document, spans or the shift arithmetic of the operations. Layers are labels, a
row is a plain list as a YAML loader gives it, and numbers are derived from the labels' order.
No `assert`: the proof also runs under `python -O`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yamlmod.errors import ProofFailedError, Refusal
from yamlmod.model.document import Document
from yamlmod.model.parse import load_plain
from yamlmod.model.refs import SpellingRule

Label = tuple[str, int]
_IMAGE: Label = ("image", 0)


@dataclass(frozen=True)
class Insertion:
    """What the operation claims to do: a layer behind ``after``, serving these (reader, slot)."""

    after: int
    module: str
    args: list[Any]
    claims: frozenset[tuple[int, int]]


@dataclass(frozen=True)
class _Net:
    """A model as labels: their order, each one's inputs, and whether it spells them negative."""

    order: list[Label]
    inputs: dict[Label, list[Label]]
    negative: dict[Label, list[bool]]
    rows: dict[Label, list[Any]]


def prove_insertion(
    document: Document, text: str, insertions: Sequence[Insertion], rule: SpellingRule
) -> None:
    """Raise ProofFailedError unless ``text`` is the document with exactly these insertions."""
    old, new = _load(document.text, document), _load(text, document)
    net = _net(_rows(old))
    for number, insertion in enumerate(insertions):
        _insert(net, ("new", number), insertion)
    _compare(_written(net, _rows(new), rule), _rows(new), document)
    _compare_rest(old, new, document)
    _contract(
        net, [("new", number) for number in range(len(insertions))], _net(_rows(old)), document
    )


def prove_removal(
    document: Document, text: str, removed: Sequence[int], rule: SpellingRule
) -> None:
    """Raise ProofFailedError unless ``text`` is the document without exactly these layers."""
    old, new = _load(document.text, document), _load(text, document)
    net = _net(_rows(old))
    for layer in removed:
        _remove(net, ("old", layer))
    _compare(_written(net, _rows(new), rule), _rows(new), document)
    _compare_rest(old, new, document)


def _load(text: str, document: Document) -> Mapping[str, Any]:
    try:
        return load_plain(text, document.shown)
    except Refusal as error:
        raise ProofFailedError(
            f"the new text does not load: {error.message}", place=error.place
        ) from error


def _rows(data: Mapping[str, Any]) -> list[list[Any]]:
    return [*data["backbone"], *data["head"]]


def _net(rows: list[list[Any]]) -> _Net:
    order: list[Label] = [("old", i) for i in range(len(rows))]
    inputs: dict[Label, list[Label]] = {}
    negative: dict[Label, list[bool]] = {}
    for position, row in enumerate(rows):
        sources = row[0] if isinstance(row[0], list) else [row[0]]
        # Python's own indexing answers what a negative number names.
        above = [_IMAGE] if position == 0 else order[:position]
        inputs[order[position]] = [above[v] if v < 0 else order[v] for v in sources]
        negative[order[position]] = [v < 0 for v in sources]
    return _Net(order, inputs, negative, dict(zip(order, rows, strict=True)))


def _insert(net: _Net, label: Label, insertion: Insertion) -> None:
    source: Label = ("old", insertion.after) if insertion.after >= 0 else _IMAGE
    for reader, inputs in net.inputs.items():
        for slot in range(len(inputs)):
            if reader[0] == "old" and (reader[1], slot) in insertion.claims:
                if inputs[slot] != source:
                    raise ProofFailedError(f"{reader} does not read {source} in place {slot}")
                inputs[slot] = label
    position = 0 if source == _IMAGE else net.order.index(source) + 1
    while position < len(net.order) and net.order[position][0] == "new":
        position += 1  # two layers on edges of one source stand in the order they were asked for
    net.order.insert(position, label)
    net.inputs[label] = [source]
    net.negative[label] = [True]
    net.rows[label] = [-1, 1, insertion.module, insertion.args]


def _remove(net: _Net, label: Label) -> None:
    (source,) = net.inputs.pop(label)
    net.order.remove(label)
    for inputs in net.inputs.values():
        inputs[:] = [source if item == label else item for item in inputs]


def _written(net: _Net, found: list[list[Any]], rule: SpellingRule) -> list[list[Any]]:
    """Return the rows the net says, in the spelling each reference had."""
    index = {label: position for position, label in enumerate(net.order)}
    index[_IMAGE] = -1
    rows = []
    for label in net.order:
        old = net.rows[label]
        single = not isinstance(old[0], list)
        before = [old[0]] if single else old[0]
        values = []
        for slot, source in enumerate(net.inputs[label]):
            distance, absolute = index[source] - index[label], index[source]
            negative = net.negative[label][slot] or source == _IMAGE
            value = distance if negative else absolute
            kept = label[0] == "old" and value == before[slot]
            in_head = label == net.order[-1]
            if not kept and rule.misreads(value, not single, in_head):
                value = absolute if value < 0 else distance
            values.append(value)
        rows.append([values[0] if single else values, *old[1:]])
    return rows


def _compare(wanted: list[list[Any]], found: list[list[Any]], document: Document) -> None:
    if len(wanted) != len(found):
        raise ProofFailedError(f"{document.shown}: {len(found)} rows in place of {len(wanted)}")
    for position, (one, other) in enumerate(zip(wanted, found, strict=True)):
        if not _same(one, other):
            raise ProofFailedError(
                f"{document.shown}: layer {position} is {other}, and {one} was planned"
            )


def _same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal and of the same kind; `None` may be spelled."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if one is None and other == "None":
        return True
    return type(one) is type(other) and bool(one == other)


def _compare_rest(old: Mapping[str, Any], new: Mapping[str, Any], document: Document) -> None:
    tables = ("backbone", "head")
    before = {key: value for key, value in old.items() if key not in tables}
    after = {key: value for key, value in new.items() if key not in tables}
    if list(old) != list(new) or before != after:
        raise ProofFailedError(f"{document.shown}: a value outside the tables changed")


def _contract(net: _Net, labels: Sequence[Label], old: _Net, document: Document) -> None:
    """Take the new layers out again and compare the wiring with the one it started from."""
    for label in reversed(labels):
        _remove(net, label)
    if net.order != old.order or net.inputs != old.inputs:
        raise ProofFailedError(f"{document.shown}: the old layers are wired differently")
