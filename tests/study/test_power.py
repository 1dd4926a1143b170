"""The gain that is called detectable is the one that simulated studies detect."""

from __future__ import annotations

import pytest

from tools.study_simulation import simulate
from yamlmod.study.power import detectable_gain


@pytest.mark.parametrize(
    ("n", "tests", "expected"),
    # The first three by 20,000 simulated studies of one comparison, to 0.1.
    [(3, 1, 3.5), (5, 1, 2.1), (10, 1, 1.3)],
)
def test_one_comparison(n: int, tests: int, expected: float) -> None:
    assert detectable_gain(n, tests) == pytest.approx(expected, abs=0.1)


def test_more_seeds_and_fewer_tests_detect_more() -> None:
    gains = [detectable_gain(n, tests) for n in (3, 5, 10) for tests in (10, 5, 1)]
    assert all(gain is not None for gain in gains)
    assert gains == sorted(gains, reverse=True)  # type: ignore[type-var]
    assert detectable_gain(2) is None and detectable_gain(1) is None


@pytest.mark.parametrize("n", [3, 5])
def test_simulated_studies(n: int) -> None:
    """A small sample; `python -m tools.study_simulation` runs the 20,000."""
    gain = detectable_gain(n, 5)
    assert gain is not None
    nothing = simulate(n, 0.0, 400)
    assert nothing.false_alarms <= 0.08 and 0.93 <= nothing.covered <= 0.98
    assert 0.73 <= simulate(n, gain, 300).found <= 0.9
