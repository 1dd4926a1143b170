"""Find the cause of a syntax error, with the edits that fix it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from yamlmod.checks.syntax.bracket_causes import BRACKET_LOOKS
from yamlmod.checks.syntax.brackets import Line, scan
from yamlmod.checks.syntax.cause import Cause, Look, parses
from yamlmod.checks.syntax.paste_causes import FIRST_LOOKS, ROW_LOOKS
from yamlmod.edits import Edit, apply_edits

_ODD_BLANK = {
    "\xa0": "no-break space (U+00A0)",
    "\u3000": "ideographic space (U+3000)",
    "\u200b": "zero-width space (U+200B)",
    "\ufeff": "byte order mark (U+FEFF)",
    "\u2003": "em space (U+2003)",
}
_FULL_WIDTH = {
    "\uff0c": ",",
    "\u3001": ",",
    "\uff3b": "[",
    "\u3010": "[",
    "\uff3d": "]",
    "\u3011": "]",
    "\uff1a": ":",
}
_PROSE = re.compile(r"<\/?\w+[^>]*>|^(?![\s#\[\]\-,.{}%\"'])(?![\w.-]+[ \t]*:(?:\s|$)).*\S")
_NO_BLANK = re.compile(r"(?P<key>[A-Za-z_]\w*):(?=[\w\[\-])")


def cause_of(text: str) -> Cause | None:
    """Find the first cause; its edits are tested to make the text parse."""
    lines = scan(text)
    for look in _LOOKS:
        for cause in look(text, lines):
            if not cause.edits or parses(apply_edits(text, cause.edits)):
                return cause
            # Another mistake may follow: report this one without a fix.
            return cause._replace(edits=())
    return None


def _code(line: Line) -> str:
    """The line without its comment."""
    comment = re.search(r"(?:^|[\s,\[\]])#", line.text)
    return line.text if comment is None else line.text[: comment.start()]


def _odd_blanks(text: str, lines: list[Line]) -> Iterator[Cause]:
    found = [
        (line.start + at, letter)
        for line in lines
        for at, letter in enumerate(_code(line))
        if letter in _ODD_BLANK
    ]
    if found:
        start, letter = found[0]
        rest = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        edits = tuple(Edit(at, at + 1, "" if c in "\u200b\ufeff" else " ") for at, c in found)
        yield Cause(
            start,
            start + 1,
            f"a {_ODD_BLANK[letter]} is used instead of a space{rest}; "
            "text copied from web pages often has them",
            "replace it with a plain space",
            edits,
        )


def _full_width(text: str, lines: list[Line]) -> Iterator[Cause]:
    found = [
        (line.start + at, letter)
        for line in lines
        for at, letter in enumerate(_code(line))
        if letter in _FULL_WIDTH
    ]
    if found:
        start, letter = found[0]
        edits = tuple(Edit(at, at + 1, _FULL_WIDTH[c]) for at, c in found)
        yield Cause(
            start,
            start + 1,
            f"a full-width {letter!r} is used instead of {_FULL_WIDTH[letter]!r}",
            f"write {_FULL_WIDTH[letter]!r}",
            edits,
        )


def _tabs(text: str, lines: list[Line]) -> Iterator[Cause]:
    found = []
    for line in lines:
        indent = line.text[: len(line.text) - len(line.text.lstrip(" \t"))]
        found += [line.start + at for at, letter in enumerate(indent) if letter == "\t"]
    if found:
        edits = tuple(Edit(at, at + 1, "  ") for at in found)
        yield Cause(
            found[0],
            found[0] + 1,
            "the line is indented with a tab, which YAML does not allow",
            "indent with spaces",
            edits,
        )


def _prose(text: str, lines: list[Line]) -> Iterator[Cause]:
    for line in lines:
        if line.depth == 0 and _PROSE.match(_code(line)) and not _NO_BLANK.match(line.text):
            yield Cause(
                line.start,
                line.start + len(line.text),
                "this line is not YAML; it looks like text or markup from a web page",
                "delete it, or comment it out with #",
            )
            return


def _no_blank(text: str, lines: list[Line]) -> Iterator[Cause]:
    for line in lines:
        match = _NO_BLANK.match(line.text)
        if match is not None and line.depth == 0:
            at = line.start + match.end()
            yield Cause(
                at - 1,
                at,
                f"a space is missing after `{match['key']}:`",
                f"write `{match['key']}: ` with a space",
                (Edit(at, at, " "),),
            )
            return


def _quotes(text: str, lines: list[Line]) -> Iterator[Cause]:
    for line in lines:
        code = _code(line)
        for quote in "'\"":
            if code.count(quote) % 2 and line.is_row:
                at = line.start + code.rindex(quote)
                yield Cause(at, at + 1, "a quote is not closed", f"close it with {quote}")
                return


def _document_marks(text: str, lines: list[Line]) -> Iterator[Cause]:
    for index, line in enumerate(lines):
        if line.text.rstrip() in ("...", "---") and (line.depth or index):
            yield Cause(
                line.start,
                line.start + 3,
                f"`{line.text.strip()}` ends the YAML document here",
                "delete the line",
                (Edit(line.start, line.start + len(line.text), ""),),
            )
            return


_LOOKS: tuple[Look, ...] = (
    *FIRST_LOOKS,
    _odd_blanks,
    _full_width,
    _tabs,
    _quotes,
    _document_marks,
    _prose,
    _no_blank,
    *ROW_LOOKS,
    *BRACKET_LOOKS,
)
