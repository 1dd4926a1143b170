"""Welch, intervals and Student's t against scipy to 1e-10, and Holm by hand.

`scipy_values.json` holds scipy's own values: `stats.t.sf`, `stats.t.isf`, and
`stats.ttest_ind(a, b, equal_var=False)` with its `confidence_interval(0.95)`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yamlmod.study.statistics import MeanDifference, Sample, compare, holm, welch
from yamlmod.study.student import t_quantile, t_tail

_SCIPY = json.loads(Path(__file__).with_name("scipy_values.json").read_text(encoding="utf-8"))


def test_the_tail_of_t() -> None:
    for t, df, expected in _SCIPY["tails"]:
        assert t_tail(t, df) == pytest.approx(expected, rel=1e-10, abs=1e-15)
        assert t_tail(-t, df) == pytest.approx(1 - expected, abs=1e-10)
    assert t_tail(float("inf"), 3) == 0.0


def test_quantiles_of_t() -> None:
    for tail, df, expected in _SCIPY["quantiles"]:
        assert t_quantile(tail, df) == pytest.approx(expected, rel=1e-10)


def test_welch() -> None:
    assert len(_SCIPY["welch"]) >= 20
    for one, two, p, low, high in _SCIPY["welch"]:
        got = welch(Sample(tuple(one)), Sample(tuple(two)))
        assert (got.p, got.low, got.high) == pytest.approx((p, low, high), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize(
    ("values", "corrected"),
    [
        ([], []),
        ([0.03], [0.03]),
        ([0.01, 0.04], [0.02, 0.04]),
        ([0.04, 0.01, 0.03], [0.06, 0.03, 0.06]),
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.02, 0.02, 0.9], [0.06, 0.06, 0.9]),
    ],
)
def test_holm(values: list[float], corrected: list[float]) -> None:
    assert holm(values) == pytest.approx(corrected)


def test_too_few_seeds_are_not_tested() -> None:
    base, two = Sample((40.0, 41.0, 42.0)), Sample((50.0, 51.0))
    assert welch(two, base) == MeanDifference(50.5 - 41.0)
    assert welch(base, two) == MeanDifference(41.0 - 50.5)


def test_equal_values_of_all_seeds_are_not_tested() -> None:
    """A seed that does not reach the training would make every difference certain."""
    constant, base = Sample((41.0, 41.0, 41.0)), Sample((40.0, 40.1, 40.2))
    for pair in ((constant, base), (base, constant), (constant, constant)):
        assert welch(*pair).p is None and welch(*pair).low is None


def test_only_what_is_tested_counts_for_holm() -> None:
    base = Sample((40.0, 40.4, 40.2))
    good, few = Sample((42.0, 42.4, 42.1)), Sample((44.0,))
    alone, untested = compare([(good, base), (few, base)])
    assert alone.corrected == alone.p and untested.corrected is None
    first, second = compare([(good, base), (good, base)])
    assert first.p is not None and first.corrected == pytest.approx(2 * first.p) == second.corrected
