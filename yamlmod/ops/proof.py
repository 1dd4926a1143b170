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
from yamlmod.model.graph import SIDE_EFFECT
from yamlmod.model.parse import load_as_fork
from yamlmod.model.refs import ANY_SPELLING, SpellingRule

Label = tuple[str, int]
_IMAGE: Label = ("image", 0)


class NewLayer(NamedTuple):
    """A layer behind ``after`` that takes over the reads (reader, slot) of ``claims``.

    ``sources`` is the list of layers that it reads; None for the one it stands behind, and then
    ``listed`` says that its `from` is a list of one. ``moved``: it is the row that the step before
    took out; ``args`` None are its own.
    """

    after: int
    module: str
    args: Sequence[Any] | None
    claims: frozenset[tuple[int, int]]
    sources: Sequence[int] | None = None
    listed: bool = False
    moved: bool = False


class Insertion(NamedTuple):
    """Layers put in at once; all indices are those of the file in front of this step."""

    layers: Sequence[NewLayer]


class Removal(NamedTuple):
    """Layers taken out at once; whoever read one reads its input.

    ``sources`` holds (layer, input) for layers of several inputs: the one that is read instead.
    """

    layers: Sequence[int]
    sources: Sequence[tuple[int, int]] = ()


class Replacement(NamedTuple):
    """Another module in a layer's place; a number or args of None keep the row's own."""

    layer: int
    repeats: int | None
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
        # The rows that the last removal took out, with the number of their inputs.
        self.gone: list[tuple[list[Any], int]] = []
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
            if layer.claims and source not in self.inputs[label]:
                raise ProofFailedError(f"{label} takes over reads of {source} and does not read it")
            is_list = layer.listed or layer.sources is not None
            first = list(self.values[label]) if is_list else -1
            self.rows[label] = [first, *self._rest(layer, is_list, len(self.inputs[label]))]
            self.through[label] = source
        self.order = [*new.get(_IMAGE, ())]
        for label in labels:
            self.order += [label, *new.get(label, ())]
        if self.wiring({label for labels in new.values() for label in labels}) != wiring:
            raise ProofFailedError("contracting the new layers does not give the old wiring")

    def _rest(self, layer: NewLayer, is_list: bool, inputs: int) -> list[Any]:
        """Return number, module and args of a new row; a moved one keeps its own."""
        if not layer.moved:
            return [1, layer.module, list(layer.args or ())]
        if len(self.gone) != 1:
            raise ProofFailedError(f"{len(self.gone)} layers were taken out, and one was moved")
        ((first, repeats, module, args), count) = self.gone[0]
        if count != inputs or isinstance(first, list) is not is_list:
            raise ProofFailedError(f"the moved {module} had {count} inputs and would have {inputs}")
        return [repeats, module, args if layer.args is None else list(layer.args)]

    def remove(self, step: Removal) -> None:
        """Take layers out; their readers read what stood in front of them."""
        labels = self.order
        chosen = {labels[layer]: self._label(source) for layer, source in step.sources}
        sources = {labels[i]: chosen.get(labels[i], self._in_front(i)) for i in step.layers}
        wrong = [label for label, source in chosen.items() if source not in self.inputs[label]]
        if wrong:
            raise ProofFailedError(f"{wrong[0]} does not read what shall be read instead of it")
        joining = {label for label in sources if len(self.inputs[label]) != 1} - set(chosen)
        alive = self._alive() if joining else set()
        self.order = [label for label in labels if label not in sources]
        self.gone = [(self.rows[label], len(self.inputs[label])) for label in sources]
        for label in self.order:
            for slot, source in enumerate(self.inputs[label]):
                while source in sources:
                    if source in joining and label in alive:
                        raise ProofFailedError(f"{label} would read one of the inputs of {source}")
                    source = sources[source]
                self.inputs[label][slot] = source
        for label in sources:
            del self.inputs[label]

    def _label(self, layer: int) -> Label:
        return self.order[layer] if layer >= 0 else _IMAGE

    def _alive(self) -> set[Label]:
        """Return the layers whose output reaches the last one, or that work by side effect."""
        waiting = [label for label in self.order if self.rows[label][2] in SIDE_EFFECT]
        waiting.append(self.order[-1])
        alive: set[Label] = {_IMAGE}
        while waiting:
            label = waiting.pop()
            if label not in alive:
                alive.add(label)
                waiting += self.inputs[label]
        return alive

    def _in_front(self, layer: int) -> Label:
        """Return the input that a layer's readers get in its place: the layer above, if it can."""
        inputs = self.inputs[self.order[layer]]
        above = self.order[layer - 1] if layer else _IMAGE
        return above if above in inputs or not inputs else inputs[0]

    def replace(self, step: Replacement) -> None:
        """Put another module in a layer's place."""
        row = self.rows[self.order[step.layer]]
        row[2] = step.module
        if step.repeats is not None:
            row[1] = step.repeats
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
    old = load_as_fork(document.text, document.shown)
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
            net.remove(step)
        elif isinstance(step, Replacement):
            net.replace(step)
        else:
            label = net.order[step.head]
            if label != net.order[-1]:
                raise ProofFailedError(f"{shown}: {label} is not the head and would lose an input")
            del net.inputs[label][step.slot], net.values[label][step.slot]
        net.respell(rule)
    _compare(net.written(), _rows(new), shown)
    _compare_rest(old, new, shown, steps)


def _load(text: str, document: Document) -> Mapping[str, Any]:
    try:
        return load_as_fork(text, document.shown)
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
