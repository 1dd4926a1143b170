"""Text made safe to show: a table, every code point, and what holds for any text."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yamlmod.safe_text import holds_command, safe_line, safe_text

SAFE = [
    "",
    "   [-1, 1, Conv, [128, 3, 2]],  # 1-P2/4",
    r"C:\Users\new\x1b",  # what spells out an escape is text like any other
    "models/主干网络.yaml：第 3 行　（空格）",
    "café Ångström naïve, e\u0301, Ελληνικά, Русский, עברית, العربية, हिन्दी, ไทย, 한국어, ひらがな",
    "👍 👍🏽 ❤️ ☺︎ 1️⃣ ‼️ ©️ ℹ️ 🇩🇪",
    "👨‍💻 👩🏽‍🚀 🏳️‍🌈 🙂‍↔️ 👨‍👩‍👧",  # joined by U+200D
    "می‌خواهم",  # Persian, with U+200C between letters
    "क्‍ष ක්‍ෂ",  # a joiner after a virama
    "葛󠄀城市 辻󠄁",  # variation sequences of Han
    "\U0001fae0 \U0001f6d8 \U0001fac8",  # younger than the Unicode tables of Python 3.10
    "a::b a:: b ::",
    "# #[x] ## [x] #",
    "see yamlmod::error and C++ std::vector",
    r"\::error::x #\#[error]",
]
UNSAFE = [
    ("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
    ("a\nb\rc\td\0\b\x7f", r"a\nb\rc\td\x00\x08\x7f"),
    ("\x85\x9b31m\xa0\xad", r"\u0085\u009b31m\u00a0\u00ad"),
    ("abc\u202edlog\u2066\u200f", r"abc\u202edlog\u2066\u200f"),
    ("\u2028\u2029\u200b\u2060\ufeff\u180e\u061c", r"\u2028\u2029\u200b\u2060\ufeff\u180e\u061c"),
    ("C\u200d3 C\u200c3 \u200d", r"C\u200d3 C\u200c3 \u200d"),
    ("👨\u200d\u200d💻 👨\u200d", r"👨\u200d\u200d💻 👨\u200d"),
    ("a\ufe0f\u200d🌈", r"a\ufe0f\u200d🌈"),  # a selector that styles nothing carries no joiner
    ("x\ufe0f 1\ufe0f 葛\U000e0100\U000e0101", r"x\ufe0f 1\ufe0f 葛󠄀\U000e0101"),
    ("hi\U000e0041\U000e007f", r"hi\U000e0041\U000e007f"),  # tags
    ("\u3164\u115f\uffa0\u2800\u034f", r"\u3164\u115f\uffa0\u2800\u034f"),
    ("a\u2003b\u202fc", r"a\u2003b\u202fc"),
    ("\ue0b0\U000f0000\U0010ffff\ufdd0\U0001fffe", r"\ue0b0\U000f0000\U0010ffff\ufdd0\U0001fffe"),
    ("\udcff\udc80.yaml", r"\xff\x80.yaml"),  # the bytes of a name that is not UTF-8
    ("\ud800x", r"\ud800x"),
    ("::error::c.yaml:3:1: x", r"\::error::c.yaml:3:1: x"),
    (" \u3000::set-env name=x::y", " \u3000\\::set-env name=x::y"),
    ("ok\n::error::x", r"ok\n::error::x"),
    ("\u200b::error::x", r"\u200b::error::x"),
    ("x ##[error]y ###[group]z", r"x #\#[error]y ##\#[group]z"),
    ("a##vso[task.x]##teamcity[m]", r"a#\#vso[task.x]#\#teamcity[m]"),
    ("section_start:1:x\r\x1b[0K", r"section_start:1:x\r\x1b[0K"),
]


@pytest.mark.parametrize("text", SAFE)
def test_safe_text_stays(text: str) -> None:
    assert safe_line(text) == safe_text(text) == text
    assert not holds_command(text)


@pytest.mark.parametrize(("text", "shown"), UNSAFE)
def test_unsafe_text_is_escaped(text: str, shown: str) -> None:
    assert safe_line(text) == shown


def test_text_of_several_lines() -> None:
    assert safe_text("a\tb\n ::error::x\r\n\x1b\u2028::y\n") == (
        "a\tb\n \\::error::x\\r\n\\x1b\\u2028::y\n"
    )
    assert holds_command("+ a\n ::error::x\n")
    assert holds_command("+ a ##vso[task.x]")
    assert not holds_command("+::error::x\n")


def test_every_sign() -> None:
    """What has no shape of its own, by this Python's tables, comes out escaped; letters never."""
    for code in range(0x110000):
        sign = chr(code)
        category = unicodedata.category(sign)
        escaped = safe_line(f"a{sign}b") != f"a{sign}b"
        if category in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
            assert escaped, hex(code)
        elif category == "Zs":
            assert escaped == (sign not in " \u3000"), hex(code)
        elif category[0] in "NP" or category in ("Lu", "Ll", "Lt", "Lm", "Mc", "Sm", "Sc", "Sk"):
            assert not escaped, hex(code)


# What no output may hold, written down anew: by categories, and the rules of the CI services.
_JOINERS = {
    "\u200c",
    "\u200d",
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, range(0xE0100, 0xE01F0)),
}


def _is_unsafe(sign: str) -> bool:
    if sign in _JOINERS:
        return False
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


_SIGNS = st.one_of(
    st.characters(exclude_categories=()),
    st.sampled_from(
        "\x1b\n\t\r\u202e\u200c\u200d\ufe0f\U000e0100\udc9b\\xu:#[]🌈👨葛1a\u0915\u094dم "
    ),
)


@given(st.text(_SIGNS, max_size=12))
def test_any_text(text: str) -> None:
    line = safe_line(text)
    assert not any(map(_is_unsafe, line))
    assert not re.match(r"\s*::\S", line)
    assert not re.search(r"##[\w.-]*\[", line)
    assert safe_line(line) == line
    assert safe_text(line) == line
    # A joiner or selector stays only where something visible stands before it.
    assert not re.search(r"(?:^|\s)[\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]", line)
    assert "\u200d\u200d" not in line and "\ufe0f\ufe0f" not in line


def _meaning(shown: str) -> str:
    """Read the escapes of a line back."""
    names = {"n": "\n", "r": "\r", "t": "\t"}

    def sign(match: re.Match[str]) -> str:
        if match[1]:
            return names[match[1]]
        code = int(match[2] or match[3] or match[4], 16)
        return chr(0xDC00 + code) if match[2] and code >= 0x80 else chr(code)

    return re.sub(r"\\(?:([nrt])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))", sign, shown)


@given(st.text(_SIGNS.filter(lambda sign: sign != "\\"), max_size=12))
def test_different_texts_look_different(text: str) -> None:
    """A line can be read back, but for backslashes of its own: so no two look the same."""
    line = re.sub(r"\\(?=::)|(?<=#)\\(?=#)", "", safe_line(text))
    assert _meaning(line) == text
