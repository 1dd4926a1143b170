"""Explain all differing reads of a file together, with the fewest slips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from yamlmod.checks.wiring.candidates import candidates
from yamlmod.checks.wiring.hypotheses import PROVEN, Hypothesis, hypotheses
from yamlmod.checks.wiring.repair import Health, Inputs, Patient
from yamlmod.checks.wiring.roles import leads_astray
from yamlmod.checks.wiring.sides import sides, taken_over
from yamlmod.checks.wiring.views import Difference, View

if TYPE_CHECKING:
    from yamlmod.checks.subject import Subject

_STRIDES = "otherwise feature maps of different strides are joined"
_NOWHERE = "otherwise an input does not exist"
_COPY = "otherwise one layer is read twice"
# As many numbers off by the same amount have no other reason.
_MANY = 3
# With more changes to the base, what repairs a row is one of several numbers.
_CLOSE = 6


class Slip(NamedTuple):
    """One row to be written: its hypothesis, what differs in it, and all its inputs as wanted."""

    hypothesis: Hypothesis
    reader: int
    items: tuple[Difference, ...]
    inputs: tuple[int, ...]

    def is_alone(self, view: View) -> bool:
        """Check that no input is changed that leads where it leads in the base."""
        inputs = view.file.inputs[self.reader]
        changed = {slot for slot, layer in enumerate(self.inputs) if layer != inputs[slot]}
        return changed <= {item.slot for item in self.items}

    @property
    def is_plain(self) -> bool:
        """Check that every number has one meaning."""
        one = self.hypothesis.offset is not None
        return one or all(len(item.wanted) == 1 for item in self.items)


class Explanation(NamedTuple):
    """A view with its slips; what remains is taken for a change on purpose."""

    view: View
    slips: tuple[Slip, ...]
    on_purpose: tuple[Difference, ...]
    sick: frozenset[int] = frozenset()

    @property
    def cost(self) -> int:
        reasons = {id(slip.hypothesis) for slip in self.slips}
        return self.view.edits + len(reasons) + len(self.on_purpose)

    def is_doubtful(self, slip: Slip) -> bool:
        """Tell whether the author may have rewired the row, or as much as a pattern shows."""
        reads = self.view.reads
        meant = len(self.on_purpose) + len(reads.gained) + len(reads.lost)
        shown = sum(len(other.items) for other in self.slips)
        if any(item.reader == slip.reader for item in self.on_purpose):
            return True  # the row was written anew
        if slip.hypothesis.name == "repair":
            # That the row is wrong is sure, and reported by the other rules; its number is not.
            return bool(meant) or self.view.edits > _CLOSE
        if slip.hypothesis.name == "kept" and not self.view.whole and meant >= shown:
            return True  # the neck was drawn anew: an equal number is a coincidence
        return slip.hypothesis.is_pattern and (meant >= shown or not self._is_odd(slip))

    def _is_odd(self, slip: Slip) -> bool:
        """Tell whether a pattern has many numbers, or half of them lead to no output."""
        items = slip.hypothesis.explains
        if len(items) >= _MANY:
            return True
        odd = [
            item
            for item in items
            if item.reader in self.sick
            or leads_astray(self.view.file.rows, item.place, slip.hypothesis.wanted(item))
        ]
        return 2 * len(odd) >= len(items)


def explanations(subject: Subject) -> Sequence[Explanation]:
    patient, views = Patient(subject), candidates(subject)
    found = [explain(view, patient, views) for view in views]
    return sorted(found, key=lambda item: item.cost)


def explain(view: View, patient: Patient, others: Sequence[View] = ()) -> Explanation:
    """Take the slip that explains most, then the one that explains most of the rest."""
    rest = list(view.differences)
    slips: list[Slip] = []
    state = _State(view, patient)
    offered = list(hypotheses(view, others))
    while rest and offered:
        hypothesis = max(offered, key=lambda item: _count(item, rest))
        offered.remove(hypothesis)
        some = [item for item in hypothesis.explains if item in rest]
        new = state.accept(hypothesis._replace(explains=some))
        slips += new
        done = {item for slip in new for item in slip.items}
        rest = [item for item in rest if item not in done]
    slips += _repairs(state, rest)
    done = {item for slip in slips for item in slip.items}
    slips += state.accept_new(taken_over(view)) if view.is_near else []
    left = tuple(item for item in rest if item not in done)
    return Explanation(view, tuple(slips), left, patient.now.sick)


def _count(hypothesis: Hypothesis, rest: Sequence[Difference]) -> int:
    return sum(item in rest for item in hypothesis.explains)


def _repairs(state: _State, rest: Sequence[Difference]) -> Iterator[Slip]:
    """Numbers that no slip explains, where the base's target repairs the network."""
    health = state.health
    sick = health.nowhere or health.conflicts or health.repeated
    if not sick or (not state.view.whole and not state.view.is_near):
        return
    for item in rest:
        words = state.repair_words(item)
        if words:
            yield from state.accept(Hypothesis("repair", words, (item,)))


