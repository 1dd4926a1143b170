"""How a difference from a base came about, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from yamlmod.checks.misnumbered import Wrong
from yamlmod.errors import one_of
from yamlmod.model.wiring import Wiring

if TYPE_CHECKING:
    from yamlmod.checks.bases import Compared
    from yamlmod.checks.subject import Subject


def change_words(found: Compared, subject: Subject) -> str:
    """Return what was put in, taken out and replaced: `9 ACmix put in`."""
    old = found.base.wiring.rows
    describe = subject.document.describe
    parts = [
        _listed((describe(layer) for layer in found.alignment.added), "put in"),
        _listed((f"{i} {old[i].module}" for i in found.alignment.removed), "taken out"),
        _listed(
            (f"{a} {old[a].module} by {subject.rows[b].module}" for a, b in found.replaced),
            "replaced",
        ),
    ]
    return "; ".join(part for part in parts if part) or "the same layers"


def _listed(names: Iterable[str], what: str) -> str:
    listed = list(names)
    return f"{what} {one_of(listed, limit=6)}" if listed else ""


def pattern_words(found: Compared, file: Wiring, wrong: Sequence[Wrong]) -> str:
    """Return which kind of slip explains the wrong numbers of a file."""
    stale = [item for item in wrong if item.why == "stale"]
    if not stale:
        whys = {item.why for item in wrong}
        if "head" in whys:
            return "these rows took over the head's inputs by the numbers they had before"
        if "strides" in whys:
            return "as it stands, maps of different strides are joined"
        return "it may be meant"
    if all(item.shift == 0 for item in stale):
        return _not_moved(found, file, stale)
    if all(item.due == 0 for item in stale):
        return "the numbers were moved, although no layer above them was put in or taken out"
    total = len(found.alignment.added) - len(found.alignment.removed)
    head = len(file.rows) - 1
    if total and all(item.shift == total and item.reader == head for item in stale):
        return f"all {total} new layers were added to every input of the head"
    return "the numbers were moved by the wrong amount"


def _not_moved(found: Compared, file: Wiring, stale: Sequence[Wrong]) -> str:
    gone, new = found.alignment.removed, found.alignment.added
    verb = "put in" if not gone else "taken out" if not new else "changed"
    head = len(file.rows) - 1
    readers = {item.reader for item in stale}
    right = _moved_rightly(found, file, stale)
    if not right:
        return f"no number was moved when layers were {verb}"
    if head in right and head not in readers:
        return f"the head was renumbered when layers were {verb}, these were not"
    return f"other numbers were moved when layers were {verb}, these were not"


def _moved_rightly(found: Compared, file: Wiring, stale: Sequence[Wrong]) -> set[int]:
    """Return the readers with a plain number that was moved as it had to be."""
    said = {(item.reader, item.slot) for item in stale}
    moved = set()
    for old, new in found.alignment.pairs:
        pairs = zip(found.base.wiring.rows[old].refs, file.rows[new].refs, strict=False)
        for slot, (was, now) in enumerate(pairs):
            if was.value >= 0 and now.value not in (was.value, -1) and (new, slot) not in said:
                moved.add(new)
    return moved
