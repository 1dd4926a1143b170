"""A finding of a rule: message, place, expected value, and the edits that fix it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Place, excerpt_lines, help_lines
from yamlmod.safe_text import safe_line

Severity: TypeAlias = Literal["error", "warning", "note"]
Reference: TypeAlias = int | list[int]


class Fix(NamedTuple):
    """Edits that fix a finding. ``certain``: no other meaning is possible."""

    edits: tuple[Edit, ...]
    certain: bool


@dataclass(frozen=True)
class Finding:
    """One mistake. ``actual`` and ``expected`` are a row's `from` as it is and as it should be.

    They are a number or a list, as in the row, and None if the finding is not about references.
    ``help`` says what to do; ``layer`` is None if the finding is not about one row.
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
        """Format for a terminal: place and message, excerpt with a caret, help."""
        out = [safe_line(f"{self.place}: {self.severity}[{self.rule}]: {self.message}")]
        out += excerpt_lines(self.place)
        return out + (help_lines(self.help) if self.help else [])

    def as_data(self) -> dict[str, Any]:
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
    """Apply all fixes that do not overlap; return the new text and the fixed findings."""
    edits: list[Edit] = []
    fixed: list[Finding] = []
    for finding in findings:
        fix = finding.fix
        if fix is None or not (fix.certain or unsafe):
            continue
        new = [edit for edit in fix.edits if edit not in edits]
        if any(_collide(edit, other) for edit in new for other in edits):
            continue  # the next round sees it again, if it still holds
        edits += new
        fixed.append(finding)
    return apply_edits(text, edits), fixed


def _collide(a: Edit, b: Edit) -> bool:
    return (a.start < b.end and b.start < a.end) or a.start == b.start
