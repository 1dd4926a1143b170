"""Made-up packages, really imported: the import graph says what Python does."""

from __future__ import annotations

from tools.attack.imports import attack
from tools.attack.report import Budget


def test_names_of_made_up_packages() -> None:
    report = attack(Budget(cases=60, seconds=60.0, seed=1))
    assert not report.failures, report.failures[0]
    assert report.outcomes["right"] > 200
    assert report.outcomes["import fails"] > 50
    assert report.outcomes["Unknown"] < report.outcomes["right"] / 50
