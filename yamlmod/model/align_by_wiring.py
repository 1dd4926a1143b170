"""Refine an alignment by the wiring, where the rows alone are ambiguous.

Where one of several equal neighbours is new, the rows do not tell which. The pairs next to every
run of unpaired layers are moved across it, and stay where the fewest reads lead elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from yamlmod.model.refs import IMAGE
from yamlmod.model.wiring import Wiring

Rate = Callable[[int, int], int]
"""How well layer a of the first document fits layer b of the second; 0: not at all."""

# A read that leads to another layer outweighs any number that go through a new one.
_REWIRED = 100_000
# Reads looked at before the refinement rests; thousands of equal rows reach it.
_BUDGET = 400_000
_ROUNDS = 4
_PARTS = 8
_OLD, _NEW = 0, 1

_Step: TypeAlias = "tuple[int, int, int]"
"""A move of a pair from one place to another, and how much worse the rows fit there."""


def settle(
    before: Wiring, after: Wiring, pairs: Sequence[tuple[int, int]], rate: Rate
) -> list[tuple[int, int]]:
    """Return the pairs, moved among equal rows to where the wiring differs least."""
    settling = _Settling(before, after, pairs, rate)
    for _ in range(_ROUNDS):
        if not settling.round():
            break
    return [(a, b) for a, b in enumerate(settling.partner[_OLD]) if b is not None]


class _Settling:
    """A pairing that changes one pair at a time, and what each change costs."""

    def __init__(self, before: Wiring, after: Wiring, pairs: Sequence[tuple[int, int]], rate: Rate):
        self.sides = (before, after)
        self.rate = rate
        self.partner: tuple[list[int | None], list[int | None]] = (
            [None] * len(before.rows),
            [None] * len(after.rows),
        )
        for a, b in pairs:
            self.partner[_OLD][a], self.partner[_NEW][b] = b, a
        self.gone = tuple({i for i, other in enumerate(p) if other is None} for p in self.partner)
        self.left = _BUDGET
        self.costs = list(map(self._cost, range(len(after.rows))))
        self.total = sum(self.costs)

    def round(self) -> bool:
        """Try every run of unpaired layers once; tell whether anything became better."""
        better = False
        for side in (_NEW, _OLD):
            start = 0
            while (run := self._run(side, start)) and self.left > 0:
                better |= self._slide(side, run)
                better |= self._slide_parts(side, self._run(side, start) or run)
                start = run.stop + 1
        return better

    def _run(self, side: int, start: int) -> range | None:
        partner = self.partner[side]
        first = next((i for i in range(start, len(partner)) if partner[i] is None), None)
        if first is None:
            return None
        stop = next((i for i in range(first, len(partner)) if partner[i] is not None), None)
        return range(first, len(partner) if stop is None else stop)

    def _slide(self, side: int, run: range) -> bool:
        """Slide a whole run down and up past rows that fit as well on its other end."""
        # Among equals the lower position counts as new: a new layer comes after another.
        down, gain = self._try_steps(side, self._steps(side, run, down=True), ties=True)
        run = range(run.start + down, run.stop + down)
        _, more = self._try_steps(side, self._steps(side, run, down=False), ties=False)
        return gain + more < 0

    def _slide_parts(self, side: int, run: range) -> bool:
        """Slide parts of a run: its beginning up, its end down, where that is better."""
        better = False
        for length in range(1, min(len(run), _PARTS + 1)):
            for part, down in ((run[:length], False), (run[-length:], True)):
                if any(self.partner[side][place] is not None for place in part):
                    continue  # an earlier part took it along
                steps = self._steps(side, part, down)
                better |= self._try_steps(side, steps, ties=False)[1] < 0
        return better

    def _try_steps(self, side: int, steps: Sequence[_Step], ties: bool) -> tuple[int, int]:
        """Take the steps up to where the wiring differs least; return how many and the gain."""
        if not ties and self.total <= 0 and all(worse >= 0 for _, _, worse in steps):
            return 0, 0  # nothing can be better
        cost = lowest = kept = taken = 0
        for here, there, worse in steps:
            if self.left <= 0:
                break
            cost += self._move(side, here, there) + worse
            taken += 1
            if cost < lowest or (ties and cost == lowest):
                lowest, kept = cost, taken
        for here, there, _ in reversed(steps[kept:taken]):
            self._move(side, there, here)
        return kept, lowest

    def _steps(self, side: int, run: range, down: bool) -> list[_Step]:
        """Return the moves that slide a run by one place each, while the rows fit."""
        partner = self.partner[side]
        here, there = (run.stop, run.start) if down else (run.start - 1, run.stop - 1)
        step = 1 if down else -1
        found: list[_Step] = []
        while 0 <= here < len(partner):
            other = partner[here]
            if other is None:
                break
            # It must fit as well there, but for the section it is in.
            fit = self._fit(side, there, other)
            worse = self._fit(side, here, other) - fit
            if not fit or abs(worse) > 1:
                break
            found.append((here, there, worse))
            here, there = here + step, there + step
        return found

    def _fit(self, side: int, place: int, other: int) -> int:
        return self.rate(other, place) if side == _NEW else self.rate(place, other)

    def _move(self, side: int, here: int, there: int) -> int:
        """Pair ``there`` with the partner of ``here``; return how much more the reads differ."""
        other = self.partner[side][here]
        if other is None:
            return 0
        readers = self._touched(side, (here, there)) | self._touched(1 - side, (other,))
        self.partner[side][here], self.partner[side][there] = None, other
        self.partner[1 - side][other] = there
        self.gone[side].add(here)
        self.gone[side].discard(there)
        self.left -= len(readers) + 1
        more = 0
        for reader in readers:
            cost = self._cost(reader)
            more += cost - self.costs[reader]
            self.costs[reader] = cost
        self.total += more
        return more

    def _touched(self, side: int, layers: Iterable[int]) -> set[int]:
        """Return the new document's layers whose reads may lead to one of these."""
        found: set[int] = set()
        seen: set[int] = set()
        waiting = list(layers)
        ends = set(waiting)
        while waiting:
            layer = waiting.pop()
            if layer in seen:
                continue
            seen.add(layer)
            partner = self.partner[side][layer]
            if side == _NEW:
                found.add(layer)
            elif partner is not None:
                found.add(partner)
            if layer in ends or partner is None:
                waiting += self.sides[side].readers[layer]
        self.left -= len(seen)
        return found

    def _cost(self, reader: int) -> int:
        """Return how much the reads of a layer of the new document differ from what they were."""
        layers = self.partner[_OLD]
        old = self.partner[_NEW][reader]
        if old is None:
            return 0
        was, now = self.sides[_OLD].inputs[old], self.sides[_NEW].inputs[reader]
        cost = 0 if len(was) == len(now) else _REWIRED * abs(len(was) - len(now))
        for a, b in zip(was, now, strict=False):
            # Nearly all are the same: the method would cost more than the comparison.
            if a < 0 or b < 0 or layers[a] != b:
                cost += self._step(a, b)
        return cost

    def _step(self, was: int, now: int) -> int:
        if self._equal(was, now):
            return 0
        old = self.sides[_OLD].through(was, self.gone[_OLD])[-1]
        new = self.sides[_NEW].through(now, self.gone[_NEW])[-1]
        return 1 if self._equal(old, new) else _REWIRED

    def _equal(self, old: int, new: int) -> bool:
        if IMAGE in (old, new):
            return old == new
        return self.partner[_OLD][old] == new
