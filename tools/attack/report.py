"""What an attack counts, and what it found."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Budget:
    """How much an attack may do: a number of cases, a number of seconds, and its seed."""

    cases: int
    seconds: float
    seed: int = 0
    started: float = field(default_factory=time.monotonic)

    def spent(self, done: int) -> bool:
        """Say whether ``done`` cases or the time used so far are all that is allowed."""
        return done >= self.cases or time.monotonic() - self.started >= self.seconds


@dataclass
class Report:
    """The cases of a run by outcome, and a short description of each failure.

    A failure is anything yamlmod must never do; a refusal is an outcome like any other.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, outcome: str) -> None:
        """Count one case."""
        self.outcomes[outcome] += 1

    def fail(self, description: str) -> None:
        """Count one case that must not happen; ``description`` holds its seed and smallest form."""
        self.outcomes["FAILED"] += 1
        self.failures.append(description)

    def lines(self, name: str, seconds: float) -> list[str]:
        """Return the report as text."""
        total = sum(self.outcomes.values())
        lines = [f"{name}: {total} cases in {seconds:.0f} s, {len(self.failures)} failures"]
        lines += [f"  {count:9,}  {outcome}" for outcome, count in self.outcomes.most_common()]
        return lines + [f"  failure: {description}" for description in self.failures[:50]]
