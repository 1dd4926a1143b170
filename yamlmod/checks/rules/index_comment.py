"""Report index comments with the wrong index."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from yamlmod.checks.finding import Finding, Fix
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.edits import Edit
from yamlmod.model.document import Row

# Rows may have been taken out since they were counted.
_BEYOND = 10
_HEAD = "[[2], 1, Detect, [nc, anchors]]"


def _check(subject: Subject) -> Iterator[Finding]:
    for row in _counted(subject.rows):
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


def _counted(rows: Sequence[Row]) -> list[Row]:
    """Return the rows whose comments count layers: the most whose numbers do not go down.

    Other numbers are sizes of maps, or channels: `# 2, # 160, # 4, # 80`.
    """
    most = len(rows) + _BEYOND
    told = [row for row in rows if row.comment is not None and row.comment.value <= most]
    ends: list[int] = []  # by length less one, the smallest last number of a run that long
    lengths = []
    for row in told:
        assert row.comment is not None
        place = bisect_right(ends, row.comment.value)
        ends[place : place + 1] = [row.comment.value]
        lengths.append(place)
    wanted = len(ends) - 1
    last = most
    counted = []
    for row, length in zip(reversed(told), reversed(lengths), strict=True):
        if length == wanted and row.comment is not None and row.comment.value <= last:
            counted.append(row)
            last, wanted = row.comment.value, wanted - 1
    return counted[::-1]


def _text(first: str, last: str) -> str:
    return model_text(
        f"[-1, 1, Conv, [64, 3, 2]]  # {first}\n[-1, 1, C3, [64]]\n[-1, 1, C3, [64]]  # {last}",
        _HEAD,
    )


_SIZES = (
    "[-1, 1, Conv, [64, 3, 2]]  # 0\n[-1, 1, C3, [64]]  # 160\n[-1, 1, C3, [64]]  # 2\n"
    "[-1, 1, C3, [64]]  # 12\n[-1, 1, C3, [64]]  # 4\n[-1, 1, C3, [64]]  # 5"
)
RULE = Rule(
    code="index-comment",
    severity="warning",
    summary="An index comment such as `# 17 (P3/8-small)` does not match its row.",
    why="People count layers by these comments. After a row is inserted by hand they are "
    "usually the first to be wrong: 217 of 1,606 published files have at least one.",
    check=_check,
    valid=(
        Valid(_text("0-P1/2", "2 (P3/8-small)")),
        Valid(_text("3x3 conv", "20+1")),
        Valid(model_text(_SIZES, _HEAD)),
    ),
    invalid=(
        Invalid(_text("0-P1/2", "1 (P3/8-small)"), (2,), (), _text("0-P1/2", "2 (P3/8-small)")),
        Invalid(_text("1-P1/2", "9"), (0, 2), (), _text("0-P1/2", "2")),
    ),
)
