"""Rows that are commented out, although the numbers below still count them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Refusal
from yamlmod.model.comments import INDEX
from yamlmod.model.document import Row, parse_document

_ROW = re.compile(
    r"^[ \t]*#[#\s\-]*(?P<row>\[\s*(?:-?\d+|\[[-\d,\s]*\])\s*,\s*\d+\s*,\s*[\w.]+\s*,"
    r"\s*\[[^#\n]*\])\s*,?\s*(?:#[^\n]*)?$",
    re.MULTILINE,
)
_INDEX = re.compile(rf"#\s*{INDEX}[^#]*$")
# Each is put back on trial where a file has wrong numbers.
_TRIED = 12


def _check(subject: Subject) -> Iterator[Finding]:
    document = subject.document
    tried = 0
    for found in _ROW.finditer(document.text):
        behind = _row_behind(subject, found)
        if behind is None:
            continue
        if _comments_count_it(subject, found, behind):
            what = "the comments below still count it, so the references may too"
        elif _has_wrong_numbers(subject) and tried < _TRIED:
            tried += 1
            if not _is_right_with(subject, found["row"], behind):
                continue
            what = "the numbers below still count it: with this row, every one of them fits"
        else:
            continue
        yield Finding(
            RULE.code,
            "warning",
            document.place(found.start("row"), found.end("row")),
            f"this row was layer {behind.index} and is commented out; {what}",
            "renumber what stands below (`yamlmod remove` does it), or put the row back",
        )


def _row_behind(subject: Subject, found: re.Match[str]) -> Row | None:
    """Return the row that took the place of a comment within the tables."""
    if found.start() < subject.document.sections[0].start:
        return None
    return next((row for row in subject.rows if row.start > found.end()), None)


def _comments_count_it(subject: Subject, found: re.Match[str], behind: Row) -> bool:
    """Tell whether its own comment counted it as a layer, and those below still do."""
    comment = _INDEX.search(found[0].rstrip("\r"))
    below = [row for row in subject.rows[behind.index :] if row.comment is not None]
    if comment is None or int(comment[1]) != behind.index or not below:
        return False
    return all(row.comment and row.comment.value == row.index + 1 for row in below)


def _has_wrong_numbers(subject: Subject) -> bool:
    return bool(subject.unresolved or subject.wrong_reads or subject.stride_conflicts({}))


def _is_right_with(subject: Subject, row: str, behind: Row) -> bool:
    """Tell whether a file with wrong numbers has none once a row is put back."""
    text = subject.document.text
    table = next(one for one in subject.document.sections if one.name == behind.section)
    margin = ", " if table.flow else text[text.rfind("\n", 0, behind.start) : behind.start]
    back = apply_edits(text, [Edit(behind.start, behind.start, row + margin)])
    try:
        document = parse_document(back, subject.document.shown)
    except Refusal:
        return False
    return not _has_wrong_numbers(replace(subject, document=document))


def _text(first: str, second: str) -> str:
    return (
        "nc: 4\nanchors: 3\nbackbone:\n  [\n    [-1, 1, Conv, [64, 3, 2]],  # 0\n"
        "    # [-1, 1, SimAM, []],  # 1\n"
        f"    [-1, 1, C3, [64]],  # {first}\n    [-1, 1, C3, [64]],  # {second}\n  ]\n"
        "head:\n  [\n    [[2], 1, Detect, [nc, anchors]],\n  ]\n"
    )


def _as_block(text: str) -> str:
    lines = [line for line in text.split("\n") if line not in ("  [", "  ]")]
    return "\n".join(re.sub(r"^    (\[.*),$", r"  - \1", line) for line in lines)


_BACKBONE = (
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, Conv, [128, 3, 2]]\n[-1, 1, SimAM, []]\n"
    "[-1, 1, Conv, [256, 3, 2]]"
)
_HEAD = (
    "[-1, 1, nn.Upsample, [None, 2, nearest]]\n[[-1, 2], 1, Concat, [1]]\n"
    "[-1, 1, Conv, [64, 3, 2]]\n[[-1, 3], 1, Concat, [1]]\n[[5, 7], 1, Detect, [nc, anchors]]"
)
_WITH = model_text(_BACKBONE, _HEAD)
_WITHOUT = _WITH.replace("    [-1, 1, SimAM", "    # [-1, 1, SimAM")

RULE = Rule(
    code="commented-row",
    severity="warning",
    summary="A row is commented out, and the numbers below still count it.",
    why="Commenting a row out takes a layer away like deleting it: every index behind it "
    "moves by one. It is told where index comments go on counting the row, and where numbers "
    "that do not fit would all fit with the row in its place.",
    check=_check,
    valid=(
        Valid(_text("1", "2")),
        Valid(model_text("[-1, 1, C3, [64]]", "[[0], 1, Detect, [nc]]")),
        Valid(_WITH),
        Valid(_WITHOUT.replace("[-1, 2]", "[-1, 1]").replace("[-1, 3]", "[-1, 2]")),
    ),
    invalid=(
        Invalid(_text("2", "3"), (None,)),
        Invalid(_WITHOUT, (None,)),
        Invalid(_as_block(_WITHOUT), (None,)),
    ),
)
