"""The attack on damaged networks sees faults that are planted, and none without."""

from __future__ import annotations

from typing import Any

import pytest

from tools.attack import damaged_wiring
from tools.attack.report import Budget
from yamlmod.checks.apply_fixes import Fixed
from yamlmod.checks.wiring.repair import Patient


def _failures() -> list[str]:
    return damaged_wiring.attack(Budget(3, 600.0, 5)).failures


def test_nothing_is_seen_where_nothing_is_wrong() -> None:
    assert not _failures()


def test_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patient, "_by_strides", lambda *_: [][0])
    assert any("IndexError" in failure for failure in _failures())


@pytest.mark.parametrize(
    ("removed", "words"), [(1, "other rows after the fix"), (0, "a second fix")]
)
def test_a_fix_that_removes_a_row_or_does_not_end(
    monkeypatch: pytest.MonkeyPatch, removed: int, words: str
) -> None:
    def mend(text: str, *_: Any, **__: Any) -> Fixed:
        lines = text.splitlines(keepends=True)
        return Fixed("".join(lines[: len(lines) - removed]) + "# again\n", (), ())

    monkeypatch.setattr(damaged_wiring, "mend", mend)
    assert any(words in failure for failure in _failures())
