"""The bases that a file is compared with: official graphs, those with its neck, siblings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from yamlmod.checks.bases import Base, likeness, official_bases, row_words
from yamlmod.checks.wiring.variants import variants
from yamlmod.checks.wiring.views import View, views_of
from yamlmod.model.wiring import Wiring

if TYPE_CHECKING:
    from yamlmod.checks.subject import Subject

_TRIED = 3
# Of as many, those with a place for the variant are taken.
_RANKED = 12
# A head that reads more has two inputs a scale.
_INPUTS = 5
_UP = "nn.Upsample"


def candidates(subject: Subject) -> list[View]:
    """Return comparisons with every base that may fit, official ones first."""
    file = subject.wiring
    if subject.base is not None:
        return views_of(subject.base, file)
    official = nearest(file, official_bases())
    views = [view for base in (*official, *subject.siblings) for view in views_of(base, file)]
    if any(view.is_near and not view.edits for view in views):
        return views
    return [*views, *(view for base in _variants(file) for view in views_of(base, file))]


def _variants(file: Wiring) -> list[Base]:
    """Return variants of the nearest bases, if the file has more ways up or wider joins."""
    neck = [row for row in file.rows if row.section == "head"]
    scale = sum(row.module == _UP for row in neck) > 2 and len(file.inputs[-1]) <= _INPUTS
    joins = any(len(row.refs) > 2 for row in neck[:-1])
    if not scale and not joins:
        return []
    forms = [(scale, joins), *([(scale, False)] if scale and joins else [])]
    ranked = nearest(file, official_bases(), _RANKED)
    for with_scale, with_joins in forms:
        found = (variants(base, with_scale, with_joins) for base in ranked)
        made = [variant for some in found for variant in some]
        if made:
            return made[:_TRIED]
    return []


def nearest(file: Wiring, bases: Sequence[Base], count: int = _TRIED) -> list[Base]:
    """Return the most similar bases."""
    words = row_words(file.rows)
    return sorted(bases, key=lambda base: -likeness(words, base))[:count]


def same_form(file: Wiring, bases: Sequence[Base]) -> list[Base]:
    """Find bases with the same number of inputs in every row: same plan, other modules."""
    form = [len(inputs) for inputs in file.inputs]
    return [base for base in bases if base.form == form]
