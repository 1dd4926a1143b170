"""References that do not lead to the layer they led to in the architecture a file was made from."""

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
    found = compared[0]
    wrong = subject.wrong_reads
    yield from _findings(subject, found, wrong)
    if subject.base is None and subject.stride_conflicts({}):
        said = {item.reader for item in wrong}
        for other in _other_plans(subject, compared):
            more = misnumbered(other, subject.wiring, subject.stride_conflicts)
            more = [item for item in more if item.why == "strides" and item.reader not in said]
            yield from _findings(subject, other, more)
            said |= {item.reader for item in more}


def _other_plans(subject: Subject, compared: Sequence[Compared]) -> Iterator[Compared]:
    """Yield further bases: the next ones, and those with other modules in the same plan."""
    yield from compared[1:]
    known = {item.base.name for item in compared}
    for base in same_form(subject.wiring, official_bases()):
        if base.name not in known:
            yield compare_with(base, subject.wiring)


def _findings(subject: Subject, found: Compared, wrong: Sequence[Wrong]) -> Iterator[Finding]:
    by_row: dict[int, list[Wrong]] = defaultdict(list)
    for item in wrong:
        by_row[item.reader].append(item)
    pattern = pattern_words(found, subject.wiring, wrong)
    for reader, items in sorted(by_row.items()):
        yield _finding(subject, found, reader, items, pattern)


def _finding(
    subject: Subject, found: Compared, reader: int, items: Sequence[Wrong], pattern: str
) -> Finding:
    row = subject.rows[reader]
    values = [ref.value for ref in row.refs]
    for item in items:
        values[item.slot] = item.expected
    first = row.refs[items[0].slot]
    told = "), ".join(_told(subject, found, item) for item in items)
    expected = spelled(row, values)
    only_meant = all(item.why == "other" for item in items)
    return subject.at_row(
        RULE.code,
        "warning" if only_meant else "error",
        row,
        f"layer {reader} {row.module} reads {told} in {found.base.name})",
        span=(first.start, first.end),
        help=f"write {expected} in place of {row.from_value}: {pattern}\n"
        f"compared with {found.base.name}: {change_words(found, subject)}",
        actual=row.from_value,
        expected=expected,
        fix=Fix(reference_edits(row, values), certain=_is_certain(subject, found, items)),
    )


def _told(subject: Subject, found: Compared, item: Wrong) -> str:
    old, describe = found.base.wiring.rows[item.old_target], subject.document.describe
    target = item.reader + item.value if item.value < 0 else item.value
    in_range = 0 <= target < len(subject.rows)
    reads = describe(target) if in_range else f"{target}, which is no layer,"
    return f"{reads} in place of {describe(_target(item))} ({item.old_target} {old.module}"


def _is_certain(subject: Subject, found: Compared, items: Sequence[Wrong]) -> bool:
    """Tell whether nothing else can have been meant: a base with new layers, numbers not moved."""
    only_grown = not found.alignment.removed and found.base.origin != "sibling"
    same_modules = all(new == len(subject.rows) - 1 for _, new in found.replaced)
    one_place = all(
        subject.wiring.through(layer, found.alignment.added)[-1] != _target(item)
        for item in items
        for layer in found.alignment.added
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
    summary="A reference does not lead to the layer it led to in the model this file was made "
    "from.",
    why="A row that is put in, taken out or replaced by hand moves the numbers behind it, and "
    "some are forgotten: of 120 published attention YAMLs, 48 read a wrong layer, and all "
    "that could be tried built and ran. The file is laid beside the nearest architecture "
    "that is known: the one of --base, an official YOLOv3 to v12 graph, or a clean file "
    "beside it whose rows are some of its own. Whether a reader takes the new layer or "
    "the one it stands behind is the author's choice. A read that leads elsewhere is "
    "reported where its number is one that careless renumbering gives, where strides stop "
    "fitting and the old layer's would fit, or where new rows took over the head's inputs "
    "by their old numbers; with --base, every one is.",
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
