"""Proof before every write: the same operations on plain lists by another route, and contraction.

Nothing here uses Document, spans or the shift arithmetic of the operations. Layers are labels, a
row is a plain list as a YAML loader gives it, and numbers are derived from the labels' order.
No `assert`: the proof also runs under `python -O`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from yamlmod.errors import ProofFailedError, Refusal
from yamlmod.model.document import Document
from yamlmod.model.parse import load_plain
from yamlmod.model.refs import ANY_SPELLING, SpellingRule

Label = tuple[str, int]
_IMAGE: Label = ("image", 0)


class NewLayer(NamedTuple):
    """A layer behind ``after`` that takes over the reads (reader, slot) of ``claims``.

    ``sources`` is the list of layers that it reads; None for the one it stands behind.
    """

    after: int
    module: str
    args: Sequence[Any]
    claims: frozenset[tuple[int, int]]
    sources: Sequence[int] | None = None
    repeats: Any = 1


class Insertion(NamedTuple):
    """Layers put in at once; all indices are those of the file in front of this step."""

    layers: Sequence[NewLayer]


class Removal(NamedTuple):
    """Layers taken out at once; whoever read one reads its input."""

    layers: Sequence[int]


class Replacement(NamedTuple):
    """Another module in a layer's place; args None keeps the row's own."""

    layer: int
    repeats: Any
    module: str
    args: Sequence[Any] | None


class DroppedInput(NamedTuple):
    """One input of the head taken out, and the row of anchors that went with it, if one did."""

    head: int
    slot: int
    anchor: int | None


Step = Insertion | Removal | Replacement | DroppedInput


class _Net:
    """A model as labels: their order, what each one reads, and how it spells that."""

    def __init__(self, rows: Sequence[Sequence[Any]]):
        self.order: list[Label] = [("old", i) for i in range(len(rows))]
        self.rows: dict[Label, list[Any]] = {}
        self.values: dict[Label, list[int]] = {}
        self.inputs: dict[Label, list[Label]] = {}
        # What a new layer was put behind: what its readers read before.
        self.through: dict[Label, Label] = {}
        for position, row in enumerate(rows):
            label = self.order[position]
            self.rows[label] = list(row)
            self.values[label] = list(row[0]) if isinstance(row[0], list) else [row[0]]
            # Python's own indexing answers what a negative number names.
            above = self.order[:position] or [_IMAGE]
            self.inputs[label] = [above[v] if v < 0 else self.order[v] for v in self.values[label]]

    def insert(self, step: Insertion, number: int) -> None:
        """Put the layers of a step in; ``number`` makes their labels its own."""
        labels = self.order
        wiring = self.wiring()
        new: dict[Label, list[Label]] = {}  # by the layer they stand behind, in the order asked for
        for count, layer in enumerate(step.layers):
            label = (f"new {number}", count)
            source = labels[layer.after] if layer.after >= 0 else _IMAGE
            for reader, slot in layer.claims:
                inputs = self.inputs[labels[reader]]
                if inputs[slot] != source:
                    raise ProofFailedError(f"{labels[reader]} does not read {source} at {slot}")
                inputs[slot] = label
            new.setdefault(source, []).append(label)
            if layer.sources is None:
                self.inputs[label], self.values[label] = [source], [-1]
            else:
                self.inputs[label] = [labels[index] for index in layer.sources]
                self.values[label] = list(layer.sources)
            first = -1 if layer.sources is None else list(layer.sources)
            self.rows[label] = [first, layer.repeats, layer.module, list(layer.args)]
            self.through[label] = source
        self.order = [*new.get(_IMAGE, ())]
        for label in labels:
            self.order += [label, *new.get(label, ())]
        if self.wiring({label for labels in new.values() for label in labels}) != wiring:
            raise ProofFailedError("contracting the new layers does not give the old wiring")

    def remove(self, layers: Sequence[int]) -> None:
        """Take layers out; their readers read what stood in front of them."""
        sources = {self.order[layer]: self._in_front(layer) for layer in layers}
        self.order = [label for label in self.order if label not in sources]
        for label in sources:
            del self.inputs[label]
        for inputs in self.inputs.values():
            for slot, source in enumerate(inputs):
                while source in sources:
                    source = sources[source]
                inputs[slot] = source

    def _in_front(self, layer: int) -> Label:
        """Return the input that a layer's readers get in its place: the layer above, if it can."""
        inputs = self.inputs[self.order[layer]]
        above = self.order[layer - 1] if layer else _IMAGE
        return above if above in inputs else inputs[0]

    def replace(self, step: Replacement) -> None:
        """Put another module in a layer's place."""
        row = self.rows[self.order[step.layer]]
        row[1], row[2] = step.repeats, step.module
        if step.args is not None:
            row[3] = list(step.args)

    def wiring(self, without: Collection[Label] = ()) -> dict[Label, list[Label]]:
        """Return what each layer reads, seen through the layers ``without``."""

        def seen(label: Label) -> Label:
            while label in without:
                label = self.through[label]
            return label

        return {
            label: [seen(source) for source in inputs]
            for label, inputs in self.inputs.items()
            if label not in without
        }

    def respell(self, rule: SpellingRule) -> None:
        """Give every reference its number: in the style it had, or in the one the fork reads."""
        index = {label: position for position, label in enumerate(self.order)}
        index[_IMAGE] = -1
        for label in self.order:
            values = self.values[label]
            listed = isinstance(self.rows[label][0], list)
            for slot, source in enumerate(self.inputs[label]):
                distance, absolute = index[source] - index[label], index[source]
                value = distance if values[slot] < 0 or source == _IMAGE else absolute
                fresh = value != values[slot] and label[0] == "old"
                if fresh and rule.misreads(value, listed, label == self.order[-1]):
                    value = absolute if value < 0 else distance
                values[slot] = value

    def written(self) -> list[list[Any]]:
        """Return the rows as plain lists."""
        found = []
        for label in self.order:
            first, *rest = self.rows[label]
            values = self.values[label]
            found.append([list(values) if isinstance(first, list) else values[0], *rest])
        return found


