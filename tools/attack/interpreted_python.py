"""Random functions, read by the interpreter of forks and run by Python: never another result."""

from __future__ import annotations

import random
import warnings

from tests.fork.read.programs import Programs
from tests.fork.read.test_python import compared
from tools.attack.report import Budget, Report

CASES, SECONDS = 400, 12.0


def attack(budget: Budget) -> Report:
    """Compare programs until the budget is spent."""
    report = Report()
    chance = random.Random(budget.seed)
    done = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while not budget.spent(done):
            seed = chance.randrange(10**9)
            text = Programs(seed).text()
            try:
                compile(text, "m.py", "exec")
            except SyntaxError:
                continue
            done += 1
            outcome = compared(text)
            if outcome.startswith("wrong"):
                report.fail(f"seed {seed}: {outcome}")
            else:
                report.add(outcome)
    return report
