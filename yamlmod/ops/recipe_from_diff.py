"""Derive the recipe that turns one model YAML into another, where known edits explain it.

Edits are found one after the other, each tried out as `apply` would run it, and the next is planned
on what it left. In the end the whole recipe is applied and proven, and its layers are compared.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import replace

from yamlmod.errors import Refusal, one_of
from yamlmod.model.align import Alignment
from yamlmod.model.document import Row
from yamlmod.model.graph import Read
from yamlmod.model.network import Network
from yamlmod.model.parse import value_key
from yamlmod.model.refs import IMAGE
from yamlmod.ops.chain import chain, run_plans
from yamlmod.ops.compare import align_models, change_of, compare
from yamlmod.ops.compare_lines import comparison_lines, fields_text
from yamlmod.ops.network import read_network
from yamlmod.ops.operation import all_operations
from yamlmod.ops.operations.remove.removable import joins
from yamlmod.ops.recipe import read_recipe
from yamlmod.ops.recipe_text import RecipeEdit, merge_inserts, recipe_text
from yamlmod.registry.catalogue import find

_HINT = "`yamlmod diff A B` lists every difference"


def recipe_from_diff(before: Network, after: Network) -> str:
    """Return the recipe that makes the layers of ``after`` from ``before``.

    Raises Refusal naming the first difference that no known edit explains.
    """
    try:
        return _recipe(before, after, strict=False)
    except Refusal as error:
        try:
            # What looks like a changed layer may be one that was removed and a new one.
            return _recipe(before, after, strict=True)
        except Refusal:
            raise error from None


def _recipe(before: Network, after: Network, strict: bool) -> str:
    text = recipe_text(merge_inserts(_Search(before, after, strict).edits()))
    outcome = chain(before, read_recipe(text, "the recipe").plans)
    result = read_network(outcome.text, before.document.shown)
    lines = comparison_lines(replace(compare(result, after), settings=()))
    if lines:
        raise _unexplained(after, _first_strange(before, after) or lines[0])
    return text


def _first_strange(before: Network, after: Network) -> str | None:
    """Return the first read that differs for no layer's sake."""
    lines = comparison_lines(compare(before, after))
    return next((line for line in lines if line.startswith(("lost", "gained", "rewired"))), None)


def _unexplained(after: Network, difference: str) -> Refusal:
    text = " ".join(difference.split())
    message = f"{after.document.shown}: no known edit explains this: {text}"
    return Refusal("not-a-recipe", message, hint=_HINT)


