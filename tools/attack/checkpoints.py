"""Damaged and hostile checkpoints: each is read or refused, in time and memory of its size.

Processes of their own read a few hundred files each, and say how every one ended; one that hangs
or dies fails with the case it was at.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.attack._checkpoint_files import KINDS
from tools.attack.report import Budget, Report

CASES = 1500
SECONDS = 15.0

_BATCH = 5000
_ROOT = Path(__file__).parents[2]


def attack(budget: Budget, kinds: Sequence[str] = tuple(KINDS), plant: str = "") -> Report:
    """Run the cases in batches; ``plant`` names an old mistake to be caught."""
    report, done = Report(), 0
    while not budget.spent(done):
        count = min(_BATCH, budget.cases - done)
        asked = {"seed": budget.seed + done, "count": count, "kinds": list(kinds), "plant": plant}
        done += _batch(asked, budget, done, report)
    return report


def _batch(asked: dict[str, object], budget: Budget, before: int, report: Report) -> int:
    words = [sys.executable, "-m", "tools.attack._checkpoint_child", json.dumps(asked)]
    done, current, ended = 0, "its start", False
    with subprocess.Popen(
        words, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        for line in child.stdout:
            told = json.loads(line)
            if "outcome" not in told:
                current = f"{told['kind']}, seed {told['seed']}"
                continue
            done += 1
            kind = current.partition(",")[0]
            if told["failure"]:
                report.fail(told["failure"])
            else:
                report.add(f"{kind}: {told['outcome']}")
            if budget.spent(before + done) and not ended:
                ended = True
                child.kill()
        error = child.stderr.read()
        if child.wait() and not ended:
            report.fail(f"the process ended at {current}: {error.strip()[-300:]}")
            done += 1
    return done
