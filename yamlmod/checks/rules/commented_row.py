"""Rows that are commented out, although the numbers below still count them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject

_ROW = re.compile(
    r"^[ \t]*#[#\s\-\[]*\[\s*(?:-?\d+|\[[-\d,\s]*\])\s*,\s*\d+\s*,\s*[\w.]+\s*,\s*\[.*",
    re.MULTILINE,
)
_INDEX = re.compile(r"#\s*(\d{1,3})(?![\d+.*/xX%\[\w])[^#]*$")


def _check(subject: Subject) -> Iterator[Finding]:
    document = subject.document
    rows = document.rows
    for found in _ROW.finditer(document.text):
        if not rows or not document.sections[0].start < found.start() < rows[-1].start:
            continue
        behind = next((row for row in rows if row.start > found.end()), None)
        comment = _INDEX.search(found[0].rstrip("\r"))
        if behind is None or comment is None:
            continue
        # A comment that counted this row as a layer, and rows below that still count it too.
        below = [row for row in rows[behind.index :] if row.comment is not None]
        if int(comment[1]) != behind.index or not below:
            continue
        if not all(row.comment and row.comment.value == row.index + 1 for row in below):
            continue
        start = found.start() + len(found[0]) - len(found[0].lstrip())
        yield Finding(
            RULE.code,
            "warning",
            document.place(start, found.end()),
            f"this row was layer {behind.index} and is commented out; the comments below still "
            "count it, so the references may too",
            "renumber what stands below (`yamlmod remove` does it), or put the row back",
        )


def _text(first: str, second: str) -> str:
    return (
        "nc: 4\nanchors: 3\nbackbone:\n  [\n    [-1, 1, Conv, [64, 3, 2]],  # 0\n"
        "    # [-1, 1, SimAM, []],  # 1\n"
        f"    [-1, 1, C3, [64]],  # {first}\n    [-1, 1, C3, [64]],  # {second}\n  ]\n"
        "head:\n  [\n    [[2], 1, Detect, [nc, anchors]],\n  ]\n"
    )


RULE = Rule(
    code="commented-row",
    severity="warning",
    summary="A row is commented out, and the index comments below still count it.",
    why="Commenting a row out takes a layer away like deleting it: every index behind it "
    "moves by one.",
    check=_check,
    valid=(
        Valid(_text("1", "2")),
        Valid(model_text("[-1, 1, C3, [64]]", "[[0], 1, Detect, [nc]]")),
    ),
    invalid=(Invalid(_text("2", "3"), (None,)),),
)
