"""The bases that a file is compared with: official graphs, those with its neck, siblings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from yamlmod.checks.bases import Base, likeness, official_bases, row_words
from yamlmod.checks.wiring.view_choice import views_of
from yamlmod.checks.wiring.views import View
from yamlmod.model.wiring import Wiring

if TYPE_CHECKING:
    from yamlmod.checks.subject import Subject

_TRIED = 3
# Of as many, those with a place for the variant are taken.
_RANKED = 12
# A head that reads more has two inputs a scale.
_INPUTS = 5
_THREE = 3
# With more changes, the neck may be that of another network.
_FAR = 5
_UP = "nn.Upsample"


def candidates(subject: Subject) -> list[View]:
    """Return comparisons with every base that may fit, official ones first."""
    file = subject.wiring
    if subject.base is not None:
        return views_of(subject.base, file)
    bases = [*nearest(file, official_bases()), *subject.siblings]
    views: list[View] = []
    for base in bases:
        views += views_of(base, file)
        if any(map(_is_equal, views)):
            return views
    if all(view.edits > _FAR or not view.is_near for view in views):
        necks = [base for base in _with_neck(file) if base not in bases]
        views += [view for view in _views(necks, file) if not view.whole]
    return views + _views(_variants(file), file)


def _is_equal(view: View) -> bool:
    return view.is_near and not view.edits and not view.differences


def _views(bases: Sequence[Base], file: Wiring) -> list[View]:
    return [view for base in bases for view in views_of(base, file)]


def nearest(file: Wiring, bases: Sequence[Base], count: int = _TRIED) -> list[Base]:
    """Return the most similar bases."""
    words = row_words(file.rows)
    return sorted(bases, key=lambda base: -likeness(words, base.words))[:count]


def _with_neck(file: Wiring) -> list[Base]:
    """Return the bases with the most similar necks."""
    words = row_words(row for row in file.rows if row.section == "head")
    return sorted(official_bases(), key=lambda base: -likeness(words, base.neck_words))[:_TRIED]


def _variants(file: Wiring) -> list[Base]:
    """Return variants of the nearest bases, if the file has more ways up or wider joins."""
    neck = [row for row in file.rows if row.section == "head"]
    inputs = len(file.inputs[-1])
    scale = sum(row.module == _UP for row in neck) > 2 and inputs <= _INPUTS
    joins = any(len(row.refs) > 2 for row in neck[:-1])
    if not scale and not joins:
        return []
    from yamlmod.checks.wiring.variants import VariantPlan, variants  # few files need it

    ups = sum(row.module == _UP for row in neck)
    # As many ways down as up: the head goes past the scale at stride 4.
    dropped = 0 if sum(len(row.refs) > 1 for row in neck[:-1]) >= 2 * ups else -1
    plans = [VariantPlan(scale, joins, dropped if inputs <= _THREE else None)]
    if scale and joins:
        plans.append(plans[0]._replace(joins=False))
    ranked = nearest(file, official_bases(), _RANKED)
    for plan in plans:
        made = [variant for base in ranked for variant in variants(base, plan)]
        if made:
            return made[:_TRIED]
    return []


def same_form(file: Wiring, bases: Sequence[Base]) -> list[Base]:
    """Find bases with the same number of inputs in every row: same plan, other modules."""
    form = [len(inputs) for inputs in file.inputs]
    return [base for base in bases if base.form == form]
