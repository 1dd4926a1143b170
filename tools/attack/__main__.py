"""Run one attack, or all of them with their small budgets.

    python -m tools.attack                      list the attacks
    python -m tools.attack NAME [--cases N] [--seconds S] [--seed K]
    python -m tools.attack --all                each with the small budget that CI runs

An attack is a module in this folder with ``CASES`` and ``SECONDS`` (its small budget) and
``attack(budget) -> Report``. Exits 1 where one failed.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

from tools.attack.report import Budget

_SUPPORT = {"__init__", "__main__", "report"}


def names() -> list[str]:
    """Return the attacks, by the names of their files."""
    files = Path(__file__).parent.glob("*.py")
    return sorted(
        path.stem for path in files if path.stem not in _SUPPORT and not path.stem.startswith("_")
    )


def run(name: str, cases: int | None, seconds: float | None, seed: int) -> bool:
    """Run one attack and print its report. Return whether nothing failed."""
    module = importlib.import_module(f"tools.attack.{name}")
    budget = Budget(
        module.CASES if cases is None else cases,
        module.SECONDS if seconds is None else seconds,
        seed,
    )
    report = module.attack(budget)
    print("\n".join(report.lines(name, time.monotonic() - budget.started)), flush=True)
    return not report.failures and bool(report.outcomes)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tools.attack", description=__doc__)
    parser.add_argument("name", nargs="?", choices=names())
    parser.add_argument("--all", action="store_true", help="run each with its small budget")
    parser.add_argument("--cases", type=int, help="stop after this many cases")
    parser.add_argument("--seconds", type=float, help="stop after this many seconds")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if not options.name and not options.all:
        print("\n".join(names()))
        return 0
    chosen = [options.name] if options.name else names()
    # A list, not a generator: one that fails does not keep the others from running.
    passed = [run(name, options.cases, options.seconds, options.seed) for name in chosen]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
