r"""Makes text safe to show: nothing in it acts on a terminal, hides, or commands a CI service.

`\xNN` is a byte or an ASCII control, `\uNNNN` a character, as in `$'...'` of a shell.
"""

from __future__ import annotations

import functools
import re

# Ranges, not categories: an emoji that this Python's Unicode tables lack stays readable.
_UNSAFE = (
    "\\x00-\\x1f\\x7f-\\xa0\\xad"  # controls, no-break space, soft hyphen
    "\\u034f\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2"
    "\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f"  # fillers, marks without a shape
    "\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f"  # blanks, zero widths, bidi, line ends
    "\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb"
    "\\ud800-\\udfff\\ue000-\\uf8ff\\ufdd0-\\ufdef\\ufffe\\uffff"  # surrogates, private
    "\\U000110bd\\U000110cd\\U00013430-\\U0001343f\\U0001bca0-\\U0001bca3"
    "\\U0001d159\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff"
    + "".join(f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(1, 15))
    + "\\U000f0000-\\U0010ffff"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_NON_JOINER, _JOINER = "\u200c", "\u200d"
_KEYCAP = "\u20e3"
_PICTURES = ("So", "Sm", "Sk")
_STYLED = ("So", "Sm", "Po", "Pd")
# GitHub takes `::name` after any white space, and `##[name]` anywhere, as Azure does `##vso[` and
# TeamCity `##teamcity[`. A shell reads the backslash before such a sign as nothing.
_COMMAND = re.compile(r"^([^\S\n]*)(?=::\S)|(?<=#)(?=#(?:[\w.-]+\[|\[[A-Za-z]))", re.MULTILINE)


def safe_line(text: str) -> str:
    """Return text as one line that is safe to show; safe text comes back unchanged.

    A newline or tab becomes an escape as well. What is safe stays, so this may be applied twice,
    and text that spells out an escape looks like what it escapes: JSON output tells them apart.
    """
    return without_commands(visible_line(text))


def visible_line(text: str) -> str:
    """Return text with escapes alone: for names in data, whose output looks after commands."""
    return text if text.isascii() and text.isprintable() else _unsafe().sub(_escaped, text)


def safe_text(text: str) -> str:
    """Return text of several lines made safe: newlines and tabs stay, the rest as in a line."""
    if not (text.isascii() and text.isprintable()):
        text = _unsafe().sub(lambda m: m[0] if m[0] in "\n\t" else _escaped(m), text)
    return without_commands(text)


def without_commands(text: str) -> str:
    """Return text in which no line is a command to a CI service: a backslash comes before it."""
    return _COMMAND.sub(r"\1\\", text) if "::" in text or "##" in text else text


def holds_command(text: str) -> bool:
    """Check whether a CI service would take a line of this text for a command."""
    return ("::" in text or "##" in text) and _COMMAND.search(text) is not None


@functools.cache
def _unsafe() -> re.Pattern[str]:
    # Not at import: most runs meet nothing but printable ASCII.
    return re.compile(f"[{_UNSAFE}]")


def _escaped(match: re.Match[str]) -> str:
    sign, code = match[0], ord(match[0])
    if _has_shape(match.string, match.start()):
        return sign
    if sign in _SHORT:
        return _SHORT[sign]
    if code < 0x80 or 0xDC80 <= code <= 0xDCFF:  # the latter: a byte of a name that is not UTF-8
        return f"\\x{code & 0xFF:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _has_shape(text: str, at: int) -> bool:
    """Check whether a joiner or a variation selector is where writing and emoji need it."""
    sign, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if sign in (_JOINER, _NON_JOINER):
        return bool(before and after) and _joins(text, at)
    is_selector = "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef"
    if not (is_selector and before) or _unsafe().match(before):
        return False
    return _is_han(before) or (sign in "\ufe0e\ufe0f" and _takes_style(before, after))


def _joins(text: str, at: int) -> bool:
    sign, before, after = text[at], text[at - 1], text[at + 1]
    if _unsafe().match(after):
        return False
    if before == "\ufe0f" and at > 1 and _has_shape(text, at - 1):
        before = text[at - 2]
    if _unsafe().match(before):
        return False
    # Here and not at the top: a library of its own that few runs need.
    import unicodedata

    kinds = unicodedata.category(before), unicodedata.category(after)
    if sign == _JOINER and before > "\x7f" < after and set(kinds) <= set(_PICTURES):
        return True
    if kinds[1][0] != "L":
        return False
    # As in host names (RFC 5892): after a virama, and between letters that join.
    arabic = unicodedata.bidirectional(before) == unicodedata.bidirectional(after) == "AL"
    return unicodedata.combining(before) == 9 or (arabic and kinds[0][0] == "L")


def _takes_style(before: str, after: str) -> bool:
    if before in "0123456789#*":
        return after == _KEYCAP
    import unicodedata

    return before == "\u2139" or (before > "\x7f" and unicodedata.category(before) in _STYLED)


def _is_han(sign: str) -> bool:
    return (
        "\u3400" <= sign <= "\u9fff"
        or "\uf900" <= sign <= "\ufaff"
        or "\U00020000" <= sign <= "\U0003ffff"
    )
