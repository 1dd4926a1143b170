"""Apply the fixes of findings in rounds, and check that each round fixes what it claims."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from yamlmod.checks.bases import Base
from yamlmod.checks.finding import Finding, apply_fixes
from yamlmod.checks.run import Options, check_text

_ROUNDS = 8


class Fixed(NamedTuple):
    """A text after its fixes, with the findings that were fixed and those that remain."""

    text: str
    fixed: tuple[Finding, ...]
    left: tuple[Finding, ...]


def mend(
    text: str, shown: str, options: Options, unsafe: bool, siblings: Sequence[Base] = ()
) -> Fixed:
    """Apply every fix that works.

    A round that leaves its errors or adds new ones is discarded; then each fix is tried alone.
    """
    now = Fixed(text, (), check_text(text, shown, options, siblings))
    for _ in range(_ROUNDS):
        groups = [list(now.left), *([finding] for finding in now.left)]
        tried = (_try(now, group, shown, options, unsafe, siblings) for group in groups)
        better = next((one for one in tried if one is not None), None)
        if better is None:
            break
        now = better
    return now


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
