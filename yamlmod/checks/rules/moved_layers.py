"""Which layer numbers moved against the base: what --freeze and pretrained weights go by."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.bases import Compared
from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.checks.wording import change_words

_NEAR = 0.25


def _check(subject: Subject) -> Iterator[Finding]:
    compared = subject.compared
    if not compared:
        return
    found = compared[0]
    given = found.base.origin == "given"
    if not given and found.distance > _NEAR * len(subject.rows):
        return
    moved = [(old, new) for old, new in found.alignment.pairs if old != new]
    if not moved:
        return
    old, new = moved[0]
    row = subject.rows[new]
    # Of the file as a whole: the layers are right where they are.
    yield Finding(
        RULE.code,
        "note",
        subject.document.place(*row.spans[2]),
        f"{len(moved)} layers have other numbers than in {found.base.name}, from {old} (here "
        f"{new}) on: pretrained weights of these do not load by name" + _freeze(found),
        f"compared with {found.base.name}: {change_words(found, subject)}",
    )


def _freeze(found: Compared) -> str:
    """Return what --freeze, which counts layers from the top, has to say instead."""
    backbone = found.base.backbone
    last = found.alignment.to_new(backbone - 1)
    if last is None or last + 1 == backbone:
        return ""
    return f"; `--freeze {backbone}`, the backbone there, is `--freeze {last + 1}` here"


_BASE = model_text(
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, C3, [64]]\n[-1, 1, SPPF, [64, 5]]",
    "[-1, 1, Conv, [64, 1, 1]]\n[[3], 1, Detect, [nc, anchors]]",
)
_GROWN = _BASE.replace("    [-1, 1, SPPF", "    [-1, 1, SimAM, []],\n    [-1, 1, SPPF")

RULE = Rule(
    code="moved-layers",
    severity="note",
    summary="Layers have other numbers than in the model this file was made from.",
    why="Layer numbers are part of the names in a checkpoint (`model.24.m.0.weight`), and "
    "`--freeze N` counts from the top. After an insertion, pretrained weights of the "
    "layers behind it are silently left out, or go to another layer of the same shape, "
    "and --freeze freezes one layer less of the old backbone.",
    check=_check,
    valid=(Valid(_BASE, _BASE),),
    invalid=(Invalid(_GROWN.replace("[[3]", "[[4]"), (None,), base=_BASE),),
)
