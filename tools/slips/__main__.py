"""Make slips of known cause and changes made on purpose; count what `check` says of them.

    python -m tools.slips [DIR] [--cases N] [--seed S] [--kinds WORD...] [--show N] [--jobs J]
                          [--state FILE]

DIR is a folder with right model YAMLs (`models/**/*.yaml`, less the files that `stale.json` and its
neighbours list); without it the official graphs alone are used. A case is decided by its seed and
its kind, so a run can be repeated and divided; with FILE, a run that was stopped goes on where it
was when the same command is given again. Exits 1 where a rate does not hold: right numbers,
false alarms, wrong numbers written.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import pkgutil
import random
import sys
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

from tools.slips import kinds
from tools.slips.case import Case, Make
from tools.slips.judge import judge
from tools.slips.program import Program
from tools.slips.progress import Progress
from tools.slips.sources import programs, published

_RECALL, _FALSE = 0.97, 0.01
_CHUNK = 50
_TRIES = 12


@cache
def makes() -> dict[str, Make]:
    found: dict[str, Make] = {}
    for module in pkgutil.iter_modules(kinds.__path__):
        found |= importlib.import_module(f"{kinds.__name__}.{module.name}").MAKES
    return found


@cache
def sources(corpus: Path | None) -> tuple[Program, ...]:
    return (*programs(), *(published(corpus) if corpus is not None else ()))


def make_case(kind: str, number: int, seed: int, corpus: Path | None = None) -> Case | None:
    """Make one case: the same for the same words, whatever else runs."""
    rng = random.Random(f"{seed} {kind} {number}")
    for _ in range(_TRIES):
        # A slip's right number is known where the family is: there the source is official.
        several = corpus is not None and kind.startswith("purpose")
        pool = sources(corpus) if several else programs()
        made = makes()[kind](rng.choice(pool).copy(), rng)
        if made is not None:
            return made
    return None


def _some(
    work: tuple[str, range], seed: int, corpus: Path | None, show: int
) -> tuple[str, Counter[str], list[str]]:
    kind, numbers = work
    counts: Counter[str] = Counter()
    words: list[str] = []
    for number in numbers:
        made = make_case(kind, number, seed, corpus)
        if made is None:
            counts["not made"] += 1
            continue
        verdict = judge(made)
        counts += verdict.counts
        if verdict.words and len(words) < show:
            words.append("\n".join([f"{kind} {number} of {made.source}", *verdict.words]))
    return kind, counts, words


def main() -> int:
    """Make the cases, judge them, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--cases", type=int, default=300, help="in all, shared among the kinds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", default=[], help="words that a kind must contain")
    parser.add_argument("--show", type=int, default=0, help="explain as many of each kind")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--print", help="print the text of KIND:NUMBER, and nothing else")
    parser.add_argument("--state", type=Path, help="keep the counts here, and go on from them")
    options = parser.parse_args()
    if options.print:
        kind, _, number = options.print.rpartition(":")
        made = make_case(kind, int(number), options.seed, options.corpus)
        sys.stdout.write(made.text if made is not None else "")
        return 0
    names = [n for n in makes() if not options.kinds or any(w in n for w in options.kinds)]
    each = -(-options.cases // max(len(names), 1))
    chunk = min(_CHUNK, each)
    work = [(n, range(i, min(i + chunk, each))) for i in range(0, each, chunk) for n in names]
    settings = {"cases": options.cases, "seed": options.seed, "corpus": str(options.corpus)}
    progress = Progress(options.state, {**settings, "kinds": names})
    rest = [item for item in work if not progress.is_done(item)]
    run = partial(_some, seed=options.seed, corpus=options.corpus, show=options.show)
    # The collector as the command line sets it.
    with ProcessPoolExecutor(options.jobs, None, gc.set_threshold, (50_000, 20, 50)) as pool:
        for item, (_, some, words) in zip(rest, pool.map(run, rest), strict=True):
            progress.add(item, some)
            sys.stdout.write("".join(f"{word}\n\n" for word in words))
            sys.stdout.flush()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for (kind, *_), some in progress.done.items():
        counts[kind] += some
    return _report(counts)


def _report(counts: dict[str, Counter[str]]) -> int:
    line = "{:44} {:>6} {:>6} {:>8} {:>6} {:>6} {:>8} {:>7}\n"
    sys.stdout.write(
        line.format("kind", "files", "rows", "right", "other", "none", "accused", "written")
    )
    total: Counter[str] = Counter()
    for kind, count in sorted(counts.items()):
        on_purpose = kind.startswith("purpose")
        total["purpose files"] += count["files"] if on_purpose else 0
        total += count
        right, rows = count["right number"], count["wrong rows"]
        accused = count["false alarms"] + count["right row accused"]
        sys.stdout.write(
            line.format(
                kind,
                count["files"],
                rows,
                f"{right / rows:.1%}" if rows else "-",
                count["wrong number"],
                count["no number"],
                accused,
                count["wrong number written"],
            )
        )
    recall = total["right number"] / max(total["wrong rows"], 1)
    false = total["false alarms"] / max(total["purpose files"], 1)
    sys.stdout.write(
        f"right numbers {recall:.2%} of {total['wrong rows']}; false alarms {false:.2%} of "
        f"{total['purpose files']}; right rows accused {total['right row accused']}; wrong numbers "
        f"written {total['wrong number written']}; numbers fixed {total['numbers fixed']}\n"
    )
    missed = total["wrong rows"] and recall < _RECALL
    return int(bool(missed or false > _FALSE or total["wrong number written"]))


if __name__ == "__main__":
    sys.exit(main())
