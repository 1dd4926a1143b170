"""Choose how a file is seen beside one base: as a whole, by its neck, or both."""

from __future__ import annotations

from yamlmod.checks.bases import Base
from yamlmod.checks.wiring.compared import compared
from yamlmod.checks.wiring.views import View
from yamlmod.model.align import alignment_of
from yamlmod.model.reads import compare_reads
from yamlmod.model.wiring import Wiring

# With fewer of its rows, it is another backbone.
_SAME_BACKBONE = 0.6
# With as many changes, it may be.
_MUCH = 6


def whole_view(base: Base, file: Wiring) -> View:
    return View(base, file, *compared(base.wiring, file))


def views_of(base: Base, file: Wiring) -> list[View]:
    """Compare the whole file; the necks if the backbone is another one; both if it may be."""
    whole = whole_view(base, file)
    if base.origin != "official":
        return [whole]
    if not _same_backbone(whole):
        return [_neck_view(whole)]
    return [whole, _neck_view(whole)] if whole.differences and _differs_much(whole) else [whole]


def _differs_much(view: View) -> bool:
    theirs, ours = _backbone(view.base.wiring), _backbone(view.file)
    alignment = view.alignment
    changes = sum(layer < ours for layer in alignment.added)
    changes += sum(layer < theirs for layer in alignment.removed)
    return changes + sum(new < ours for _, new in view.replaced) >= _MUCH


def _backbone(wiring: Wiring) -> int:
    return sum(row.section == "backbone" for row in wiring.rows)


def _end(wiring: Wiring, backbone: int) -> int:
    """The layer that the backbone's rows lead to; a row below it that reads another is a branch."""
    end = backbone - 1
    while end and wiring.inputs[end] != (end - 1,):
        end -= 1
    return end


def _same_backbone(view: View) -> bool:
    old, new = view.base.wiring.rows, view.file.rows
    same = sum(
        old[a].module == new[b].module
        for a, b in view.alignment.pairs
        if new[b].section == "backbone"
    )
    return same >= _SAME_BACKBONE * min(_backbone(view.base.wiring), _backbone(view.file))


def _neck_view(view: View) -> View:
    """Keep the pairs of the neck; of the backbones only the ends correspond."""
    old, new = view.base.wiring, view.file
    theirs, ours = _backbone(old), _backbone(new)
    pairs = [(a, b) for a, b in view.alignment.pairs if a >= theirs and b >= ours]
    ends = [(_end(old, theirs), _end(new, ours))] if theirs and ours else []
    neck = alignment_of([*ends, *pairs], old, new)
    return View(view.base, new, neck, compare_reads(old, new, neck), whole=False)
