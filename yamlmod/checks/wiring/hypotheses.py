"""The slips that explain wrong numbers, as data: what each would write, and how it is worded.

A hypothesis explains a difference if the number in the file is the one that the slip would leave.
Slips that follow from the changes of the file (a row was put in, the numbers were kept) need no
more than one number; an offset needs two numbers that show it, or a repair of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from yamlmod.checks.wiring.views import Difference, View

# More inserted layers than these are a new design, not a miscount.
_FEW = 6
_PART = 0.25
_OFFSETS = (1, -1, 2, -2, 3, -3, 4, -4)
PROVEN = 2
# Nothing is read past them on purpose.
JOINS = ("Concat",)

_Left: TypeAlias = "tuple[str, Callable[[View, Difference], bool]]"
"""A slip that follows from the changes of the file: its name, and whether it left a number."""


class Hypothesis(NamedTuple):
    """One slip: the differences that it explains, the layers they should lead to, its words.

    ``alone``: one number is evidence enough.
    """

    name: str
    words: str
    explains: Sequence[Difference]
    alone: bool = False
    offset: int | None = None

    @property
    def is_pattern(self) -> bool:
        """Tell whether it follows from how the numbers look, not from what they were."""
        return self.name in ("offset", "in-front", "some", "copied", "total")

    def wanted(self, item: Difference) -> int:
        """The layer that an input should be."""
        for layer in item.wanted:
            if self.offset is not None and self.offset == item.offset(layer):
                return layer
        return item.wanted[0]


def hypotheses(view: View, others: Sequence[View] = ()) -> Iterator[Hypothesis]:
    """Yield every slip that explains some of a view's differences, the plainest first."""
    items = view.differences
    if not items or not view.is_near:
        return
    if view.base.origin == "sibling":
        # It may have a mistake itself: only numbers that were left as they are there count.
        yield from _by_changes(view, items, _FIRST[:1])
        return
    yield from _by_changes(view, items, _FIRST)
    for scope, where in _SCOPES:
        inside = [item for item in items if where(view, item.reader)]
        for offset in _OFFSETS:
            some = [item for item in inside if offset in item.offsets]
            if _is_firm(some) and not _is_meant(view, some) and not _is_refuted(view, some, where):
                words = _offset_words(scope, offset, some, inside)
                yield Hypothesis("offset", words, some, offset=offset)
    some = _in_front(view, items)
    if some:
        yield Hypothesis(
            "in-front",
            "the head reads the layers in front of its blocks",
            some,
            # A join that a block follows is no output.
            alone=all(view.file.rows[item.place].module in JOINS for item in some),
        )
    some = [item for item in items if item.reader != view.head and _before_block(view, item)]
    if some:
        words = "a Concat is read in front of its block"
        yield Hypothesis("in-front", words, some, alone=True)
    for other in others:
        some = [item for item in items if _is_copied(item, other)]
        if _is_firm(some) and not _has_own_numbers(view, other):
            yield Hypothesis("copied", f"these are the numbers of {other.base.name}", some)
    yield from _by_changes(view, items, _LAST)


def _by_changes(
    view: View, items: Sequence[Difference], slips: Sequence[_Left]
) -> Iterator[Hypothesis]:
    for name, leaves in slips:
        some = [item for item in items if leaves(view, item)]
        if _is_firm(some):
            # In a network that was changed much, one such number is a coincidence.
            alone = name != "some" or view.distance <= max(_FEW, _PART * len(view.file.rows))
            yield Hypothesis(name, _words(name, view, some), some, alone)


def _is_copied(item: Difference, other: View) -> bool:
    number = other.number_at(item.reader, item.slot)
    return item.value == number and number not in (item.number, -1)


def _has_own_numbers(view: View, other: View) -> bool:
    """Tell whether a right number of the neck is not that of the other network."""
    pairs = (
        (view.file.rows[reader].refs[slot].value, other.number_at(reader, slot))
        for reader, slot, _ in view.right
    )
    return any(theirs is not None and 0 <= theirs != own for own, theirs in pairs)


def _is_firm(some: Sequence[Difference]) -> bool:
    return any(not item.loose for item in some)


# By the changes of the file: one number is evidence.


def _kept(view: View, item: Difference) -> bool:
    """The number was left as it is in the base, or in the network of which that is a variant."""
    if item.loose and not view.whole and view.guesses_stages:
        return False  # the number may be right by another count
    return item.value in (item.number, item.smaller) and item.value != -1


def _total(view: View, item: Difference) -> bool:
    """All new layers were added to the numbers of the row."""
    total = len(view.alignment.added) - len(view.alignment.removed)
    few = len(view.alignment.added) + len(view.alignment.removed) <= _FEW
    return bool(total) and few and view.whole and _shifts_of_row(view, item) == {total}