def is_certain(view: View, slip: Slip) -> bool:
    """Check that no other meaning is possible: only new layers, references not updated."""
    published = view.base.origin != "sibling" and not view.base.is_drawn
    grown = view.whole and not view.alignment.removed and published
    same_modules = all(new == view.head for _, new in view.replaced)
    reason = slip.hypothesis
    # One number that was changed by a wrong amount may be meant.
    by_changes = reason.name in ("kept", "total") or (
        reason.name == "some" and len(reason.explains) >= PROVEN
    )
    by_many = reason.offset is not None and len(reason.explains) >= _MANY
    plain = slip.is_plain and slip.is_alone(view) and not _leaves_one(view, slip)
    return grown and same_modules and plain and (by_changes or by_many)


def _leaves_one(view: View, slip: Slip) -> bool:
    """Tell whether another input, off by as much, would be a new layer behind the one it is."""
    offset = slip.hypothesis.offset
    if offset is None:
        return False
    slots = {item.slot for item in slip.items}
    rest = [layer for slot, layer in enumerate(slip.inputs) if slot not in slots]
    return any(view.is_new_behind(layer - offset, layer) for layer in rest)


class _State:
    """The network with the slips that were accepted so far."""

    def __init__(self, view: View, patient: Patient):
        self.view, self.patient = view, patient
        self.changed: dict[int, tuple[int, ...]] = {}
        self.health: Health = patient.now

    def accept(self, hypothesis: Hypothesis) -> list[Slip]:
        """Accept a hypothesis as far as the network is no worse with it."""
        rows: dict[int, list[Difference]] = {}
        for item in hypothesis.explains:
            rows.setdefault(item.reader, []).append(item)
        slips = [self._slip(hypothesis, reader, items) for reader, items in rows.items()]
        before = self.health
        kept = self._tried(slips)
        seen = sum(len(slip.items) for slip in kept)
        if kept and not hypothesis.alone and seen < PROVEN and not self.health.repairs(before):
            self.changed = {
                reader: inputs
                for reader, inputs in self.changed.items()
                if all(slip.reader != reader for slip in kept)
            }
            self.health = before
            return []
        return kept

    def accept_new(self, hypothesis: Hypothesis | None) -> list[Slip]:
        return [] if hypothesis is None else self.accept(hypothesis)

    def repair_words(self, item: Difference) -> str:
        """Say what the base's target would repair, nothing if it repairs nothing."""
        slip = self._slip(Hypothesis("repair", "", (item,)), item.reader, [item])
        then = self._with([slip])
        if not then.repairs(self.health):
            return ""
        if then.nowhere != self.health.nowhere:
            return _NOWHERE if self.view.is_near else ""
        return _STRIDES if then.conflicts != self.health.conflicts else _COPY

    def _slip(self, hypothesis: Hypothesis, reader: int, items: Sequence[Difference]) -> Slip:
        inputs = list(self.changed.get(reader, self.view.file.inputs[reader]))
        for slot, layer in sides(self.view, hypothesis, reader, items).items():
            inputs[slot] = layer
        return Slip(hypothesis, reader, tuple(items), tuple(inputs))

    def _with(self, slips: Sequence[Slip]) -> Health:
        changed: Inputs = {**self.changed, **{slip.reader: slip.inputs for slip in slips}}
        return self.patient.health(changed)

    def _tried(self, slips: list[Slip]) -> list[Slip]:
        """Try all rows together, then one by one."""
        if not self._with(slips).is_worse_than(self.health):
            return self._take(slips)
        kept: list[Slip] = []
        for slip in slips:
            if not self._with([slip]).is_worse_than(self.health):
                kept += self._take([slip])
        return kept

    def _take(self, slips: list[Slip]) -> list[Slip]:
        self.health = self._with(slips)
        self.changed.update({slip.reader: slip.inputs for slip in slips})
        return slips
