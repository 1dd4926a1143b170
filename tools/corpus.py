"""Insert and remove at many places of real model files; counts what happened.

    python -m tools.corpus CORPUS                 a sample
    python -m tools.corpus CORPUS --full          every place of every file
    python -m tools.corpus CORPUS --full --jobs 2

CORPUS is any folder with model YAMLs, at any depth; the insertions of an `oracles.json` in it are
reproduced as well. An edit and a check must see the same network. At every place a layer goes in,
in every way there is (for all readers, past the skips, in front, with a second input, for each
connection and each single reader, for nobody); the result is proven, and the layer is taken out
again: the bytes must be those it started from, but for a wrong index comment that the shift made
right. A YAML that is no model is counted as refused. Exits 1 when a count that must be zero is not.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from yamlmod.checks.subject import Subject
from yamlmod.errors import ProofFailedError, Refusal
from yamlmod.model.network import Network
from yamlmod.ops.network import read_network, registry_kinds
from yamlmod.ops.operations.insert.plan import insert
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.operations.remove.plan import remove
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.positions import resolve_positions

_MUST_BE_ZERO = (
    "proof failed",
    "other bytes",
    "other lines touched",
    "removal refused",
    "crash",
    "oracle differs",
    "edit and check differ",
)
_NUMBER = re.compile(r"-?\d+")


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
    files = sorted(path for end in ("yaml", "yml") for path in options.corpus.rglob(f"*.{end}"))
    if not files:
        sys.stderr.write(f"no YAML under {options.corpus}\n")
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
        model = read_network(text, path.name)
    except (Refusal, UnicodeDecodeError) as error:
        counts[f"file refused: {getattr(error, 'code', 'not-utf8')}"] += 1
        return counts
    checked = Subject(model.document, registry_kinds).network
    if (model.alive, model.shapes, model.wiring) != (checked.alive, checked.shapes, checked.wiring):
        counts["edit and check differ"] += 1
        sys.stderr.write(f"edit and check differ: {path}\n")
    every = range(len(model.document.rows))
    chosen = (
        list(every)
        if places is None
        else random.Random(f"{seed}{path.name}").sample(every, min(places, len(every)))
    )
    for place in chosen:
        for result in _there_and_back(model, place):
            counts[result] += 1
            if result in _MUST_BE_ZERO:
                sys.stderr.write(f"{result}: {path}, place {place}\n")
    return counts


def _there_and_back(model: Network, place: int) -> Iterator[str]:
    """Yield what became of every way to insert a layer at a place."""
    for flags in _ways(model, place):
        try:
            yield _one_way(model, flags)
        except ProofFailedError:
            yield "proof failed"
        except Exception:
            yield "crash"


def _ways(model: Network, place: int) -> Iterator[dict[str, Any]]:
    """Yield the flags of every way to insert a layer under ``place - 1``."""
    source = place - 1
    readers = sorted({read.reader for read in model.readers(source)})
    yield {"at": [place]}
    yield {"at": [place], "keep_skips": True}
    yield {"at": [place], "readers": (), "allow_dead": True}
    yield {"before": [str(place)]}
    if source > 0:
        yield {"at": [place], "sources": (source, 0)}
    for reader in readers if source >= 0 else []:
        yield {"edge": [f"{source}:{reader}"]}
        yield {"at": [place], "readers": (reader,)}


def _one_way(model: Network, flags: dict[str, Any]) -> str:
    text, shown = model.document.text, model.document.shown
    where = {key: flags[key] for key in ("at", "before", "edge") if key in flags}
    options = {key: flags[key] for key in flags if key not in where}
    try:
        positions = tuple(resolve_positions(model, **where))
        there = insert(model, Request("XAttention", positions, [], **options))
    except Refusal as error:
        return f"place refused: {error.code}"
    if _other_lines(text, there.text) > 1:  # the row above may have got a comma
        return "other lines touched"
    # A layer of several inputs is taken out where it is said which of them its readers read.
    sources = flags.get("sources", ())[:1]
    try:
        back = remove(read_network(there.text, shown), [there.inserted[0].index], sources=sources)
    except Refusal:
        return "removal refused"
    if back.text == text:
        return "same bytes"
    return "same but for a wrong comment" if _comment_became_right(there) else "other bytes"


def _other_lines(before: str, after: str) -> int:
    """Count the old lines that are not in the new text, numbers left aside."""
    kept = Counter(_NUMBER.sub("0", line) for line in after.split("\n"))
    lost = Counter(_NUMBER.sub("0", line) for line in before.split("\n"))
    return sum((lost - kept).values())


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
    base, expected = (read_network(text, "x.yaml") for text in texts)
    wanted = [[read.target for read in reads] for reads in expected.graph.reads]
    places = [item["index"] - i for i, item in enumerate(oracle["inserted"])]
    lists = [item["from"] for item in oracle["inserted"] if item["from"] != -1]
    # The references are what is reproduced, so one name serves where an author mixed two modules.
    request = Request(
        "XAttention",
        tuple(resolve_positions(base, at=places)),
        [],
        allow_dead=True,
        sources=tuple(lists[0]) if lists else None,
    )
    readers = _readers(base, expected, oracle)
    for variant in (
        request,
        request._replace(keep_skips=True),
        request._replace(readers=readers),
    ):
        try:
            result = insert(base, variant)
        except Refusal:
            continue
        reads = read_network(result.text, "x.yaml").graph.reads
        if [[read.target for read in row] for row in reads] == wanted:
            return "oracle reproduced"
    return "oracle differs"


def _readers(base: Network, expected: Network, oracle: dict[str, Any]) -> tuple[int, ...]:
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
