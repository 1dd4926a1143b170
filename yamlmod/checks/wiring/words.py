"""Describe the differences from a base in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from yamlmod.errors import one_of

if TYPE_CHECKING:
    from yamlmod.checks.subject import Subject
    from yamlmod.checks.wiring.views import View


def change_words(view: View, subject: Subject) -> str:
    """List inserted, removed and replaced layers: `inserted 9 ACmix`."""
    old = view.base.wiring.rows
    describe = subject.document.describe
    parts = [
        _listed((describe(layer) for layer in view.alignment.added), "inserted"),
        _listed((f"{i} {old[i].module}" for i in view.alignment.removed), "removed"),
        _listed(
            (f"{a} {old[a].module} by {subject.rows[b].module}" for a, b in view.replaced),
            "replaced",
        ),
    ]
    return "; ".join(part for part in parts if part) or "the same layers"


def _listed(names: Iterable[str], what: str) -> str:
    listed = list(names)
    return f"{what} {one_of(listed, limit=6)}" if listed else ""
