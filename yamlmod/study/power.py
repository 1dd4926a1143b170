"""The smallest gain that a study can detect, before anything is trained."""

from __future__ import annotations

import math
from collections.abc import Sequence

from yamlmod.study.statistics import FEWEST, LEVEL
from yamlmod.study.student import t_quantile

POWER = 0.8
# Points of the two quadratures; with half of them the result differs by less than 1e-4.
_POINTS = 40


def detectable_gain(n: int, tests: int = 1, power: float = POWER) -> float | None:
    """Return the smallest gain, in standard deviations between seeds, that ``n`` seeds detect.

    Detected: Welch's test, two-sided at 5 % divided by the ``tests`` of the study (the first step
    of Holm's correction), is significant with probability ``power``. The deviations of base and
    variant are taken as equal. None below three seeds.
    """
    if n < FEWEST:
        return None
    edges = _edges(n, LEVEL / tests)
    low, high = 0.0, 2.0
    while _power(high, n, edges) < power:
        low, high = high, high * 2
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if _power(middle, n, edges) < power else (low, middle)
    return (low + high) / 2


def _power(gain: float, n: int, edges: Sequence[tuple[float, float]]) -> float:
    """Return the probability that Welch's test of two samples of ``n`` is significant."""
    shift = gain * math.sqrt(n / 2)
    return math.fsum(
        weight * (_normal_tail(edge - shift) + _normal_tail(edge + shift)) for edge, weight in edges
    )


def _edges(n: int, level: float) -> list[tuple[float, float]]:
    """Return where the test becomes significant, in errors of the mean, and how often so.

    Given the two sample variances, the difference of the means is normal. Their share of the sum
    and the sum are independent (beta and chi-square), and the degrees of freedom depend on the
    share alone: so the power is an integral over both.
    """
    edges = []
    sums = _sums(n)
    for share, share_weight in _shares(n):
        df = (n - 1) / (share * share + (1 - share) * (1 - share))
        critical = t_quantile(level / 2, df)
        edges += [(critical * math.sqrt(mean), share_weight * weight) for mean, weight in sums]
    return edges


def _normal_tail(z: float) -> float:
    return math.erfc(z / math.sqrt(2)) / 2


def _shares(n: int) -> tuple[tuple[float, float], ...]:
    """Return points and weights for the share of one variance in their sum: beta(k, k)."""
    k = (n - 1) / 2
    # With share = sin(angle)^2 the density has no pole at the ends, for every k >= 1/2.
    points = []
    for step in range(_POINTS):
        angle = (step + 0.5) / _POINTS * math.pi / 2
        points.append((math.sin(angle) ** 2, (math.sin(angle) * math.cos(angle)) ** (2 * k - 1)))
    return _normalized(points)


def _sums(n: int) -> tuple[tuple[float, float], ...]:
    """Return points and weights for the mean of the two sample variances: chi-square / 2(n-1)."""
    df = 2 * (n - 1)
    points = []
    widest = (math.sqrt(df) + 6) ** 2 + 20
    for step in range(4 * _POINTS):
        root = (step + 0.5) / (4 * _POINTS) * math.sqrt(widest)
        log_density = (df - 1) * math.log(root) - root * root / 2
        points.append((root * root / df, log_density))
    highest = max(log for _, log in points)
    return _normalized([(mean, math.exp(log - highest)) for mean, log in points])


def _normalized(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    total = math.fsum(weight for _, weight in points)
    return tuple((point, weight / total) for point, weight in points)
