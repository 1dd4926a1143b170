"""Simulate studies whose truth is known, and count what the report's statistics say of them.

    python -m tools.study_simulation                 20,000 studies a row, about 7 minutes of CPU
    python -m tools.study_simulation --studies 200

Each study has a base and five variants, and normal noise between seeds. Either no variant differs,
or the first one has the gain that `study plan` calls detectable. Counted are studies with a false
alarm, 95 % intervals that hold the true difference, and studies that find the gain.
"""

from __future__ import annotations

import argparse
import random
import sys
from typing import NamedTuple

from yamlmod.study.power import detectable_gain
from yamlmod.study.statistics import Sample, compare

VARIANTS = 5


class Counts(NamedTuple):
    """Shares of studies, or of intervals."""

    false_alarms: float
    covered: float
    found: float


def simulate(n: int, gain: float, studies: int, seed: int = 0) -> Counts:
    """Return what is said of ``studies`` studies with ``n`` seeds and one gain, in deviations."""
    chance = random.Random(f"{n} {gain} {seed}")
    gains = [gain, *[0.0] * (VARIANTS - 1)]
    false_alarms = covered = found = 0
    for _ in range(studies):
        base = _sample(chance, n, 0.0)
        differences = compare([(_sample(chance, n, truth), base) for truth in gains])
        shown = [difference.is_shown for difference in differences]
        false_alarms += any(
            is_shown for is_shown, truth in zip(shown, gains, strict=True) if not truth
        )
        found += shown[0]
        covered += sum(
            difference.low <= truth <= difference.high
            for difference, truth in zip(differences, gains, strict=True)
            if difference.low is not None and difference.high is not None
        )
    return Counts(false_alarms / studies, covered / studies / VARIANTS, found / studies)


def _sample(chance: random.Random, n: int, mean: float) -> Sample:
    return Sample(tuple(chance.gauss(mean, 1.0) for _ in range(n)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=20_000)
    options = parser.parse_args()
    sys.stdout.write("| seeds | gain (deviations) | false alarms | intervals hold | gain found |\n")
    sys.stdout.write("|--|--|--|--|--|\n")
    for n in (3, 5, 10):
        detectable = detectable_gain(n, VARIANTS) or 0.0
        for gain in (0.0, detectable):
            counts = simulate(n, gain, options.studies)
            found = f"{counts.found:.1%}" if gain else ""
            shares = f"{counts.false_alarms:.1%} | {counts.covered:.1%} | {found}"
            sys.stdout.write(f"| {n} | {gain:.2f} | {shares} |\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
