"""Fixes are applied only where they mend what they say, and a second run finds nothing to do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from yamlmod.checks import run
from yamlmod.checks.apply_fixes import looked_at, mend
from yamlmod.checks.bases import base_of
from yamlmod.checks.finding import Finding, Fix
from yamlmod.checks.rule import Invalid, Rule, Valid, all_rules, model_text
from yamlmod.checks.run import Options
from yamlmod.checks.subject import Subject
from yamlmod.edits import Edit
from yamlmod.model.document import parse_document
from yamlmod.ops.network import registry_kinds

GOOD = model_text("[-1, 1, Conv, [64, 3, 2]]  # 1", "[[0], 1, Detect, [nc, anchors]]")
MENDED = GOOD.replace("# 1", "# 0")
_CASES = [(rule.code, case) for rule in all_rules() for case in rule.invalid]


def bad_rule(old: str, new: str) -> Rule:
    """Return a rule that objects to a word, with a fix that does not help."""

    def check(subject: Subject) -> Iterator[Finding]:
        at = subject.document.text.find("Detect, [nc")
        if at < 0:
            return
        where = max(subject.document.text.find(old), 0)
        fix = Fix((Edit(where, where + len(old), new),), certain=True)
        yield Finding("bad", "error", subject.document.place(at), "no", "help", 1, fix=fix)

    return Rule("bad", "error", "Bad.", "Bad.", check, (Valid(GOOD),), (Invalid(GOOD, (1,)),))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("nc: 4", "nc: 5"),  # what was found is still there
        ("[[0], 1", "[[7], 1"),  # another error in its place
        ("backbone:", "backbone: ]"),  # it does not parse any more
    ],
)
def test_a_fix_that_does_not_mend_is_not_applied_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    rules = (bad_rule(old, new), *all_rules())
    monkeypatch.setattr(run, "all_rules", lambda: rules)
    done = mend(GOOD, "x.yaml", Options(), unsafe=True)
    assert done.text == MENDED
    assert [item.rule for item in done.fixed] == ["index-comment"]
    assert [item.rule for item in done.left] == ["bad"]


@pytest.mark.parametrize("unsafe", [False, True], ids=["certain", "unsafe"])
@pytest.mark.parametrize(("code", "case"), _CASES, ids=[code for code, _ in _CASES])
def test_a_second_run_changes_nothing(code: str, case: Invalid, unsafe: bool) -> None:
    given = None
    if case.base is not None:
        given = base_of(parse_document(case.base, "base.yaml"), "given")
    options = Options(registry_kinds, base=given, builder=case.builder)
    once = mend(case.text, "x.yaml", options, unsafe)
    again = mend(once.text, "x.yaml", options, unsafe)
    assert (again.text, again.fixed, again.left) == (once.text, (), once.left)
    if not once.fixed:
        assert once.text == case.text


def test_what_would_be_refused_is_neither_counted_nor_certain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules = (bad_rule("[[0], 1", "[[7], 1"), *all_rules())
    monkeypatch.setattr(run, "all_rules", lambda: rules)
    seen = looked_at(GOOD, "x.yaml", Options())
    assert (seen.text, seen.fixable) == (GOOD, 1)
    assert {item.rule: item.fix and item.fix.certain for item in seen.left} == {
        "bad": False,
        "index-comment": True,
    }


@pytest.mark.parametrize(("code", "case"), _CASES, ids=[code for code, _ in _CASES])
def test_the_count_is_what_is_fixed(code: str, case: Invalid) -> None:
    given = None
    if case.base is not None:
        given = base_of(parse_document(case.base, "base.yaml"), "given")
    options = Options(registry_kinds, base=given, builder=case.builder)
    done = mend(case.text, "x.yaml", options, unsafe=False)
    assert looked_at(case.text, "x.yaml", options).fixable == len(done.fixed)
    assert not any(item.fix is not None and item.fix.certain for item in done.left)
