"""Report references that the fork's parser resolves to another layer (with --repo)."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding, Fix
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject, reference_edits, spelled
from yamlmod.model.parser_facts import ParserFacts, ParserNames
from yamlmod.model.refs import IMAGE, SpellingRule, spell, target


def _check(subject: Subject) -> Iterator[Finding]:
    builder = subject.builder
    if builder is None:
        return
    broken = {item.reader for item in subject.unresolved}
    for row in subject.rows:
        in_head = row.index == subject.document.head.index
        values = [ref.value for ref in row.refs]
        wrong = [
            slot
            for slot, value in enumerate(values)
            if builder.spelling.misreads(value, row.listed, in_head) and row.index not in broken
        ]
        if not wrong:
            continue
        for slot in wrong:
            layer = target(row.index, values[slot])
            values[slot] = layer if layer == IMAGE else spell(row.index, layer, values[slot] >= 0)
        ref = row.refs[wrong[0]]
        expected = spelled(row, values)
        yield subject.at_row(
            RULE.code,
            "error",
            row,
            f"{builder.function} of {builder.shown} uses the channels of another layer for "
            f"{ref.value} in layer {row.index} {row.module}: its channel list starts with the "
            "image's",
            span=(ref.start, ref.end),
            help=f"write {expected}, which means the same layer and is read correctly",
            actual=row.from_value,
            expected=expected,
            fix=Fix(reference_edits(row, values), certain=True),
        )


_TEXT = model_text(
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, Conv, [64, 3, 2]]\n[{}, 1, C3, [64]]",
    "[[2], 1, Detect, [nc, anchors]]",
)
_FORK = ParserFacts(
    "models/yolo.py",
    "parse_model",
    ParserNames(frozenset(), ("?",)),
    spelling=SpellingRule(positive_single=False),
)

RULE = Rule(
    code="misread-spelling",
    severity="error",
    summary="The fork's parser reads this number as another layer's channels.",
    why="Forks that keep `ch` offset by one (YOLOv5 v1 to v4, yolov5-face) read the channels "
    "of the wrong layer for a positive number outside a list, and the oldest for a number "
    "below -1 in a list. If both layers have the same channels, there is no error.",
    check=_check,
    valid=(Valid(_TEXT.format(-2), builder=_FORK), Valid(_TEXT.format(0))),
    invalid=(Invalid(_TEXT.format(0), (2,), (-2,), _TEXT.format(-2), builder=_FORK),),
    needs_repo=True,
)
