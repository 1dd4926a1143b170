"""Insert and remove at many places of real model files; counts what happened.

    python -m tests.corpus CORPUS                 a sample
    python -m tests.corpus CORPUS --full          every place of every file
    python -m tests.corpus CORPUS --full --jobs 2

CORPUS is a folder with `models/**/*.yaml` and `oracles.json`. At every place a layer goes in (by
default for all readers, on every second place for the sequence alone), the result is proven, and
it is taken out again: the bytes must be those it started from, but for a wrong index comment that
the shift made right. The published insertions of `oracles.json` are reproduced as well. Exits 1
when a count that must be zero is not.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from yamlmod.errors import ProofFailedError, Refusal
from yamlmod.ops.insert import Request, insert
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.positions import Model, read_model, resolve_positions
from yamlmod.ops.remove import remove

_MUST_BE_ZERO = ("proof failed", "other bytes", "removal refused", "crash", "oracle differs")


def main() -> int:
    """Run the sweep and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--files", type=int, default=60, help="files of the sample")
    parser.add_argument("--places", type=int, default=4, help="places in each file of the sample")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--full", action="store_true", help="every place of every file")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    files = sorted(options.corpus.glob("models/**/*.yaml"))
    if not files:
        sys.stderr.write(f"no model files under {options.corpus}\n")
        return 2
    if not options.full:
        files = random.Random(options.seed).sample(files, min(options.files, len(files)))
    places = None if options.full else options.places
    counts: Counter[str] = Counter()
    work = partial(sweep_file, places=places, seed=options.seed)
    with ProcessPoolExecutor(options.jobs) as pool:
        for done in pool.map(work, files, chunksize=4):
            counts += done
    counts += oracles(options.corpus)
    for name, count in sorted(counts.items()):
        sys.stdout.write(f"{count:7}  {name}\n")
    bad = sum(counts[name] for name in _MUST_BE_ZERO)
    sys.stdout.write(f"{sum(counts.values()) - bad} passed, {bad} failed\n")
    return 1 if bad else 0


def sweep_file(path: Path, places: int | None, seed: int) -> Counter[str]:
    """Insert and remove at the places of one file."""
    counts: Counter[str] = Counter()
    try:
        text = path.read_bytes().decode("utf-8").removeprefix("\ufeff")
        model = read_model(text, path.name)
    except (Refusal, UnicodeDecodeError) as error:
        counts[f"file refused: {getattr(error, 'code', 'not-utf8')}"] += 1
        return counts
    every = range(len(model.document.rows))
    chosen = (
        list(every)
        if places is None
        else random.Random(f"{seed}{path.name}").sample(every, min(places, len(every)))
    )
    for place in chosen:
        result = _there_and_back(model, place)
        counts[result] += 1
        if result in _MUST_BE_ZERO:
            sys.stderr.write(f"{result}: {path}, place {place}\n")
    return counts


def _there_and_back(model: Model, place: int) -> str:
    text = model.document.text
    try:
        positions = tuple(resolve_positions(model, at=[place]))
        there = insert(model, Request("XAttention", positions, [], keep_skips=place % 2 == 1))
    except Refusal as error:
        return f"place refused: {error.code}"
    except ProofFailedError:
        return "proof failed"
    except Exception:
        return "crash"
    try:
        back = remove(read_model(there.text, model.document.shown), [place])
    except Refusal:
        return "removal refused"
    except ProofFailedError:
        return "proof failed"
    if back.text == text:
        return "same bytes"
    return "same but for a wrong comment" if _comment_became_right(there) else "other bytes"


def _comment_became_right(outcome: Outcome) -> bool:
    return any(comment.value == comment.now for comment in outcome.wrong_comments)


def oracles(corpus: Path) -> Counter[str]:
    """Reproduce the published insertions: the same layers with the same references."""
    counts: Counter[str] = Counter()
    listing = corpus / "oracles.json"
    for oracle in json.loads(listing.read_text(encoding="utf-8")) if listing.exists() else []:
        result = _reproduce(corpus, oracle)
        counts[result] += 1
        if result == "oracle differs":
            sys.stderr.write(f"{result}: {oracle['expected']}\n")
    return counts


def _reproduce(corpus: Path, oracle: dict[str, Any]) -> str:
    texts = [(corpus / oracle[key]).read_bytes().decode("utf-8") for key in ("base", "expected")]
    base, expected = (read_model(text, "x.yaml") for text in texts)
    if any(item["from"] != -1 for item in oracle["inserted"]):
        return "oracle with a list of inputs (not yet)"
    wanted = [row.from_value for row in expected.document.rows]
    places = [item["index"] - i for i, item in enumerate(oracle["inserted"])]
    # The references are what is reproduced, so one name serves where an author mixed two modules.
    request = Request("XAttention", tuple(resolve_positions(base, at=places)), [], allow_dead=True)
    readers = _readers(base, expected, oracle)
    for variant in (
        request,
        replace(request, keep_skips=True),
        replace(request, readers=readers),
    ):
        result = insert(base, variant)
        rows = read_model(result.text, "x.yaml").document.rows
        if [row.from_value for row in rows] == wanted:
            return "oracle reproduced"
    return "oracle differs"


def _readers(base: Model, expected: Model, oracle: dict[str, Any]) -> tuple[int, ...]:
    """Return the old indices of the layers that read an inserted layer in the published file."""
    inserted = {item["index"] for item in oracle["inserted"]}
    stays = [row.index for row in expected.document.rows if row.index not in inserted]
    return tuple(
        old
        for old, new in enumerate(stays)
        if any(read.target in inserted for read in expected.graph.reads[new])
        and old < len(base.document.rows)
    )


if __name__ == "__main__":
    sys.exit(main())