def _some(view: View, item: Difference) -> bool:
    """The row was renumbered for some of the changes, or for a row that was only replaced."""
    alignment = view.alignment
    if not view.whole or len(alignment.added) + len(alignment.removed) > _FEW:
        return False
    if item.number is None or item.value < 0 or item.number < 0:
        return _crossing(view, item)
    if item.place in alignment.added and item.place in view.file.inputs[item.wanted[0]]:
        return False  # it reads the new layer in front of the one of the base: a choice
    total = len(alignment.added) - len(alignment.removed)
    steps = {new - old for old, new in alignment.pairs} - {total}
    replaced = range(1, min(len(view.replaced), _FEW // 2) + 1)
    return item.value - item.number in {*steps, *replaced}


def _crossing(view: View, item: Difference) -> bool:
    """A distance that was changed for another number of rows."""
    if item.number is None or item.value >= -1 or item.number >= 0:
        return False
    near = abs(item.number - item.value) <= len(view.alignment.added)
    return near and abs(item.value) <= abs(item.number) + 1


def _shifts_of_row(view: View, item: Difference) -> set[int]:
    """Differences of a row's indices from the base's."""
    if item.number is None or item.value < 0 or item.number < 0:
        return set()
    old = view.old_row(item.reader).refs
    new = view.file.rows[item.reader].refs
    pairs = zip(old, new, strict=False)
    return {b.value - a.value for a, b in pairs if a.value >= 0 and b.value >= 0}


_FIRST: tuple[_Left, ...] = (("kept", _kept), ("total", _total))
_LAST: tuple[_Left, ...] = (("some", _some),)


def _words(name: str, view: View, some: Sequence[Difference]) -> str:
    total = len(view.alignment.added) - len(view.alignment.removed)
    verb = (
        "inserted"
        if not view.alignment.removed
        else "removed"
        if not view.alignment.added
        else "changed"
    )
    if name == "total":
        return f"all {total} new layers were added to these numbers"
    if name == "some":
        if not view.alignment.added and not view.alignment.removed:
            return "the references were updated, although no layer above them was inserted"
        return "the references were updated by the wrong amount"
    readers = {item.reader for item in some}
    right = {reader for reader, _, _ in view.right if _moved(view, reader)} - readers
    if not right:
        return f"the references were not updated when layers were {verb}"
    if view.head in right:
        return f"the head was updated when layers were {verb}, these references were not"
    if readers == {view.head}:
        return f"the other rows were updated when layers were {verb}, the head was not"
    return f"other references were updated when layers were {verb}, these were not"


def _moved(view: View, reader: int) -> bool:
    old = view.old_row(reader).refs
    new = view.file.rows[reader].refs
    return any(a.value != b.value for a, b in zip(old, new, strict=False))


# By an offset that several numbers share.


def _everywhere(view: View, reader: int) -> bool:
    return True


def _only_head(view: View, reader: int) -> bool:
    return reader == view.head


def _but_head(view: View, reader: int) -> bool:
    return reader != view.head


_SCOPES: tuple[tuple[str, Callable[[View, int], bool]], ...] = (
    ("every number", _everywhere),
    ("every input of the head", _only_head),
    ("every number of the neck", _but_head),
)


def _is_refuted(view: View, some: Sequence[Difference], where: Callable[[View, int], bool]) -> bool:
    """Check whether numbers from the same layer on are right in the same rows."""
    first = min(item.wanted[0] for item in some)
    return any(where(view, reader) and layer >= first for reader, _, layer in view.right)


def _is_meant(view: View, some: Sequence[Difference]) -> bool:
    """Check whether all of them, the head apart, go past one layer or read new ones: a choice."""
    added = {*view.alignment.added, *(new for _, new in view.replaced)} if view.whole else set()
    return all(
        item.reader != view.head
        and (
            item.place in added
            or (
                any(item.place in view.file.inputs[layer] for layer in item.wanted)
                and view.file.rows[item.place].module not in JOINS
            )
        )
        for item in some
        if not item.loose
    )


def _offset_words(
    scope: str, offset: int, some: Sequence[Difference], inside: Sequence[Difference]
) -> str:
    first = min(item.wanted[0] for item in some)
    size = f"{abs(offset)} too {'large' if offset > 0 else 'small'}"
    what = scope if len(some) == len(inside) else "these numbers"
    return f"{what} from layer {first} on is {size}" if what == scope else f"{what} are {size}"


def _before_block(view: View, item: Difference) -> bool:
    """Check for a read of a join, where the base reads the block that alone was to read it."""
    rows = view.file.rows
    if not 0 <= item.place < len(rows) or rows[item.place].module not in JOINS:
        return False
    moved = {other.reader for other in view.differences if other.place == item.place}
    others = set(view.file.readers[item.place]) - moved
    return any(
        others == {layer} and view.file.inputs[layer] == (item.place,) for layer in item.wanted
    )


def _in_front(view: View, items: Sequence[Difference]) -> list[Difference]:
    """The head's inputs, where each reads what the block behind it reads."""
    head = [item for item in items if item.reader == view.head]
    some = [
        item for item in head if any(item.place in view.file.inputs[layer] for layer in item.wanted)
    ]
    joins = all(view.file.rows[item.place].module in JOINS for item in some)
    return some if len(some) == len(head) and (len(some) >= PROVEN or joins) else []
