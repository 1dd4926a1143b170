"""Report references that changed target relative to the base architecture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from yamlmod.checks.bases import Compared, compare_with, official_bases, same_form
from yamlmod.checks.finding import Finding, Fix
from yamlmod.checks.misnumbered import Wrong, misnumbered
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject, reference_edits, spelled
from yamlmod.checks.wording import change_words, pattern_words


def _check(subject: Subject) -> Iterator[Finding]:
    compared = subject.compared
    if not compared:
        return
    nearest = compared[0]
    wrong = subject.wrong_reads
    yield from _findings(subject, nearest, wrong)
    if subject.base is None and subject.stride_conflicts({}):
        reported = {item.reader for item in wrong}
        for other in _other_plans(subject, compared):
            more = misnumbered(other, subject.wiring, subject.stride_conflicts)
            more = [item for item in more if item.why == "strides" and item.reader not in reported]
            yield from _findings(subject, other, more)
            reported |= {item.reader for item in more}


def _other_plans(subject: Subject, compared: Sequence[Compared]) -> Iterator[Compared]:
    """Yield further bases: the next ones, and those with the same plan and other modules."""
    yield from compared[1:]
    known = {item.base.name for item in compared}
    for base in same_form(subject.wiring, official_bases()):
        if base.name not in known:
            yield compare_with(base, subject.wiring)


def _findings(subject: Subject, compared: Compared, wrong: Sequence[Wrong]) -> Iterator[Finding]:
    by_row: dict[int, list[Wrong]] = defaultdict(list)
    for item in wrong:
        by_row[item.reader].append(item)
    pattern = pattern_words(compared, subject.wiring, wrong)
    for reader, items in sorted(by_row.items()):
        yield _finding(subject, compared, reader, items, pattern)


def _finding(
    subject: Subject, compared: Compared, reader: int, items: Sequence[Wrong], pattern: str
) -> Finding:
    row = subject.rows[reader]
    values = [ref.value for ref in row.refs]
    for item in items:
        values[item.slot] = item.expected
    first = row.refs[items[0].slot]
    targets = ", ".join(_target_words(subject, compared, item) for item in items)
    expected = spelled(row, values)
    only_meant = all(item.why == "other" for item in items)
    return subject.at_row(
        RULE.code,
        "warning" if only_meant else "error",
        row,
        f"layer {reader} {row.module} reads {targets}, its input in {compared.base.name}",
        span=(first.start, first.end),
        help=f"write {expected} instead of {row.from_value}: {pattern}\n"
        f"compared with {compared.base.name}: {change_words(compared, subject)}",
        actual=row.from_value,
        expected=expected,
        fix=Fix(reference_edits(row, values), certain=_is_certain(subject, compared, items)),
    )


def _target_words(subject: Subject, compared: Compared, item: Wrong) -> str:
    old = compared.base.wiring.rows[item.old_target]
    describe = subject.document.describe
    target = item.reader + item.value if item.value < 0 else item.value
    in_range = 0 <= target < len(subject.rows)
    reads = describe(target) if in_range else f"{target}, which does not exist,"
    return f"{reads} instead of {describe(_target(item))} ({item.old_target} {old.module} there)"


def _is_certain(subject: Subject, compared: Compared, items: Sequence[Wrong]) -> bool:
    """Check that no other meaning is possible: only new layers, references not updated."""
    only_grown = not compared.alignment.removed and compared.base.origin != "sibling"
    same_modules = all(new == len(subject.rows) - 1 for _, new in compared.replaced)
    one_place = all(
        subject.wiring.through(layer, compared.alignment.added)[-1] != _target(item)
        for item in items
        for layer in compared.alignment.added
        if layer < item.reader
    )
    return only_grown and same_modules and one_place and all(item.why == "stale" for item in items)


def _target(item: Wrong) -> int:
    return item.reader + item.expected if item.expected < 0 else item.expected


_BASE = model_text(
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, C3, [64]]\n[-1, 1, Conv, [64, 3, 2]]\n"
    "[-1, 1, SPPF, [64, 5]]",
    "[-1, 1, Conv, [64, 1, 1]]\n[-1, 1, nn.Upsample, [None, 2, nearest]]\n"
    "[[-1, 1], 1, Concat, [1]]\n[-1, 1, C3, [64]]\n[-1, 1, Conv, [64, 3, 2]]\n"
    "[[-1, 4], 1, Concat, [1]]\n[-1, 1, C3, [64]]\n"
    "[[7, 10], 1, Detect, [nc, anchors]]",
)
_PUT_IN = _BASE.replace("    [-1, 1, SPPF,", "    [-1, 1, SimAM, []],\n    [-1, 1, SPPF,")
_RIGHT = _PUT_IN.replace("[-1, 4]", "[-1, 5]").replace("[7, 10]", "[8, 11]")
_BYPASS = _RIGHT.replace("[-1, 1, SPPF", "[-2, 1, SPPF")
_TAKEN_OUT = _BASE.replace("    [-1, 1, SPPF, [64, 5]],\n", "")
_OUT_RIGHT = _TAKEN_OUT.replace("[-1, 4]", "[-1, 3]").replace("[7, 10]", "[6, 9]")
_REPLACED = _BASE.replace("SPPF", "C3TR")

RULE = Rule(
    code="wiring",
    severity="error",
    summary="A reference has another target than in the model this file is derived from.",
    why="Inserting, removing or replacing a row by hand shifts the indices of all later layers, "
    "and some references are forgotten: of 120 published attention YAMLs, 48 read a wrong layer, "
    "and all that could be tried built and ran. The file is compared with the nearest known "
    "architecture: that of --base, an official YOLOv3 to v12 graph, or a clean file in the same "
    "folder whose rows are a part of it. Whether a reader uses the new layer or the layer before "
    "it is the author's choice. A changed target is reported if its number results from a typical "
    "renumbering mistake, if strides no longer fit and would fit with the old target, or if new "
    "rows read the head's inputs by their old numbers; with --base, every change is reported.",
    check=_check,
    valid=(Valid(_BASE, _BASE), Valid(_RIGHT, _BASE), Valid(_BYPASS, _BASE)),
    invalid=(
        # nothing renumbered
        Invalid(_PUT_IN, (10, 12), ([-1, 5], [8, 11]), _RIGHT, _BASE),
        # the head renumbered, a Concat not
        Invalid(_RIGHT.replace("[-1, 5]", "[-1, 4]"), (10,), ([-1, 5],), _RIGHT, _BASE),
        # removed without renumbering
        Invalid(_TAKEN_OUT, (8, 10), ([-1, 3], [6, 9]), _OUT_RIGHT, _BASE),
        # renumbered although the row was replaced
        Invalid(_REPLACED.replace("[-1, 4]", "[-1, 5]"), (9,), ([-1, 4],), _REPLACED, _BASE),
    ),
)
