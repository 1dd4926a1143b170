"""Print the answer of `verify`: a table of checks, or of networks if there are several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from yamlmod.errors import plural
from yamlmod.report.tables import table
from yamlmod.usecases.verify import Verification, Verified

_WORDS = {"pass": "pass", "fail": "FAIL", "skip": "skip"}


def lines(found: Sequence[Verified]) -> Iterator[str]:
    """Yield the table: of one network with every check, of several with what did not pass."""
    if len(found) == 1:
        one = found[0]
        rows = [[c.name, _WORDS[c.status], c.reason] for c in one.checks]
        if one.skipped:
            rows.append(["all", "skip", one.skipped])
        yield from table(["check", "result", "what"], rows, wrap=2)
    else:
        rows = [row for one in found for row in _rows(one)]
        headers = ["network", "check", "result", "what"]
        yield from table(headers, rows, wrap=3)
    yield from dict.fromkeys(hint for one in found for hint in one.hints)
    yield from _sizes(found)
    yield summary(found)


def _rows(one: Verified) -> Iterator[list[str]]:
    if one.skipped:
        yield [one.cfg, "all", "skip", one.skipped]
    elif not one.failed:
        yield [one.cfg, "all", "pass", _counts(one)]
    for check in one.failed:
        yield [one.cfg, check.name, "FAIL", check.reason]


def _counts(one: Verified) -> str:
    counts = Counter(check.status for check in one.checks)
    skipped = [check.name for check in one.checks if check.status == "skip"]
    text = f"{plural(counts['pass'], 'check')} passed"
    return f"{text}; skipped: {', '.join(skipped)}" if skipped else text


def _sizes(found: Sequence[Verified]) -> Iterator[str]:
    sizes = list(dict.fromkeys(tuple(one.sizes) for one in found if one.sizes))
    for *passes, small in sizes:
        yield (
            f"image sizes: {', '.join(dict.fromkeys(passes))} in training and evaluation, "
            f"{small} for the other checks; batch 1"
        )
    rounded = {tuple(size) for one in found for size in one.rounded}
    for height, width in sorted(rounded):
        yield f"--imgsz {height}x{width} was rounded up to the largest stride, as forks do"


def summary(found: Sequence[Verified]) -> str:
    """Return the closing line."""
    failed = [one for one in found if one.failed]
    skipped = [one for one in found if one.skipped]
    if len(found) == 1:
        one = found[0]
        if one.skipped:
            return f"{one.cfg}: not verified"
        if one.failed:
            return f"{one.cfg}: {len(one.failed)} of {plural(len(one.checks), 'check')} failed"
        return f"{one.cfg}: {_counts(one)}"
    text = f"{len(found) - len(failed) - len(skipped)} of {len(found)} networks pass"
    return text + (f", {len(skipped)} not verified" if skipped else "")


def verify_data(verification: Verification, interrupted: bool = False) -> dict[str, Any]:
    """Return the whole answer as data."""
    return {
        "command": "verify",
        "repo": verification.repo,
        "ran": [verification.interpreter],
        "protection": verification.protection.as_data(),
        "interrupted": interrupted,
        "networks": [_network(network) for network in verification.networks],
        **verification.told,
    }


def _network(one: Verified) -> dict[str, Any]:
    return {
        "cfg": one.cfg,
        "result": one.word.lower(),
        "skipped": one.skipped or None,
        "inserted": one.inserted,
        "sizes": one.sizes,
        "costs": [
            {
                "layer": item.layer,
                "module": item.module,
                "map": [item.height, item.width],
                "attention_weights": item.cost.weights,
                "bytes": item.cost.bytes,
                "multiply_adds": item.cost.multiply_adds,
            }
            for item in one.costly
        ],
        "checks": [check._asdict() for check in one.checks],
        "hints": one.hints,
    }
