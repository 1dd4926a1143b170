"""Apply the fixes of findings in rounds, and check that each round fixes what it claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from yamlmod.checks.bases import Base
from yamlmod.checks.finding import Finding, apply_fixes
from yamlmod.checks.run import Options, check_text

_ROUNDS = 8
_MOST_FIXES = 200


class Fixed(NamedTuple):
    """A text after its fixes, with the findings that were fixed and those that remain.

    ``fixable`` is how many of those that remain would be fixed.
    """

    text: str
    fixed: tuple[Finding, ...]
    left: tuple[Finding, ...]
    fixable: int = 0


def looked_at(text: str, shown: str, options: Options, siblings: Sequence[Base] = ()) -> Fixed:
    """Check a text, and count what would be fixed: a fix that would be refused is not certain."""
    found = check_text(text, shown, options, siblings)
    if not any(_is_certain(item) for item in found):
        return Fixed(text, (), found)
    done = _mended(Fixed(text, (), found), shown, options, False, siblings)
    gone = {(item.rule, item.layer) for item in done.fixed}
    left = tuple(item if (item.rule, item.layer) in gone else _unsure(item) for item in found)
    return Fixed(text, (), left, len(done.fixed))


def mend(
    text: str, shown: str, options: Options, unsafe: bool, siblings: Sequence[Base] = ()
) -> Fixed:
    """Apply every fix that works.

    A round that leaves its errors or adds new ones is discarded; then each fix is tried alone.
    """
    start = Fixed(text, (), check_text(text, shown, options, siblings))
    done = _mended(start, shown, options, unsafe, siblings)
    return done._replace(left=tuple(map(_unsure, done.left)))


def _is_certain(finding: Finding) -> bool:
    return finding.fix is not None and finding.fix.certain


def _unsure(finding: Finding) -> Finding:
    if finding.fix is None or not finding.fix.certain:
        return finding
    return replace(finding, fix=finding.fix._replace(certain=False))


def _mended(
    now: Fixed, shown: str, options: Options, unsafe: bool, siblings: Sequence[Base]
) -> Fixed:
    step = partial(_try, shown=shown, options=options, unsafe=unsafe, siblings=siblings)
    for _ in range(_ROUNDS):
        better = step(now, list(now.left)) or _one_by_one(now, step)
        if better is None:
            break
        now = better
    return now


def _one_by_one(start: Fixed, step: Callable[[Fixed, list[Finding]], Fixed | None]) -> Fixed | None:
    """Apply each fix that works alone, None if there is none; one that does not is tried once."""
    now, tried = start, set()
    for _ in range(_MOST_FIXES):
        finding = next((item for item in now.left if (item.rule, item.layer) not in tried), None)
        if finding is None:
            break
        tried.add((finding.rule, finding.layer))
        now = step(now, [finding]) or now
    return now if now.text != start.text else None


def _try(
    now: Fixed,
    findings: list[Finding],
    shown: str,
    options: Options,
    unsafe: bool,
    siblings: Sequence[Base],
) -> Fixed | None:
    new, applied = apply_fixes(now.text, findings, unsafe)
    if not applied or new == now.text:
        return None
    after = check_text(new, shown, options, siblings)
    if _worse(now.left, applied, after):
        return None
    return Fixed(new, (*now.fixed, *applied), after)


def _worse(before: Sequence[Finding], applied: Sequence[Finding], after: Sequence[Finding]) -> bool:
    # Other errors of a file that did not parse were hidden before.
    if any(item.rule == "syntax" for item in applied):
        return any(item.rule == "syntax" and item in before for item in after)
    gone = {(item.rule, item.layer) for item in applied}
    errors = {(item.rule, item.layer) for item in before if item.severity == "error"}
    return any(
        (item.rule, item.layer) in gone
        or (item.severity == "error" and (item.rule, item.layer) not in errors)
        for item in after
    )
