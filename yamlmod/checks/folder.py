"""Check the files of one folder together: one may be the base of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

from yamlmod.checks.apply_fixes import Fixed, looked_at, mend
from yamlmod.checks.bases import Base, base_of, likeness, official_bases, row_words
from yamlmod.checks.finding import Finding
from yamlmod.checks.run import Options
from yamlmod.errors import Refusal
from yamlmod.model.document import Row, parse_document
from yamlmod.model.parse import value_key

# An official network with as many equal rows is a better base than a file beside it.
_ALIKE = 0.6
# Also as warnings: where they are, the numbers are not sure.
_NO_BASE = ("wiring", "not-a-model", "dead-layer", "head-inputs")


class Fixes(Enum):
    """Which fixes are applied."""

    none = "none"
    certain = "certain"
    unsafe = "unsafe"


class Text(NamedTuple):
    """One file: its name in messages, and its text."""

    shown: str
    text: str


class _Clean(NamedTuple):
    """A file without wrong references: a possible base of others."""

    base: Base
    keys: tuple[tuple[str, str], ...]


def check_folder(
    texts: Sequence[Text],
    options: Options,
    fixes: Fixes = Fixes.none,
    advance: Callable[[int], None] | None = None,
    neighbours: Callable[[], Sequence[Text]] | None = None,
) -> dict[str, Fixed]:
    """Check every file, and fix it if requested.

    Shorter files come first: a longer one may be derived from them. ``advance`` is called for every
    file that is done. ``neighbours`` gives the other files of the folder; they are asked for only
    if a file is of no known family, and are no part of the result.
    """
    if neighbours is not None and options.base is None and any(map(_is_unknown, texts)):
        wanted = {item.shown for item in texts}
        rows = [row_words(_rows(item)) for item in texts]
        beside = [
            item for item in neighbours() if item.shown not in wanted and _may_be_part(item, rows)
        ]
        done = check_folder(beside, options) if beside else {}
        clean = [base for item in beside if (base := _clean(item, done[item.shown])) is not None]
        return _check(texts, options, fixes, advance, clean)
    return _check(texts, options, fixes, advance, [])


def _check(
    texts: Sequence[Text],
    options: Options,
    fixes: Fixes,
    advance: Callable[[int], None] | None,
    known: Sequence[_Clean],
) -> dict[str, Fixed]:
    done: dict[str, Fixed] = {}
    clean = list(known)
    for item in sorted(texts, key=lambda item: (item.text.count("["), item.shown)):
        rows = _rows(item)
        words, keys = row_words(rows), tuple(map(_key, rows))
        siblings = [other.base for other in clean if _is_part(other, words, keys)]
        if fixes is Fixes.none:
            result = looked_at(item.text, item.shown, options, siblings)
        else:
            unsafe = fixes is Fixes.unsafe
            result = mend(item.text, item.shown, options, unsafe, siblings)
        done[item.shown] = result
        if advance is not None:
            advance(1)
        base = _clean(item, result) if len(done) < len(texts) else None
        if base is not None:
            clean.append(base)
    return {item.shown: done[item.shown] for item in texts}


def _clean(item: Text, result: Fixed) -> _Clean | None:
    """The file as a base of others, None if it has a mistake itself."""
    rows = _rows(item)
    if not rows or any(_counts(finding) for finding in (*result.left, *result.fixed)):
        return None
    document = parse_document(item.text, item.shown)
    return _Clean(base_of(document, "sibling"), tuple(map(_key, rows)))


def _is_unknown(item: Text) -> bool:
    """Check whether a file is like no official one."""
    words = row_words(_rows(item))
    return bool(words) and all(likeness(words, base.words) < _ALIKE for base in official_bases())


def _may_be_part(item: Text, wholes: Sequence[Counter[tuple[str, str]]]) -> bool:
    words = row_words(_rows(item))
    return bool(words) and any(not words - whole for whole in wholes)


def _counts(finding: Finding) -> bool:
    """Tell whether a file with this finding may be wired otherwise than it was meant."""
    return finding.rule in _NO_BASE or finding.severity == "error"


def _rows(text: Text) -> tuple[Row, ...]:
    try:
        return parse_document(text.text, text.shown).rows
    except Refusal:
        return ()


def _key(row: Row) -> tuple[str, str]:
    return row.module, value_key(row.args)


def _is_part(
    item: _Clean, words: Counter[tuple[str, str]], keys: Sequence[tuple[str, str]]
) -> bool:
    """Check that the rows of a file are a subsequence of others, by their words and keys."""
    if len(item.keys) >= len(keys) or item.base.words - words:
        return False
    rest = iter(keys)
    return all(key in rest for key in item.keys)
