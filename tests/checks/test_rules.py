"""Every rule finds its own invalid cases, passes its valid ones, and its fixes mend them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import yamlmod
from tests.ops.samples import SMALL, SPELLINGS
from yamlmod.checks.bases import base_of
from yamlmod.checks.finding import Finding, apply_fixes
from yamlmod.checks.rule import Invalid, Rule, Valid, all_rules
from yamlmod.checks.run import Options, check_text
from yamlmod.model.document import parse_document
from yamlmod.ops.network import registry_kinds

_OPTIONS = Options(registry_kinds)
_VALID = [(rule, case) for rule in all_rules() for case in rule.valid]
_INVALID = [(rule, case) for rule in all_rules() for case in rule.invalid]


def _ids(cases: list[tuple[Rule, Valid]] | list[tuple[Rule, Invalid]]) -> list[str]:
    return [f"{rule.code}-{i}" for i, (rule, _) in enumerate(cases)]


def _found(rule: Rule, text: str, case: Valid | Invalid) -> list[Finding]:
    given = None
    if case.base is not None:
        given = base_of(parse_document(case.base, "base.yaml"), "given")
    options = _OPTIONS._replace(base=given, builder=case.builder)
    return [item for item in check_text(text, "x.yaml", options) if item.rule == rule.code]


@pytest.mark.parametrize(("rule", "case"), _VALID, ids=_ids(_VALID))
def test_valid(rule: Rule, case: Valid) -> None:
    assert _found(rule, case.text, case) == []


@pytest.mark.parametrize(("rule", "case"), _INVALID, ids=_ids(_INVALID))
def test_invalid(rule: Rule, case: Invalid) -> None:
    found = _found(rule, case.text, case)
    assert tuple(item.layer for item in found) == case.layers
    if case.expected:
        assert tuple(item.expected for item in found) == case.expected
    for item in found:
        assert item.place.line is not None and item.place.column is not None
        assert item.message and item.help
        assert item.lines()[0].startswith(f"x.yaml:{item.place.line}:")
        assert dataclasses.replace(item) == item
    text, fixed = apply_fixes(case.text, found, unsafe=True)
    assert text == (case.fixed or case.text)
    if fixed:
        assert _found(rule, text, case) == []


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_a_rule_explains_itself(rule: Rule) -> None:
    assert rule.code == rule.code.lower() and rule.code.replace("-", "").isalpha()
    assert rule.summary.endswith(".") and rule.why.endswith(".")
    assert rule.valid and rule.invalid


def test_the_api_gives_the_same_findings() -> None:
    assert yamlmod.load(SMALL).check() == ()
    dead = yamlmod.load(SMALL).insert("SimAM", after=9, readers=[], allow_dead=True)
    (finding,) = dead.check()
    assert isinstance(finding, yamlmod.Finding)
    assert (finding.rule, finding.severity, finding.layer) == ("dead-layer", "error", 10)
    with pytest.raises(dataclasses.FrozenInstanceError):
        finding.layer = 3  # type: ignore[misc]


def test_the_api_takes_a_base(tmp_path: Path) -> None:
    grown = yamlmod.load(SMALL).insert("SimAM", at=5)
    stale = yamlmod.load(grown.to_text().replace("[[-1, 7], 1", "[[-1, 6], 1"))
    (tmp_path / "base.yaml").write_text(SMALL, encoding="utf-8")
    for base in (yamlmod.load(SMALL), SMALL, tmp_path / "base.yaml"):
        (finding,) = [item for item in stale.check(base=base) if item.rule == "wiring"]
        assert (finding.layer, finding.expected) == (12, [-1, 7])
    assert [item.rule for item in grown.check(base=SMALL)] == ["moved-layers"]


@pytest.mark.parametrize("name", SPELLINGS)
def test_right_files_in_every_spelling_hold_no_error(name: str) -> None:
    for text in SPELLINGS[name][::2]:
        found = check_text(text, "x.yaml", _OPTIONS)
        # Some of these small nets read two layers of one stride on purpose.
        wrong = [item for item in found if item.severity == "error" and item.rule != "head-inputs"]
        assert [item.lines() for item in wrong] == []
