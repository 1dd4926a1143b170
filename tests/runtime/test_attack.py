"""The attack on the reader of checkpoints finds nothing, and finds old mistakes put back."""

from __future__ import annotations

import pytest

from tools.attack._checkpoint_files import KINDS
from tools.attack.checkpoints import attack
from tools.attack.report import Budget


def test_a_few_of_each_kind() -> None:
    report = attack(Budget(len(KINDS) * 30, 300))
    assert not report.failures
    assert {outcome.partition(":")[0] for outcome in report.outcomes} == set(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plant", "kind", "reason"),
    [
        ("keys", "growth:keys that are equal in their hash:100000", "MB took"),
        ("room", "growth:empty dicts:2500000", "MB grew by"),
        ("import", "growth:modules that are there:1000", "it did"),
    ],
)
def test_an_old_mistake_is_caught(plant: str, kind: str, reason: str) -> None:
    report = attack(Budget(1, 300), (kind,), plant)
    assert [reason in failure for failure in report.failures] == [True], report
    assert not attack(Budget(1, 300), (kind,)).failures
