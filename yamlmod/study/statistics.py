"""Compare samples: Welch's test, intervals, Holm's correction."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from yamlmod.study.student import t_quantile, t_tail

# Below this number of seeds no p value is given: the deviation itself is hardly known.
FEWEST = 3
LEVEL = 0.05


@dataclass(frozen=True)
class Sample:
    """The mean and the standard deviation of one variant's runs (n - 1 in the denominator)."""

    values: tuple[float, ...]

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def mean(self) -> float:
        return statistics.fmean(self.values)

    @property
    def deviation(self) -> float | None:
        """None for fewer than two values."""
        return statistics.stdev(self.values) if self.n > 1 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % interval of the mean; None where no test would be made either."""
        if self.n < FEWEST or not self.deviation:
            return None
        half = t_quantile(LEVEL / 2, self.n - 1) * self.deviation / math.sqrt(self.n)
        return self.mean - half, self.mean + half


@dataclass(frozen=True)
class MeanDifference:
    """Variant minus base, with its 95 % interval and the p of Welch's test.

    ``low``, ``high``, ``p`` are None below three values on either side, and where all values of a
    side are equal. ``corrected`` is p after
    Holm's correction over all comparisons of the study.
    """

    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    corrected: float | None = None

    @property
    def is_shown(self) -> bool:
        """Whether the corrected p is below 5 %."""
        return self.corrected is not None and self.corrected < LEVEL


def welch(variant: Sample, base: Sample) -> MeanDifference:
    """Compare two samples of unequal variance (Welch, 1947)."""
    value = variant.mean - base.mean
    if min(variant.n, base.n) < FEWEST:
        return MeanDifference(value)
    if not (variant.deviation and base.deviation):
        return MeanDifference(value)  # equal values of all seeds: the spread is not known
    parts = [(sample.deviation or 0.0) ** 2 / sample.n for sample in (variant, base)]
    error = math.sqrt(sum(parts))
    df = sum(parts) ** 2 / sum(
        part * part / (sample.n - 1) for part, sample in zip(parts, (variant, base), strict=True)
    )
    half = t_quantile(LEVEL / 2, df) * error
    p = min(1.0, 2 * t_tail(abs(value) / error, df))
    return MeanDifference(value, value - half, value + half, p)


def holm(values: Sequence[float]) -> list[float]:
    """Return p values corrected for their number (Holm, 1979), in the order given."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    corrected = [0.0] * len(values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[index]))
        corrected[index] = highest
    return corrected


def compare(pairs: Sequence[tuple[Sample, Sample]]) -> list[MeanDifference]:
    """Compare each variant with its other; p values are corrected for all that can be tested."""
    plain = [welch(variant, other) for variant, other in pairs]
    tested = [index for index, difference in enumerate(plain) if difference.p is not None]
    values = holm([plain[index].p or 0.0 for index in tested])
    corrected = dict(zip(tested, values, strict=True))
    return [
        MeanDifference(item.value, item.low, item.high, item.p, corrected.get(index))
        for index, item in enumerate(plain)
    ]
