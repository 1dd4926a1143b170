"""Run `check` and `--fix` on a case, and count what is right, missed, and wrongly accused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tools.slips.case import Case
from yamlmod.checks.apply_fixes import mend
from yamlmod.checks.finding import Finding
from yamlmod.checks.run import Options, check_text
from yamlmod.model.document import parse_document
from yamlmod.ops.network import registry_kinds

_OPTIONS = Options(registry_kinds)


@dataclass
class Verdict:
    """Counts of one case, and the lines that explain what went wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)


def judge(case: Case) -> Verdict:
    verdict = Verdict()
    verdict.counts["files"] = 1
    found = check_text(case.text, "x.yaml", _OPTIONS)
    wrong = set(case.wrong)
    errors = [item for item in found if item.severity == "error"]
    given = {item.layer: item for item in errors if item.expected is not None}
    for row in wrong:
        verdict.counts["wrong rows"] += 1
        item = given.get(row)
        if item is not None and case.is_right(row, _as_list(item.expected)):
            verdict.counts["right number"] += 1
        elif item is not None:
            verdict.counts["wrong number"] += 1
            verdict.words.append(f"layer {row}: {item.expected} is not in {case.targets[row]}")
        else:
            verdict.counts["no number"] += 1
            verdict.words.append(f"layer {row} {case.numbers[row]}: no number")
    _accused(case, errors, given, wrong, verdict)
    if any(item.fix is not None and item.fix.certain for item in found):
        _written(case, mend(case.text, "x.yaml", _OPTIONS, unsafe=False).text, verdict)
    return verdict


def _accused(
    case: Case,
    errors: list[Finding],
    given: dict[int | None, Finding],
    wrong: set[int],
    verdict: Verdict,
) -> None:
    if not wrong:
        if errors:
            verdict.counts["false alarms"] = 1
            verdict.words += [item.lines()[0] for item in errors]
        return
    for row, item in given.items():
        if row is not None and row not in wrong and not case.is_right(row, _as_list(item.expected)):
            verdict.counts["right row accused"] += 1
            verdict.words.append(f"layer {row} is right: {item.lines()[0]}")


def _written(case: Case, text: str, verdict: Verdict) -> None:
    """Compare what `--fix` wrote with what is right."""
    for row in parse_document(text, "fixed.yaml").rows:
        values = [ref.value for ref in row.refs]
        if values != case.numbers[row.index]:
            good = case.is_right(row.index, values)
            verdict.counts["numbers fixed" if good else "wrong number written"] += 1
            if not good:
                verdict.words.append(f"--fix wrote {values} in layer {row.index}")


def _as_list(value: int | list[int] | None) -> list[int]:
    return value if isinstance(value, list) else [] if value is None else [value]
