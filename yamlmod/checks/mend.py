"""Apply the fixes of findings, round by round, and prove that each round mends what it said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from yamlmod.checks.bases import Base
from yamlmod.checks.finding import Finding, apply_fixes
from yamlmod.checks.run import Options, check_text

_ROUNDS = 8


@dataclass(frozen=True)
class Mended:
    """A text after its fixes: what was mended, and what is left."""

    text: str
    mended: tuple[Finding, ...]
    left: tuple[Finding, ...]


def mend(
    text: str, shown: str, options: Options, unsafe: bool, siblings: Sequence[Base] = ()
) -> Mended:
    """Return the text with every fix applied that holds.

    A round whose result has more errors, or still the same ones, is not taken.
    """
    left = check_text(text, shown, options, siblings)
    mended: list[Finding] = []
    for _ in range(_ROUNDS):
        new, applied = apply_fixes(text, list(left), unsafe)
        if not applied or new == text:
            break
        again = check_text(new, shown, options, siblings)
        if _worse(left, applied, again):
            break
        text, left = new, again
        mended += applied
    return Mended(text, tuple(mended), left)


def _worse(before: Sequence[Finding], applied: Sequence[Finding], after: Sequence[Finding]) -> bool:
    # What a file that did not parse holds besides could not be seen before.
    if any(item.rule == "syntax" for item in applied):
        return any(item.rule == "syntax" and item in before for item in after)
    gone = {(item.rule, item.layer) for item in applied}
    errors = [sum(item.severity == "error" for item in found) for found in (before, after)]
    return errors[1] > errors[0] or any((item.rule, item.layer) in gone for item in after)
