"""Explain a rule: summary, reason, and an example that triggers it."""

from __future__ import annotations

import re

from yamlmod.checks.bases import base_of
from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule
from yamlmod.checks.run import Options, check_text
from yamlmod.checks.subject import KindsOf
from yamlmod.model.document import parse_document


def explain(rule: Rule, kinds_of: KindsOf) -> list[str]:
    lines = [f"{rule.code} ({rule.severity}): {rule.summary}", "", *_wrapped(rule.why)]
    if not rule.invalid:
        return lines
    case = rule.invalid[0]
    lines += [
        "",
        "For example:",
        "",
        *(f"    {line}" for line in case.text.strip().split("\n")),
        "",
    ]
    for finding in findings_of(rule, case, kinds_of):
        lines += [f"    {line}" for line in finding.lines()]
    return lines


def findings_of(rule: Rule, case: Invalid, kinds_of: KindsOf) -> list[Finding]:
    base = None
    if case.base is not None:
        base = base_of(parse_document(case.base, "base.yaml"), "given")
    options = Options(kinds_of, select=(rule.code,), base=base, builder=case.builder)
    return list(check_text(case.text, "model.yaml", options))


def _wrapped(text: str, width: int = 88) -> list[str]:
    return [line.rstrip() for line in re.findall(rf".{{1,{width}}}(?:\s+|$)", text)]
