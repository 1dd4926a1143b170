"""Convert a Refusal of the reader to a finding, at its cause if known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yamlmod.checks.finding import Finding, Fix, Severity
from yamlmod.errors import Place, Refusal

if TYPE_CHECKING:
    from yamlmod.checks.syntax.cause import Cause

_RULES = {"bad-yaml": "syntax", "odd-newline": "syntax", "bad-reference": "references"}
_HELP = {
    "bad-row": "a row is a list of four: [from, number, module, args]",
    "duplicate-key": "keep one of the two",
    "repeated-key": "keep the last of the two; the rest of the file was not checked",
    "bad-table": "write a list of rows under the key",
    "unusual-order": "put `backbone` first",
}
# A fork may give these a meaning; the rest of the file cannot be checked.
_MAYBE_MEANT = frozenset(
    {"third-table", "layer-numbers-elsewhere", "unusual-order", "alias", "repeated-key"}
)
_BROKEN = ("bad-yaml", "bad-row", "bad-table")
_BY_HAND = "fix it by hand; the rest of the file was not checked"


def finding_of(error: Refusal, text: str) -> Finding:
    place = error.place or Place("?")
    if place.line is None:
        place = place._replace(line=1, column=1)
    rule = _RULES.get(error.code, "not-a-model")
    cause = _cause(error, text)
    if cause is not None:
        return _at_cause(cause, place, text)
    help = error.hint or _HELP.get(error.code, _BY_HAND)
    severity: Severity = "warning" if error.code in _MAYBE_MEANT else "error"
    if error.code == "no-head":  # the backbone of a larger model, as some forks keep it
        severity = "note"
    return Finding(rule, severity, place, error.message, help)


def at_its_cause(error: Refusal, text: str) -> Refusal:
    """Return the refusal of a command, at the row that `check` names, where its fix is known.

    Without a fix the file may be something else, such as Python code given for a YAML.
    """
    cause = _cause(error, text)
    if cause is None or not cause.edits:
        return error
    finding = _at_cause(cause, error.place or Place("?"), text)
    return Refusal(error.code, finding.message, place=finding.place, hint=finding.help)


def _cause(error: Refusal, text: str) -> Cause | None:
    if error.code not in _BROKEN:
        return None
    # Here and not at the top: nearly all files parse.
    from yamlmod.checks.syntax.causes import cause_of

    cause = cause_of(text)
    return cause if cause is not None and (cause.edits or error.code == "bad-yaml") else None


def _at_cause(cause: Cause, place: Place, text: str) -> Finding:
    where = Place.at(place.file, text, cause.start, cause.end)
    far = where.line != place.line
    gave_up = f"; the parser stops at line {place.line}" if far else ""
    fix = Fix(cause.edits, cause.certain) if cause.edits else None
    return Finding("syntax", "error", where, cause.message + gave_up, cause.help, fix=fix)