def prove(
    document: Document, text: str, steps: Sequence[Step], rule: SpellingRule = ANY_SPELLING
) -> None:
    """Raise ProofFailedError unless ``text`` is the document after exactly these steps.

    Raises Refusal where the document itself does not load, and where the text grew too large.
    """
    old = load_plain(document.text, document.shown)
    new = _load(text, document)
    compare(old, new, document.shown, steps, rule)


def compare(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    shown: str,
    steps: Sequence[Step],
    rule: SpellingRule = ANY_SPELLING,
) -> None:
    """Raise ProofFailedError unless ``new`` is the plain data ``old`` after exactly these steps."""
    net = _Net(_rows(old))
    for number, step in enumerate(steps):
        if isinstance(step, Insertion):
            net.insert(step, number)
        elif isinstance(step, Removal):
            net.remove(step.layers)
        elif isinstance(step, Replacement):
            net.replace(step)
        else:
            label = net.order[step.head]
            del net.inputs[label][step.slot], net.values[label][step.slot]
        net.respell(rule)
    _compare(net.written(), _rows(new), shown)
    _compare_rest(old, new, shown, steps)


def _load(text: str, document: Document) -> Mapping[str, Any]:
    try:
        return load_plain(text, document.shown)
    except Refusal as error:
        if error.code in ("too-large", "too-deep"):
            raise  # the bounds of the reader, not a mistake of the edit
        place = error.place
        if place is not None and place.excerpt[(place.column or 1) - 1 :].startswith("\t"):
            # Where YAML takes a tab for a blank depends on what stands around it.
            raise Refusal(
                "tab",
                "this tab would keep the edited file from parsing",
                place=place,
                hint="replace it by spaces first",
            ) from error
        raise ProofFailedError(
            f"the new text does not load: {error.message}", place=error.place
        ) from error


def _rows(data: Mapping[str, Any]) -> list[list[Any]]:
    return [*data["backbone"], *data["head"]]


def _compare(wanted: list[list[Any]], found: list[list[Any]], shown: str) -> None:
    if len(wanted) != len(found):
        raise ProofFailedError(f"{shown}: {len(found)} rows in place of {len(wanted)}")
    for position, (one, other) in enumerate(zip(wanted, found, strict=True)):
        if not _same(one, other):
            raise ProofFailedError(f"{shown}: layer {position} is {other}, and {one} was planned")


def _same(one: Any, other: Any, loose: bool = True) -> bool:
    """Tell whether two values are equal and of one kind; if ``loose``, `None` may be spelled."""
    if loose and one is None and other == "None":
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(
            _same(*pair, loose) for pair in zip(one, other, strict=True)
        )
    if isinstance(one, dict):
        return list(one) == list(other) and all(_same(one[k], other[k], loose) for k in one)
    return bool(one == other) or (one != one and other != other)  # .nan is the same as .nan


def _compare_rest(
    old: Mapping[str, Any], new: Mapping[str, Any], shown: str, steps: Sequence[Step]
) -> None:
    before, after = dict(old), dict(new)
    for table in ("backbone", "head"):
        before[table] = after[table] = None
    for step in steps:
        if isinstance(step, DroppedInput) and step.anchor is not None:
            rows = before["anchors"]
            before["anchors"] = [row for i, row in enumerate(rows) if i != step.anchor]
    if not _same(before, after, loose=False):
        raise ProofFailedError(f"{shown}: a value outside the tables changed")
