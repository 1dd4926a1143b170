"""Report commented-out rows that the references below still count."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.checks.wiring.repair import Patient
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
# Each is restored on trial if a file has wrong references.
_TRIED = 12


def _check(subject: Subject) -> Iterator[Finding]:
    document = subject.document
    tried = 0
    for match in _ROW.finditer(document.text):
        row = _row_below(subject, match)
        if row is None:
            continue
        if _comments_count_it(subject, match, row):
            what = "the comments below still count it, so the references may too"
        elif _has_wrong_numbers(subject) and tried < _TRIED:
            tried += 1
            if not _is_right_with(subject, match["row"], row):
                continue
            what = "the references below still count it: with this row, all of them fit"
        else:
            continue
        yield Finding(
            RULE.code,
            "warning",
            document.place(match.start("row"), match.end("row")),
            f"this row was layer {row.index} and is commented out; {what}",
            "renumber the references below (`yamlmod remove` does this), or restore the row",
        )


def _row_below(subject: Subject, match: re.Match[str]) -> Row | None:
    """Find the row that now has the index of a commented-out row."""
    if match.start() < subject.document.sections[0].start:
        return None
    return next((row for row in subject.rows if row.start > match.end()), None)


def _comments_count_it(subject: Subject, match: re.Match[str], below: Row) -> bool:
    """Check whether its own index comment, and those below, still count it."""
    comment = _INDEX.search(match[0].rstrip("\r"))
    rows = [row for row in subject.rows[below.index :] if row.comment is not None]
    if comment is None or int(comment[1]) != below.index or not rows:
        return False
    return all(row.comment and row.comment.value == row.index + 1 for row in rows)


def _has_wrong_numbers(subject: Subject) -> bool:
    slips = subject.explanations[0].slips if subject.explanations else ()
    return bool(subject.unresolved or slips or Patient(subject).now.conflicts)


def _is_right_with(subject: Subject, row: str, below: Row) -> bool:
    """Check whether restoring a row fixes all wrong references."""
    text = subject.document.text
    table = next(item for item in subject.document.sections if item.name == below.section)
    margin = ", " if table.flow else text[text.rfind("\n", 0, below.start) : below.start]
    back = apply_edits(text, [Edit(below.start, below.start, row + margin)])
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
    summary="A row is commented out, but the references below still count it.",
    why="Commenting a row out removes a layer, like deleting it: the index of every later layer "
    "changes by one. The row is reported if the index comments still count it, or if wrong "
    "references would all fit with the row restored.",
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
