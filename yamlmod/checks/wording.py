"""Describe the differences from a base in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from yamlmod.checks.misnumbered import Wrong
from yamlmod.errors import one_of
from yamlmod.model.wiring import Wiring

if TYPE_CHECKING:
    from yamlmod.checks.bases import Compared
    from yamlmod.checks.subject import Subject


def change_words(compared: Compared, subject: Subject) -> str:
    """List inserted, removed and replaced layers: `inserted 9 ACmix`."""
    old = compared.base.wiring.rows
    describe = subject.document.describe
    parts = [
        _listed((describe(layer) for layer in compared.alignment.added), "inserted"),
        _listed((f"{i} {old[i].module}" for i in compared.alignment.removed), "removed"),
        _listed(
            (f"{a} {old[a].module} by {subject.rows[b].module}" for a, b in compared.replaced),
            "replaced",
        ),
    ]
    return "; ".join(part for part in parts if part) or "the same layers"


def _listed(names: Iterable[str], what: str) -> str:
    listed = list(names)
    return f"{what} {one_of(listed, limit=6)}" if listed else ""


def pattern_words(compared: Compared, file: Wiring, wrong: Sequence[Wrong]) -> str:
    """Describe the mistake that explains the wrong references of a file."""
    stale = [item for item in wrong if item.why == "stale"]
    if not stale:
        whys = {item.why for item in wrong}
        if "head" in whys:
            return "these rows read the head's inputs by their old numbers"
        if "strides" in whys:
            return "otherwise feature maps of different strides are joined"
        return "it may be intended"
    if all(item.shift == 0 for item in stale):
        return _not_moved(compared, file, stale)
    if all(item.due == 0 for item in stale):
        return "the references were updated, although no layer above them was inserted or removed"
    total = len(compared.alignment.added) - len(compared.alignment.removed)
    head = len(file.rows) - 1
    if total and all(item.shift == total and item.reader == head for item in stale):
        return f"all {total} new layers were added to every input of the head"
    return "the references were updated by the wrong amount"


def _not_moved(compared: Compared, file: Wiring, stale: Sequence[Wrong]) -> str:
    gone, new = compared.alignment.removed, compared.alignment.added
    verb = "inserted" if not gone else "removed" if not new else "changed"
    head = len(file.rows) - 1
    readers = {item.reader for item in stale}
    right = _moved_rightly(compared, file, stale)
    if not right:
        return f"the references were not updated when layers were {verb}"
    if head in right and head not in readers:
        return f"the head was updated when layers were {verb}, these references were not"
    return f"other references were updated when layers were {verb}, these were not"


def _moved_rightly(compared: Compared, file: Wiring, stale: Sequence[Wrong]) -> set[int]:
    """Find the readers with an absolute reference that was updated correctly."""
    wrong = {(item.reader, item.slot) for item in stale}
    moved = set()
    for old, new in compared.alignment.pairs:
        pairs = zip(compared.base.wiring.rows[old].refs, file.rows[new].refs, strict=False)
        for slot, (was, now) in enumerate(pairs):
            if was.value >= 0 and now.value not in (was.value, -1) and (new, slot) not in wrong:
                moved.add(new)
    return moved
