"""The checks of one network as they come from the worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.runtime.yamlmod_worker.answers import VerifyAnswer, VerifyPart
from yamlmod.usecases.costly import Costly


class Check(NamedTuple):
    """One check: `pass`, `fail` or `skip`, and what was seen."""

    name: str
    status: str
    reason: str
    seconds: float = 0.0


@dataclass
class Verified:
    """What came out for one model YAML."""

    cfg: str
    inserted: list[str]
    costly: list[Costly]
    checks: list[Check] = field(default_factory=list)
    skipped: str = ""
    sizes: list[str] = field(default_factory=list)
    rounded: list[tuple[int, int]] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[Check]:
        """Return the checks that do not hold."""
        return [check for check in self.checks if check.status == "fail"]

    @property
    def word(self) -> str:
        """Return the result in a word."""
        return "FAIL" if self.failed else "skip" if self.skipped else "pass"


class Heard:
    """What the worker told before it was done."""

    def __init__(self, found: Verified, begin: Callable[[str], None] = lambda check: None) -> None:
        self.found, self.begun, self.begin = found, "", begin

    def part(self, message: VerifyPart) -> None:
        """Take one message."""
        self.begun = message.get("begun", self.begun)
        if "begun" in message:
            self.begin(self.begun)
        if "check" in message:
            self.found.checks.append(Check(**message["check"]))

    def complete(self, answer: VerifyAnswer) -> None:
        """Refuse an answer without a check: one that the worker did not give."""
        if answer["free"] is None and not self.found.checks:
            raise Refusal("bad-answer", "the fork's process sent an invalid answer: no check")
