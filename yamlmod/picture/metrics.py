"""Measure text without a font: upper bounds of the usual sans-serif fonts."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# Hundredths of an em, from space to `~`: the wider of DejaVu Sans and Liberation Sans (Arial).
_REGULAR = (
    32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 34, 34, 84, 84, 84, 56, 102, 69, 69, 73, 78, 67, 62, 78, 76, 30, 50, 67, 56, 87, 75, 79,
    67, 79, 73, 67, 62, 74, 69, 99, 69, 67, 69, 40, 34, 40, 84, 56, 50, 62, 64, 55, 64, 62, 36, 64,
    64, 28, 28, 58, 28, 98, 64, 62, 64, 64, 42, 53, 40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84,
)  # fmt: skip
_BOLD = (
    35, 46, 53, 84, 70, 101, 88, 31, 46, 46, 53, 84, 38, 42, 38, 37, 70, 70, 70, 70, 70, 70, 70, 70,
    70, 70, 40, 40, 84, 84, 84, 62, 100, 78, 77, 74, 84, 69, 69, 83, 84, 38, 56, 78, 64, 100, 84,
    86, 74, 86, 78, 73, 69, 82, 78, 111, 78, 73, 73, 46, 37, 46, 84, 56, 50, 68, 72, 60, 72, 68, 44,
    72, 72, 35, 35, 67, 35, 105, 72, 69, 72, 72, 50, 60, 48, 72, 66, 93, 65, 66, 59, 72, 37, 72, 84,
)  # fmt: skip
# The last four are Arabic phrases in one sign.
_OTHER = {"×": 100, "·": 100, "–": 100, "…": 100, "﷽": 1200, "ﷺ": 400, "ﷻ": 400, "𒐫": 400}
_LATIN = 90
_FULL = 100
# Emoji are drawn wider than their em.
_PICTORIAL = 135


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return a width that the text does not exceed, in the unit of ``size``."""
    table = _BOLD if bold else _REGULAR
    total = 0
    for sign in text:
        code = ord(sign) - 32
        total += table[code] if 0 <= code < 95 else _other(sign)
    return total * size / 100


def _other(sign: str) -> int:
    known = _OTHER.get(sign)
    if known is not None:
        return known
    if unicodedata.combining(sign):
        return 0
    if unicodedata.category(sign) in ("So", "Sk", "Co", "Cn") or ord(sign) > 0x1F000:
        return _PICTORIAL
    wide = unicodedata.east_asian_width(sign) in "WF"
    return _FULL if wide or ord(sign) > 0x24F else _LATIN


def shortened(text: str, width: float, size: float, bold: bool = False) -> str:
    """Return the text, cut and with an ellipsis where it is wider than ``width``."""
    # Most text is short; a hostile name is cut before it is measured.
    text = text if len(text) <= 200 else text[:200] + "…"
    if text_width(text, size, bold) <= width:
        return text
    kept = text
    while kept and text_width(kept + "…", size, bold) > width:
        kept = kept[:-1]
    return kept.rstrip() + "…"
