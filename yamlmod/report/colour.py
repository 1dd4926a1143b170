"""Colour lines for a terminal: severity, pass and fail, carets, and the lines of a diff."""

from __future__ import annotations

import re

_RED, _GREEN, _YELLOW, _CYAN, _BOLD = "31", "32", "33", "36", "1"
_LINES = (
    (re.compile(r"((?:\S.*?: )?)(error)(\[[\w-]+\])?(?=:)"), _RED),
    (re.compile(r"((?:\S.*?: )?)(warning)(\[[\w-]+\])?(?=:)"), _YELLOW),
    (re.compile(r"((?: *|\S.*?: ))(note)(\[[\w-]+\])?(?=:)"), _CYAN),
    (re.compile(r"( +)(help)()(?=:)"), _CYAN),
    (re.compile(r"( *\| *)(\^+)()$"), _RED),
    (re.compile(r"()(next)()(?=:$)"), _BOLD),
)
_WORDS = {"pass": _GREEN, "FAIL": _RED, "skip": _YELLOW, "problem": _RED, "warning": _YELLOW,
          "ok": _GREEN}  # fmt: skip
_WORD = re.compile(r"(?<=  )(pass|FAIL|skip)(?=  |$)|^(ok|problem|warning)(?=  )")


def painted(line: str) -> str:
    """Return a line with its first word of severity, or its results, in colour."""
    for pattern, colour in _LINES:
        match = pattern.match(line)
        if match:
            end = match.end(3) if match[3] else match.end(2)
            return line[: match.start(2)] + _sgr(colour, line[match.start(2) : end]) + line[end:]
    return _WORD.sub(lambda match: _sgr(_WORDS[match[0]], match[0]), line)


def painted_diff(line: str) -> str:
    """Return a line of a diff in the colours that git gives it."""
    if line.startswith(("--- ", "+++ ")):
        return _sgr(_BOLD, line)
    colour = {"+": _GREEN, "-": _RED, "@": _CYAN}.get(line[:1], "")
    return _sgr(colour, line) if colour else line


def _sgr(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"
