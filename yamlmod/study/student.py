"""Student's t distribution with the standard library alone: scipy takes 1.7 s to import."""

from __future__ import annotations

import math
from collections.abc import Iterator

_TINY = 1e-300
_CLOSE = 1e-15


def t_tail(t: float, df: float) -> float:
    """Return P(T > t) of Student's t with ``df`` degrees of freedom, which need not be whole."""
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    half = 0.5 * incomplete_beta(df / 2, 0.5, df / (df + t * t), t * t / (df + t * t))
    return half if t >= 0 else 1 - half


def t_quantile(tail: float, df: float) -> float:
    """Return the t that a share ``tail`` of the distribution exceeds, for 0 < tail <= 0.5."""
    low, high = 0.0, 1.0
    while t_tail(high, df) > tail:
        low, high = high, high * 2
    while high - low > 1e-14 * max(1.0, high):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if t_tail(middle, df) > tail else (low, middle)
    return (low + high) / 2


def incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """Return the regularized incomplete beta function I_x(a, b); ``rest`` is 1 - x, exactly.

    By its continued fraction (DLMF 8.17.22), evaluated by the modified Lentz method.
    """
    if x <= 0:
        return 0.0
    if rest <= 0:
        return 1.0
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side only
        return 1 - incomplete_beta(b, a, rest, x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)
    )
    value, c, d = 1.0, 1.0, 0.0
    for coefficient in _coefficients(a, b, x):
        d = 1 / _off_zero(1 + coefficient * d)
        c = _off_zero(1 + coefficient / c)
        value *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return front / (a * value)


def _coefficients(a: float, b: float, x: float) -> Iterator[float]:
    for m in range(10_000):
        if m:
            yield m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        yield -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))


def _off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
