"""From a refusal of the reader to a finding: a file that cannot be read has a mistake, too."""

from __future__ import annotations

from yamlmod.checks.finding import Finding
from yamlmod.errors import Place, Refusal

_RULES = {"bad-yaml": "syntax", "odd-newline": "syntax", "bad-reference": "references"}
_HELP = {
    "bad-row": "a row is a list of four: [from, number, module, args]",
    "duplicate-key": "keep one of the two",
    "bad-table": "write a list of rows under the key",
    "unusual-order": "put `backbone` first",
}


def finding_of(error: Refusal, text: str) -> Finding:
    """Return a refusal as a finding of the rule it belongs to."""
    place = error.place or Place("?")
    if place.line is None:
        place = Place(place.file, 1, 1)
    rule = _RULES.get(error.code, "not-a-model")
    help = error.hint or _HELP.get(
        error.code, "mend it by hand; nothing else of the file was checked"
    )
    return Finding(rule, "error", place, error.message, help)
