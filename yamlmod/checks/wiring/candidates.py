"""The bases that a file is compared with: official graphs, those with its neck, siblings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from yamlmod.checks.bases import Base, likeness, official_bases, row_words
from yamlmod.checks.wiring.views import View, view_of
from yamlmod.model.wiring import Wiring

if TYPE_CHECKING:
    from yamlmod.checks.subject import Subject

_TRIED = 3


def candidates(subject: Subject) -> list[View]:
    """Return comparisons with every base that may fit, official ones first."""
    file = subject.wiring
    if subject.base is not None:
        return [view_of(subject.base, file)]
    bases = [*nearest(file, official_bases()), *subject.siblings]
    return [view_of(base, file) for base in bases]


def nearest(file: Wiring, bases: Sequence[Base]) -> list[Base]:
    """Return the most similar bases."""
    words = row_words(file.rows)
    return sorted(bases, key=lambda base: -likeness(words, base))[:_TRIED]


def same_form(file: Wiring, bases: Sequence[Base]) -> list[Base]:
    """Find bases with the same number of inputs in every row: same plan, other modules."""
    form = [len(inputs) for inputs in file.inputs]
    return [base for base in bases if base.form == form]
