"""Report references that changed target relative to the base architecture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from yamlmod.checks.bases import official_bases
from yamlmod.checks.finding import Finding, Fix
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject, reference_edits, spelled
from yamlmod.checks.wiring.candidates import same_form
from yamlmod.checks.wiring.explanation import Explanation, Slip, explain, is_certain
from yamlmod.checks.wiring.hypotheses import Hypothesis
from yamlmod.checks.wiring.repair import Patient
from yamlmod.checks.wiring.sides import passed_by
from yamlmod.checks.wiring.view_choice import whole_view
from yamlmod.checks.wiring.views import Difference, View
from yamlmod.checks.wiring.words import change_words
from yamlmod.model.document import Ref, Row
from yamlmod.model.refs import spell, target


def _check(subject: Subject) -> Iterator[Finding]:
    if not subject.explanations:
        return
    best = subject.explanations[0]
    reported: set[int] = set()
    for slip in best.slips:
        reported.add(slip.reader)
        yield _judged(subject, best, slip)
    if subject.base is not None:
        yield from _on_purpose(subject, best, reported)
    elif Patient(subject).now.conflicts - reported:
        yield from _by_strides(subject, reported)


def _judged(subject: Subject, explanation: Explanation, slip: Slip) -> Finding:
    """A slip as an error, or as a warning where the row may be meant."""
    finding = _finding(subject, explanation, slip)
    if not explanation.is_doubtful(slip):
        return finding
    help = finding.help.replace("\n", ", or it is intended\n", 1)
    unsure = None if finding.fix is None else finding.fix._replace(certain=False)
    return replace(finding, severity="warning", help=help, fix=unsure)


def _by_strides(subject: Subject, reported: set[int]) -> Iterator[Finding]:
    """Ask further bases: the next ones, and those with the same plan and other modules."""
    known = {item.view.base.name for item in subject.explanations}
    more = [base for base in same_form(subject.wiring, official_bases()) if base.name not in known]
    patient = Patient(subject)
    others = (explain(whole_view(base, subject.wiring), patient) for base in more)
    for other in (*subject.explanations[1:], *others):
        for slip in other.slips:
            if slip.hypothesis.name == "repair" and slip.reader not in reported:
                reported.add(slip.reader)
                yield _judged(subject, other, slip)


def _on_purpose(
    subject: Subject, explanation: Explanation, reported: set[int]
) -> Iterator[Finding]:
    """With --base, every other change is a warning."""
    rows: dict[int, list[Difference]] = defaultdict(list)
    for item in explanation.on_purpose:
        rows[item.reader].append(item)
    for reader, items in sorted(rows.items()):
        if reader in reported:
            continue
        inputs = list(subject.wiring.inputs[reader])
        for item in items:
            inputs[item.slot] = item.wanted[0]
        slip = Slip(
            Hypothesis("other", "it may be intended", items), reader, tuple(items), tuple(inputs)
        )
        yield replace(_finding(subject, explanation, slip), severity="warning")


def _finding(subject: Subject, explanation: Explanation, slip: Slip) -> Finding:
    view = explanation.view
    row = subject.rows[slip.reader]
    values = [
        ref.value if _leads_to(row, ref, layer) else spell(row.index, layer, ref.value < 0)
        for ref, layer in zip(row.refs, slip.inputs, strict=True)
    ]
    first = row.refs[slip.items[0].slot]
    targets = ", ".join(_target_words(subject, view, item, slip) for item in slip.items)
    expected = spelled(row, values)
    return subject.at_row(
        RULE.code,
        "error",
        row,
        f"layer {row.index} {row.module} reads {targets}, its input in {view.base.name}",
        span=(first.start, first.end),
        help=f"write {expected} instead of {row.from_value}: {slip.hypothesis.words}\n"
        f"compared with {view.base.name}: {change_words(view, subject)}"
        f"{_past(subject, view, slip)}",
        actual=row.from_value,
        expected=expected,
        fix=Fix(reference_edits(row, values), certain=is_certain(view, slip)),
    )


def _past(subject: Subject, view: View, slip: Slip) -> str:
    """Say which new layers the head goes past, or does not: that may be meant, or not."""
    if slip.reader != view.head:
        return ""
    describe = subject.document.describe
    own = {item.slot for item in slip.items}
    was = enumerate(zip(view.file.inputs[slip.reader], slip.inputs, strict=True))
    taken = [pair for slot, pair in was if slot not in own and pair[0] != pair[1]]
    return "".join(
        f"\nthe head reads {describe(layer)}, past the new {describe(gate)}; "
        f"to read that, write {gate}"
        for layer, gate in passed_by(view, slip.inputs)
    ) + "".join(
        f"\nthe new {describe(gate)} is read, and not {describe(layer)} in front of it; "
        f"to go past it, keep {layer}"
        for layer, gate in taken
    )


def _leads_to(row: Row, ref: Ref, layer: int) -> bool:
    return target(row.index, ref.value) == layer


def _target_words(subject: Subject, view: View, item: Difference, slip: Slip) -> str:
    old = view.base.wiring.rows[item.old_target]
    describe = subject.document.describe
    in_range = 0 <= item.place < len(subject.rows)
    reads = describe(item.place) if in_range else f"{item.place}, which does not exist,"
    wanted = describe(slip.inputs[item.slot])
    return f"{reads} instead of {wanted} ({item.old_target} {old.module} there)"


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
    "and all that could be tried built and ran. The file is compared with the architectures it "
    "may be derived from: that of --base, or the nearest official YOLOv3 to v12 graphs, their "
    "necks where the backbone was replaced, variants with a P2 scale or wider joins, and clean "
    "files of the same folder. All differing references are explained together, by the fewest "
    "slips: numbers that were kept, renumbered in part or by the total, copied from another "
    "network, one too large or too small from some layer on, a head that reads the layers in "
    "front of its blocks. A proposal must leave the network no worse: strides, copies, dead "
    "layers. What is explained as well by a change on purpose is no error; whether a reader uses "
    "a new layer or the one before it is the author's choice. With --base, every other change "
    "is a warning.",
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
