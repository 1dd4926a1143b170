"""Report renumbered layers, which affect --freeze and pretrained weights."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.checks.wiring.views import View
from yamlmod.checks.wiring.words import change_words
from yamlmod.errors import plural

_NEAR = 0.3


def _check(subject: Subject) -> Iterator[Finding]:
    views = (one.view for one in subject.explanations if one.view.base.has_weights)
    nearest = next(views, None)
    if nearest is None:
        return
    given = nearest.base.origin == "given"
    if not given and nearest.distance > _NEAR * len(subject.rows):
        return
    moved = [(old, new) for old, new in nearest.alignment.pairs if old != new]
    if not moved:
        return
    old, new = moved[0]
    verb = "was" if len(moved) == 1 else "were"
    row = subject.rows[new]
    # About the file as a whole: the layers themselves are correct.
    yield Finding(
        RULE.code,
        "note",
        subject.document.place(*row.spans[2]),
        f"{plural(len(moved), 'layer')} {verb} renumbered compared with {nearest.base.name} "
        f"(layer {old} is now {new}), so pretrained weights no longer match by name; use "
        "`yamlmod remap`" + _freeze(subject, nearest),
        f"compared with {nearest.base.name}: {change_words(nearest, subject)}",
    )


def _freeze(subject: Subject, nearest: View) -> str:
    """Return the new argument of freeze, which counts from the top, in the family's words."""
    backbone = nearest.base.backbone
    last = nearest.alignment.to_new(backbone - 1)
    if last is None or last + 1 == backbone:
        return ""
    settings = subject.document.settings
    is_ultralytics = "scales" in settings or "anchors" not in settings
    word = "freeze=" if is_ultralytics else "--freeze "
    return f"; `{word}{backbone}` (its backbone) is `{word}{last + 1}` here"


_BASE = model_text(
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, C3, [64]]\n[-1, 1, SPPF, [64, 5]]",
    "[-1, 1, Conv, [64, 1, 1]]\n[[3], 1, Detect, [nc, anchors]]",
)
_GROWN = _BASE.replace("    [-1, 1, SPPF", "    [-1, 1, SimAM, []],\n    [-1, 1, SPPF")

RULE = Rule(
    code="moved-layers",
    severity="note",
    summary="Layers were renumbered compared with the model this file is derived from.",
    why="Layer numbers are part of the names in a checkpoint (`model.24.m.0.weight`), and "
    "`--freeze N` counts from the top. After an insertion, pretrained weights of all later "
    "layers are silently skipped, or loaded into another layer of the same shape, "
    "and --freeze freezes one layer less of the old backbone.",
    check=_check,
    valid=(Valid(_BASE, _BASE),),
    invalid=(Invalid(_GROWN.replace("[[3]", "[[4]"), (None,), base=_BASE),),
)