class _Search:
    """Looks for the edits, in the order: scales dropped, replaced, removed, inserted."""

    def __init__(self, before: Network, after: Network, strict: bool):
        self.current, self.after, self.strict = before, after, strict
        self.found: list[RecipeEdit] = []

    def edits(self) -> list[RecipeEdit]:
        """Return the edits found. Raises Refusal where one has no counterpart."""
        self._drop_scales()
        alignment = align_models(self.current, self.after, self.strict)
        for old, new in alignment.pairs:
            self._replace(old, new)
        if alignment.removed:
            self._remove(alignment)
        pending = _Pending(self.after, alignment.added)
        while pending.layers:
            layer = pending.next()
            self._insert(layer, pending)
            pending.layers.remove(layer)
        return self.found

    def _take(
        self, edits: Iterable[RecipeEdit], fits: Callable[[Network], bool], difference: str
    ) -> None:
        """Run the first edit that can be run and fits; refuse with the difference if none does."""
        reason = ""
        for edit in edits:
            try:
                permitted, result = self._run(edit)
            except Refusal as error:
                # The cause is the same refusal without the number of the edit.
                cause = error.__cause__
                reason = (cause if isinstance(cause, Refusal) else error).message
                continue
            if fits(result):
                self.found.append(permitted)
                self.current = result
                return
        raise _unexplained(self.after, f"{difference} ({reason})" if reason else difference)

    def _run(self, edit: RecipeEdit) -> tuple[RecipeEdit, Network]:
        try:
            outcome = run_plans(self.current, read_recipe(recipe_text([edit]), "recipe").plans)
        except Refusal as error:
            # What is refused may be permitted: it is there in the other file.
            permit = all_operations()[edit.kind].permits.get(error.code)
            if permit is None or edit.get(permit):
                raise
            return self._run(edit.having(permit, True))
        return edit, read_network(outcome.text, self.current.document.shown)

    def _drop_scales(self) -> None:
        """Drop the head's inputs that the other file lacks, if it lacks nothing else of them."""
        for _ in self.current.document.head.refs:
            comparison = compare(self.current, self.after)
            head = self.current.graph.head
            lost = [read.target for read in comparison.lost if read.old_reader == head]
            if not lost or any(read.old_reader == head for read in comparison.gained):
                return
            name = self.current.document.rows[lost[0]].module
            try:
                self._take([RecipeEdit((("drop-head", lost[0]),), (name,))], lambda _: True, "")
            except Refusal:
                return  # the comparison at the end reports what is left

    def _remove(self, alignment: Alignment) -> None:
        document, layers = self.current.document, alignment.removed
        edit = RecipeEdit(
            (("remove", list(layers)),), tuple(document.rows[layer].module for layer in layers)
        )
        names = one_of([document.describe(layer) for layer in layers])
        sources = sorted({s for layer in layers for s in self._read_instead(layer, alignment)})
        edits = [edit, edit.having("from", sources)] if sources else [edit]
        self._take(edits, lambda _: True, f"without {names}")

    def _read_instead(self, layer: int, alignment: Alignment) -> set[int]:
        """Return which input of a removed layer that joins some is read in the other file."""
        inputs = {read.target for read in self.current.graph.reads[layer]}
        if not joins(self.current, layer):
            return set()
        if len(inputs) == 1:
            return inputs
        sources = set()
        for read in self.current.readers(layer):
            now = alignment.to_new(read.reader)
            reads = () if now is None else self.after.graph.reads[now]
            wanted = {r.target for r in reads if r.slot == read.slot}
            sources |= {target for target in inputs if alignment.to_new(target) in wanted}
        return sources

    def _replace(self, old: int, new: int) -> None:
        row, wanted = self.current.document.rows[old], self.after.document.rows[new]
        change = change_of(row, wanted)
        if change is None or _same_layer(row, wanted):
            return
        edit = RecipeEdit((("replace", old), ("with", wanted.module)), (row.module,))
        self._take(
            [edit, edit.having("args", list(wanted.args))],
            lambda result: _same_layer(result.document.rows[old], wanted),
            f"{self.after.document.describe(new)}: {fields_text(change.fields)}",
        )

    def _insert(self, layer: int, pending: _Pending) -> None:
        """Insert one layer of the other file, whose position is after one that is there already."""
        row, above = self.after.document.rows[layer], pending.above(layer)
        difference = f"added {self.after.document.describe(layer)}"
        targets = [read.target for read in self.after.graph.reads[layer]]
        if not row.listed and targets != [above]:
            read = self.after.document.describe(targets[0])
            raise _unexplained(self.after, f"{difference} reads {read}, not the layer above it")
        if value_key(row.repeats) != "1":
            raise _unexplained(self.after, f"{difference} has the number {row.repeats}")
        number = pending.number(layer)
        options = [("insert", row.module), self._where(number, row.section)]
        if row.listed:
            options.append(("from", [pending.number(target) for target in targets]))
        side = self._side(number - 1, pending.served_by(layer), difference)
        names = (self.after.document.rows[above].module,) if above >= 0 else ()
        edit = RecipeEdit(tuple(options), names)
        edits = [edit.having("args", list(row.args))]
        if find(row.module) is not None:
            edits.insert(0, edit)
        self._take(
            [each.having(*side) if side else each for each in edits],
            lambda result: _same_layer(result.document.rows[number], row),
            difference,
        )

    def _where(self, number: int, section: str) -> tuple[str, object]:
        rows = self.current.document.rows
        if number == 0:
            return "at", [0]
        # Where the sections meet, only `before` opens the lower one, if its first row permits it.
        opens = section != rows[number - 1].section
        reads = self.current.graph.reads[number] if number < len(rows) else ()
        if opens and any(read.target == number - 1 for read in reads):
            return "before", [number]
        return "after", [number - 1]

    def _side(
        self, place: int, claims: set[tuple[int, int]], difference: str
    ) -> tuple[str, object] | None:
        """Return the option that gives the new layer exactly these reads; None: the default."""
        reads = self.current.readers(place)
        if _keys(reads) == claims:
            return None
        head = self.current.graph.head
        if _keys(r for r in reads if r.value == -1 or r.reader == head) == claims:
            return "keep_skips", True
        readers = sorted({reader for reader, _ in claims})
        if _keys(read for read in reads if read.reader in readers) == claims:
            return "readers", readers
        source = "the image" if place == IMAGE else self.current.document.describe(place)
        raise _unexplained(
            self.after, f"{difference}: no option of insert leaves {source} exactly these readers"
        )


class _Pending:
    """The layers of the other file that are still to be inserted, and how it looks without them."""

    def __init__(self, after: Network, layers: Iterable[int]):
        self.after, self.layers = after, sorted(layers)

    def number(self, layer: int) -> int:
        return layer - bisect_left(self.layers, layer)

    def above(self, layer: int) -> int:
        """Return the layer after which this one is inserted: the next above that is there."""
        layer -= 1
        while layer in self.layers:
            layer -= 1
        return layer

    def next(self) -> int:
        """Return the layer to insert now: of the first adjacent ones, the lowest that can.

        Of two that read the same layer, the lower one reads past the upper, which comes later.
        """
        run = [self.layers[0]]
        while run[-1] + 1 in self.layers:
            run.append(run[-1] + 1)
        return max((layer for layer in run if self._ready(layer)), default=run[0])

    def _ready(self, layer: int) -> bool:
        targets = [read.target for read in self.after.graph.reads[layer]]
        if self.after.document.rows[layer].listed:
            return not any(target in self.layers for target in targets)
        return targets == [self.above(layer)]

    def served_by(self, layer: int) -> set[tuple[int, int]]:
        """Return the reads (reader, slot), by present numbers, that ``layer`` takes over."""
        rows = range(layer + 1, len(self.after.document.rows))
        return {
            (self.number(reader), read.slot)
            for reader in rows
            if reader not in self.layers
            for read in self.after.graph.reads[reader]
            if self._leads_to(read.target, layer)
        }

    def _leads_to(self, target: int, layer: int) -> bool:
        while target != layer and target in self.layers:
            listed = self.after.document.rows[target].listed
            target = target - 1 if listed else self.after.graph.reads[target][0].target
        return target == layer


def _keys(reads: Iterable[Read]) -> set[tuple[int, int]]:
    return {(read.reader, read.slot) for read in reads}


def _same_layer(first: Row, second: Row) -> bool:
    """Whether two rows name the same module, args and number."""
    change = change_of(first, second)
    return change is None or all(field.name == "from" for field in change.fields)
