"""Report references to no earlier layer, and layers listed twice."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject

_BACKBONE = "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, Conv, [128, 3, 2]]"


def _check(subject: Subject) -> Iterator[Finding]:
    for item in subject.unresolved:
        row = subject.rows[item.reader]
        span = (
            row.spans[0] if not row.refs else (row.refs[item.slot].start, row.refs[item.slot].end)
        )
        yield subject.at_row(
            RULE.code,
            "error",
            row,
            item.error.message,
            span=span,
            help="write the index of an earlier layer, or a negative offset to it",
            actual=row.from_value if row.refs else [],
        )
    for row in subject.rows:
        yield from _twice(subject, row.index)


def _twice(subject: Subject, index: int) -> Iterator[Finding]:
    row = subject.rows[index]
    seen: set[int] = set()
    reads = subject.graph.reads[index]
    if not row.refs:
        return
    for read in reads:
        if read.target in seen:
            ref = row.refs[read.slot]
            name = subject.document.describe(read.target)
            yield subject.at_row(
                RULE.code,
                "warning",
                row,
                f"layer {index} {row.module} reads {name} twice",
                span=(ref.start, ref.end),
                help="list each input once, unless the second copy is intended",
                actual=row.from_value,
            )
        seen.add(read.target)


RULE = Rule(
    code="references",
    severity="error",
    summary="A number in the `from` column refers to no earlier layer.",
    why="A layer can only read earlier outputs. A number that is out of range, "
    "refers to the row itself or to a later row, or counts back beyond the first layer fails in "
    "the forward pass or, in a parser that counts differently, reads another layer. A "
    "number that is not an integer is found when the file is read. Listing one layer twice "
    "builds, and doubles its channels.",
    check=_check,
    valid=(
        Valid(model_text(_BACKBONE, "[[-1, 0], 1, Concat, [1]]\n[[2], 1, Detect, [nc, anchors]]")),
    ),
    invalid=(
        Invalid(
            model_text(_BACKBONE, "[[-1, 9], 1, Concat, [1]]\n[[0], 1, Detect, [nc, anchors]]"),
            (2,),
        ),
        Invalid(model_text(_BACKBONE, "[2, 1, C3, [8]]\n[[-1], 1, Detect, [nc, anchors]]"), (2,)),
        Invalid(model_text(_BACKBONE, "[3, 1, C3, [8]]\n[[-1], 1, Detect, [nc, anchors]]"), (2,)),
        Invalid(model_text(_BACKBONE, "[-4, 1, C3, [8]]\n[[-1], 1, Detect, [nc, anchors]]"), (2,)),
        Invalid(
            model_text(_BACKBONE, "[[1, -1], 1, Concat, [1]]\n[[-1], 1, Detect, [nc, anchors]]"),
            (2,),
        ),
        Invalid(
            model_text(_BACKBONE, "[1.0, 1, C3, [8]]\n[[-1], 1, Detect, [nc, anchors]]"), (None,)
        ),
        Invalid(
            model_text(_BACKBONE, "['-1', 1, C3, [8]]\n[[-1], 1, Detect, [nc, anchors]]"), (None,)
        ),
    ),
)
