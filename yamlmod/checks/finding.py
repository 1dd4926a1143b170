"""What a rule reports: a mistake, where it stands, what was meant, and the edits that mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Place, excerpt_lines, help_lines
from yamlmod.safe_text import safe_line

Severity: TypeAlias = Literal["error", "warning", "note"]
Reference: TypeAlias = int | list[int]


@dataclass(frozen=True)
class Fix:
    """Edits that mend a finding. ``certain``: nobody could have meant anything else."""

    edits: tuple[Edit, ...]
    certain: bool


@dataclass(frozen=True)
class Finding:
    """One mistake. ``actual`` and ``expected`` are a row's `from` as it is and as it should be.

    They are a number or a list, as the row spells it, and None where the mistake is none of
    references. ``help`` says what to do; ``layer`` is None where the finding is about no row.
    """

    rule: str
    severity: Severity
    place: Place
    message: str
    help: str = ""
    layer: int | None = None
    actual: Reference | None = None
    expected: Reference | None = None
    fix: Fix | None = None

    def lines(self) -> list[str]:
        """Return the report for a person: place and message, excerpt with a caret, the fix."""
        out = [safe_line(f"{self.place}: {self.severity}[{self.rule}]: {self.message}")]
        out += excerpt_lines(self.place)
        return out + (help_lines(self.help) if self.help else [])

    def as_data(self) -> dict[str, Any]:
        """Return the finding for --json."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "layer": self.layer,
            "actual": self.actual,
            "expected": self.expected,
            "message": self.message,
            "help": self.help or None,
            "fix": None if self.fix is None else "certain" if self.fix.certain else "unsafe",
        }


def apply_fixes(text: str, findings: list[Finding], unsafe: bool) -> tuple[str, list[Finding]]:
    """Return the text with the fixes applied that do not collide, and the findings mended."""
    edits: list[Edit] = []
    mended: list[Finding] = []
    for finding in findings:
        fix = finding.fix
        if fix is None or not (fix.certain or unsafe):
            continue
        new = [edit for edit in fix.edits if edit not in edits]
        if any(_collide(one, other) for one in new for other in edits):
            continue  # the next round sees it again, if it still holds
        edits += new
        mended.append(finding)
    return apply_edits(text, edits), mended


def _collide(one: Edit, other: Edit) -> bool:
    return (one.start < other.end and other.start < one.end) or one.start == other.start
