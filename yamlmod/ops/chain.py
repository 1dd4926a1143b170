"""Run several edits as one: each on the result of the one before, proven as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from yamlmod.model.graph import Read
from yamlmod.model.network import Network
from yamlmod.model.refs import ANY_SPELLING, IMAGE, SpellingRule
from yamlmod.ops.labels import ReplayStep
from yamlmod.ops.network import read_network
from yamlmod.ops.outcome import Consumer, NewLayer, Outcome, WrongComment
from yamlmod.ops.proof import prove

Plan = Callable[[Network], Outcome]


def chain(model: Network, plans: Iterable[Plan], rule: SpellingRule = ANY_SPELLING) -> Outcome:
    outcome = run_plans(model, plans)
    prove(model.document, outcome.text, outcome.steps, rule)
    return outcome


def run_plans(model: Network, plans: Iterable[Plan]) -> Outcome:
    """Run ``plans`` in turn, unproven; the outcome speaks of the first and the last file only."""
    steps: list[_LinkOfChain] = []
    for plan in plans:
        steps.append(_step(steps[-1].after if steps else model, plan))
    return _joined(model, steps)


class Chains:
    """Chains on one model, many of which begin alike: what one of them has run is run once.

    Each is proven as a whole, from the model on.
    """

    def __init__(self, model: Network, rule: SpellingRule = ANY_SPELLING) -> None:
        self._model, self._rule = model, rule
        # By the keys of all its plans. Only whole chains are kept: their networks are, anyway.
        self._steps: dict[tuple[str, ...], tuple[_LinkOfChain, ...]] = {(): ()}

    def run(self, keys: Sequence[str], plans: Sequence[Plan]) -> Chained:
        """Run ``plans``; each has a key that says all that it does, but for its model."""
        words = tuple(keys)
        known = next(size for size in range(len(words), -1, -1) if words[:size] in self._steps)
        steps = list(self._steps[words[:known]])
        for plan in plans[known:]:
            steps.append(_step(steps[-1].after if steps else self._model, plan))
        outcome = _joined(self._model, steps)
        prove(self._model.document, outcome.text, outcome.steps, self._rule)
        self._steps[words] = tuple(steps)
        return Chained(outcome, steps[-1].after if steps else self._model)


class Chained(NamedTuple):
    """What a chain does, and the network that it leads to."""

    outcome: Outcome
    model: Network


class _LinkOfChain(NamedTuple):
    """One edit of a chain, on what the one before left."""

    part: Outcome
    after: Network


def _step(model: Network, plan: Plan) -> _LinkOfChain:
    part = plan(model)
    known = {**model.kinds, **part.kinds}
    return _LinkOfChain(part, read_network(part.text, model.document.shown, known))


def _joined(model: Network, chain_steps: Sequence[_LinkOfChain]) -> Outcome:
    mapping: tuple[int | None, ...] = tuple(range(len(model.document.rows)))
    inserted: list[NewLayer] = []
    replaced: list[int] = []
    steps: list[ReplayStep] = []
    warnings: list[str] = []
    notes: list[str] = []
    for part, _ in chain_steps:
        replaced += [layer for layer in map(_origin(mapping), part.replaced) if layer is not None]
        inserted = _moved(inserted, part) + list(part.inserted)
        mapping = tuple(None if at is None else part.mapping[at] for at in mapping)
        steps += part.steps
        warnings += part.warnings
        notes += part.told
    current = chain_steps[-1].after if chain_steps else model
    return Outcome(
        model=model,
        text=current.document.text,
        inserted=tuple(inserted),
        removed=tuple(layer for layer, at in enumerate(mapping) if at is None),
        replaced=tuple(dict.fromkeys(replaced)),
        consumers=tuple(_consumers(model, current, mapping)),
        renumbered=_changed_references(model, current, mapping),
        comments=_changed_comments(model, current, mapping),
        wrong_comments=tuple(_wrong_comments(model, mapping)),
        warnings=tuple(dict.fromkeys(warnings)),
        told=tuple(notes),
        steps=tuple(steps),
        mapping=mapping,
        kinds={name: kind for part, _ in chain_steps for name, kind in part.kinds.items()},
    )


def _origin(mapping: Sequence[int | None]) -> Callable[[int], int | None]:
    places = {at: layer for layer, at in enumerate(mapping) if at is not None}
    return places.get


def _moved(inserted: Sequence[NewLayer], part: Outcome) -> list[NewLayer]:
    """Return the layers of earlier edits with their present numbers."""
    layers = []
    for layer in inserted:
        index = part.mapping[layer.index]
        reads = IMAGE if layer.reads == IMAGE else part.mapping[layer.reads]
        if index is not None:
            layers.append(layer._replace(index=index, reads=IMAGE if reads is None else reads))
    return layers


def _consumers(
    before: Network, after: Network, mapping: Sequence[int | None]
) -> Iterable[Consumer]:
    """Yield every read of an old layer that leads to another layer than it did."""
    for reads, now in _kept(before, mapping):
        new = after.graph.reads[now]
        if len(new) != len(reads):
            continue  # an input was dropped; the operation reports that itself
        for old_read, read in zip(reads, new, strict=True):
            target = IMAGE if old_read.target == IMAGE else mapping[old_read.target]
            if read.target == target:
                continue
            name = "the image" if read.target < 0 else after.document.rows[read.target].module
            module = after.document.rows[now].module
            change = (old_read.slot, old_read.value, read.value, read.target, name, "through")
            yield Consumer(old_read.reader, now, module, *change)


def _kept(before: Network, mapping: Sequence[int | None]) -> Iterable[tuple[tuple[Read, ...], int]]:
    for layer, reads in enumerate(before.graph.reads):
        now = mapping[layer]
        if now is not None:
            yield reads, now


def _changed_references(before: Network, after: Network, mapping: Sequence[int | None]) -> int:
    rows = after.document.rows
    return sum(
        old.value != new.value
        for row in before.document.rows
        if (now := mapping[row.index]) is not None
        for old, new in zip(row.refs, rows[now].refs, strict=False)
    )


def _changed_comments(before: Network, after: Network, mapping: Sequence[int | None]) -> int:
    count = 0
    for row in before.document.rows:
        now = mapping[row.index]
        new = None if now is None else after.document.rows[now].comment
        if row.comment is not None and new is not None:
            count += row.comment.value != new.value
    return count


def _wrong_comments(before: Network, mapping: Sequence[int | None]) -> Iterable[WrongComment]:
    line, counted = 1, 0
    for row in before.document.rows:
        now = mapping[row.index]
        if row.comment is not None and now is not None and row.comment.value != row.index:
            line += before.document.text.count("\n", counted, row.comment.start)
            counted = row.comment.start
            yield WrongComment(line, row.comment.value, row.index, now)
