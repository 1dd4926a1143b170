"""Check one text: parse it, run the rules, sort the findings by line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from yamlmod.checks.bases import Base
from yamlmod.checks.finding import Finding
from yamlmod.checks.ignores import kept
from yamlmod.checks.refused import finding_of
from yamlmod.checks.rule import Rule, all_rules
from yamlmod.checks.several_layers import counts_for_several, finding_of_several
from yamlmod.checks.subject import KindsOf, Subject, no_kinds
from yamlmod.edits import apply_edits
from yamlmod.errors import Refusal, one_of
from yamlmod.model.document import Document, parse_document
from yamlmod.model.parser_facts import ParserFacts

_ORDER = {"error": 0, "warning": 1, "note": 2}


class Options(NamedTuple):
    """Context of the rules, and the selection of rules."""

    kinds_of: KindsOf = no_kinds
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    base: Base | None = None
    builder: ParserFacts | None = None

    @property
    def rules(self) -> Sequence[Rule]:
        wanted = set(self.select) or {rule.code for rule in all_rules()}
        return [rule for rule in all_rules() if rule.code in wanted - set(self.ignore)]


def check_text(
    text: str, shown: str, options: Options, siblings: Sequence[Base] = ()
) -> tuple[Finding, ...]:
    """Check a text; a text that cannot be read gives a finding, too."""
    return kept(_check_text(text, shown, options, siblings), text)


def _check_text(
    text: str, shown: str, options: Options, siblings: Sequence[Base]
) -> tuple[Finding, ...]:
    codes = {rule.code for rule in options.rules}
    try:
        document = parse_document(text, shown)
    except Refusal as error:
        finding = finding_of(error, text)
        rest = _after_fix(finding, text, shown, options, siblings)
        return ((finding,) if finding.rule in codes else ()) + rest
    return _check_document(document, options, siblings)


def _after_fix(
    finding: Finding, text: str, shown: str, options: Options, siblings: Sequence[Base]
) -> tuple[Finding, ...]:
    """Check the text after a certain fix that makes it parse.

    Lines refer to the original text; the findings have no fixes until the first one is applied.
    """
    fix = finding.fix
    if fix is None or not fix.certain or any("\n" in text[e.start : e.end] for e in fix.edits):
        return ()
    fixed = apply_edits(text, fix.edits)
    try:
        document = parse_document(fixed, shown)
    except Refusal:
        return ()
    lines = text.split("\n")
    return tuple(
        _moved_back(item, lines, finding) for item in _check_document(document, options, siblings)
    )


def _moved_back(item: Finding, lines: Sequence[str], first: Finding) -> Finding:
    place = item.place
    if place.line is None:
        return item
    excerpt = lines[place.line - 1].rstrip("\r")
    column = place.column
    if excerpt != place.excerpt and column is not None:
        # A character more or less on this line: the caret stays inside it.
        shift = len(place.excerpt) - len(excerpt)
        indented = place.excerpt.lstrip() == excerpt.lstrip()
        is_after = indented or column > (first.place.column or 0)
        column = max(1, column - shift) if is_after else column
    return replace(item, place=place._replace(excerpt=excerpt, column=column), fix=None)


def check_document(
    document: Document, options: Options, siblings: Sequence[Base] = ()
) -> tuple[Finding, ...]:
    return kept(_check_document(document, options, siblings), document.text)


def _check_document(
    document: Document, options: Options, siblings: Sequence[Base]
) -> tuple[Finding, ...]:
    several = counts_for_several(document)
    if several is not None:
        finding = finding_of_several(document, several)
        return (finding,) if finding.rule in {rule.code for rule in options.rules} else ()
    subject = Subject(document, options.kinds_of, options.base, siblings, options.builder)
    findings = [finding for rule in options.rules for finding in rule.check(subject)]
    return tuple(sorted(findings, key=_by_place))


def _by_place(finding: Finding) -> tuple[int, int, int, str]:
    place = finding.place
    return place.line or 0, _ORDER[finding.severity], place.column or 0, finding.rule


def known_codes(words: Iterable[str]) -> tuple[str, ...]:
    """Validate rule codes; the Refusal for an unknown one lists all codes."""
    codes = [rule.code for rule in all_rules()]
    given = tuple(dict.fromkeys(words))
    for word in given:
        if word not in codes:
            near = difflib.get_close_matches(word, codes, n=2)
            all_codes = f"the rules are {one_of(codes, limit=len(codes))}"
            raise Refusal(
                "unknown-rule",
                f"there is no rule {word[:60]!r}",
                hint=f"did you mean {' or '.join(near)}?" if near else all_codes,
            )
    return given
