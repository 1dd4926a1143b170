"""The slips generator: a sample holds, and its oracle sees faults that are planted."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from tools.slips.__main__ import make_case, makes
from tools.slips.judge import judge
from yamlmod.checks.rules import wiring
from yamlmod.checks.wiring import explanation, hypotheses

_EACH, _TRIED = 3, 24
_MORE = {"neck of another file": 8}  # the one kind in which one file in eight has two meanings


@pytest.mark.parametrize("kind", sorted(makes()))
def test_a_sample_of_every_kind(kind: str) -> None:
    counts: Counter[str] = Counter()
    words: list[str] = []
    cases = (make_case(kind, number, seed=20) for number in range(_TRIED))
    for case in islice((case for case in cases if case is not None), _MORE.get(kind, _EACH)):
        verdict = judge(case)
        counts += verdict.counts
        words += verdict.words
    assert counts["files"], kind
    assert not counts["wrong number written"], words
    # A few numbers have two meanings: the rates are held by tools.slips, over many files.
    assert counts["right number"] >= 0.75 * counts["wrong rows"], words
    assert not counts["false alarms"], words


def test_a_case_is_the_same_again() -> None:
    one, other = (make_case("nothing renumbered", 5, seed=3) for _ in range(2))
    assert one is not None and other is not None and one.text == other.text
    assert one.wrong == other.wrong != []


def test_a_missing_hypothesis_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [make_case("all 2 early", number, seed=20) for number in range(3)]
    assert not any(judge(case).counts["no number"] for case in cases if case is not None)
    monkeypatch.setattr(hypotheses, "_OFFSETS", ())
    assert any(judge(case).counts["no number"] for case in cases if case is not None)


def test_a_false_alarm_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every difference from the nearest base is an error, as if nothing were done on purpose."""
    alone = explanation.explain

    def strict(*args: object) -> explanation.Explanation:
        made = alone(*args)  # type: ignore[arg-type]
        items = made.view.differences
        slips = tuple(
            explanation.Slip(
                hypotheses.Hypothesis("kept", "", items), item.reader, (item,), _inputs(item, made)
            )
            for item in items
        )
        return explanation.Explanation(made.view, slips, ())

    monkeypatch.setattr(explanation, "explain", strict)
    monkeypatch.setattr(wiring, "explain", strict)
    cases = [make_case("purpose: another skip", number, seed=20) for number in range(6)]
    assert any(judge(case).counts["false alarms"] for case in cases if case is not None)


def _inputs(item: object, made: explanation.Explanation) -> tuple[int, ...]:
    inputs = list(made.view.file.inputs[item.reader])  # type: ignore[attr-defined]
    inputs[item.slot] = item.wanted[0]  # type: ignore[attr-defined]
    return tuple(inputs)
