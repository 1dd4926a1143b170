"""Why a file does not parse: the line of the cause, the cause, and the text that it should be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from yamlmod.checks.finding import apply_fixes
from yamlmod.checks.run import Options, check_text

GOOD = """\
nc: 4  # classes
anchors: 3
backbone:
  # [from, number, module, args]
  [[-1, 1, Conv, [64, 3, 2]],  # 0-P1/2
   [-1, 1, Conv, [64, 3, 2]],  # 1
   [-1, 3, C3, [64]],
  ]
head:
  [[[-1, 1], 1, Concat, [1]],
   [-1, 1, nn.Upsample, [None, 2, 'nearest']],
   [[3, 4], 1, Detect, [nc, anchors]],  # Detect(P3, P4)
  ]
"""

# name -> (what is replaced, by what, line of the cause, words of the message, is it fixed)
CASES: dict[str, tuple[str, str, int, str, bool]] = {
    "no comma after a row": ("3, 2]],  # 1\n", "3, 2]]  # 1\n", 6, "comma", True),
    "no comma behind the first row": ("3, 2]],  # 0", "3, 2]]  # 0", 5, "comma", True),
    "the list of inputs is not closed": ("[[3, 4], 1", "[[3, 4, 1", 12, "not closed", True),
    "the args are not closed": ("[64]],", "[64],", 7, "not closed", True),
    "the table is not closed": ("  ]\nhead", "head", 7, "not closed", True),
    "the last table is not closed": ("P4)\n  ]\n", "P4)\n", 12, "not closed", True),
    "the args are not opened": ("[64]],", "64]],", 7, "not opened", True),
    "the list of inputs is not opened": ("[[3, 4], 1", "[3, 4], 1", 12, "not opened", True),
    "the table closes too early": ("[64]],\n", "[64]]],\n", 7, "closes the table", True),
    "the table is not opened": ("  [[-1, 1, Conv", "  [-1, 1, Conv", 5, "no opening", True),
    "no-break spaces": ("   [-1, 3, C3", "\xa0\xa0 [-1, 3, C3", 7, "U+00A0", True),
    "an ideographic space": ("   [-1, 3, C3", "\u3000  [-1, 3, C3", 7, "U+3000", True),
    "a tab": ("backbone:\n  #", "backbone:\n\t- 3\n  #", 4, "tab", False),
    "a full-width comma": ("-1, 3, C3", "-1\uff0c 3, C3", 7, "full-width", True),
    "no space after a key": ("nc: 4", "nc:4", 1, "space", True),
    "an unclosed quote": ("'nearest'", "'nearest", 11, "quote", False),
    "a piece of a page": ("head:", "<div class='x'>copy</div>\nhead:", 9, "page", False),
    "prose behind the model": ("P4)\n  ]\n", "P4)\n  ]\nThat is all, thanks\n", 14, "page", False),
    "three dots": ("anchors: 3", "...\nanchors: 3", 2, "ends the YAML document", True),
    "a bracket of a table that is gone": (
        "anchors: 3",
        "anchors:\n  - [1,2]\n  ]",
        4,
        "never",
        True,
    ),
    "no comma in a row": ("3, C3, [64]", "3, C3 [64]", 7, "comma", True),
}


@pytest.mark.parametrize("name", CASES)
def test_cause(name: str) -> None:
    before, after, line, words, fixed = CASES[name]
    assert before in GOOD
    text = GOOD.replace(before, after, 1)
    found = check_text(text, "x.yaml", Options())
    (item,) = [finding for finding in found if finding.rule == "syntax"]
    assert (item.place.line, item.severity) == (line, "error")
    assert words in item.message
    assert item.help
    assert (item.fix is not None) == fixed
    if fixed:
        fixed, _ = apply_fixes(text, [item], unsafe=False)
        assert [
            f.lines() for f in check_text(fixed, "x.yaml", Options()) if f.rule == "syntax"
        ] == []


def test_a_table_at_the_margin() -> None:
    text = "\n".join(line.strip() if line.startswith(" ") else line for line in GOOD.split("\n"))
    (item,) = check_text(text, "x.yaml", Options())
    assert (item.rule, item.place.line) == ("syntax", 5)
    assert "not indented" in item.message
    fixed, _ = apply_fixes(text, [item], unsafe=False)
    assert check_text(fixed, "x.yaml", Options()) == ()


def test_lost_rows_are_counted() -> None:
    head = "head:\n[[[-1, 2], 1, Concat, [1]], # 12\n[[9, 12], 1, Detect, [nc, anchors]]]\n"
    text = "nc: 4\nanchors: 3\nbackbone:\n[-1, 3, C3, [64]], # 9\n[-1, 1, C3, [64]],\n]\n" + head
    found = check_text(text, "x.yaml", Options())
    assert found[0].place.line == 4
    assert "10 by the inputs of the head, 9 by the index" in found[0].message
    assert found[0].fix is not None and not found[0].fix.certain


def test_the_good_text_is_good() -> None:
    assert check_text(GOOD, "x.yaml", Options()) == ()


_BLOCK = """\
nc: 4
anchors: 3
backbone:
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, 3, C3, [64]]
head:
  - [[-1, 0], 1, Concat, [1]]
  - [[2], 1, Detect, [nc, anchors]]
"""

# name -> (the text, line of the cause, words of the message, is it fixed)
_WHOLE_LINES: dict[str, tuple[str, int, str, bool]] = {
    "a merge conflict": (
        GOOD.replace(
            "   [-1, 3, C3, [64]],\n",
            "<<<<<<< HEAD\n   [-1, 3, C3, [64]],\n=======\n   [-1, 6, C3, [64]],\n>>>>>>> x\n",
        ),
        7,
        "merge conflict",
        False,
    ),
    "a model pasted into a row": (
        GOOD.replace("[[3, 4], 1, Detect", f"[-1, 1, Conv, [64, 1, 1{GOOD}]],\n   [[3, 4], 1, Det"),
        12,
        "a second model begins in it",
        False,
    ),
    "a bracket before a row": (GOOD.replace("   [-1, 3, C3", "   [[-1, 3, C3"), 7, "opened", True),
    "a row in brackets": (
        _BLOCK.replace("- [-1, 3, C3, [64]]", "- [[-1, 3, C3, [64]]]"),
        6,
        "",
        True,
    ),
    "a word after a row": (_BLOCK.replace("C3, [64]]", "C3, [64]] block"), 6, "'block'", True),
    "a word after a comma": (GOOD.replace("],  # 1", "],  E-ELAN"), 6, "'E-ELAN'", True),
    "words after a comma": (GOOD.replace("],  # 1", "], 1, P3"), 6, "'1, P3'", True),
    # These two parse, as a row that is a word.
    "a word in a row's place": (GOOD.replace("C3, [64]],", "C3, [64]], P3,"), 7, "'P3", True),
    "a word in the last place": (GOOD.replace("C3, [64]],", "C3, [64]], P3"), 7, "'P3'", True),
    "a word after the table": (GOOD.rstrip() + " end\n", 13, "closes the table", True),
    "a note after a row": (_BLOCK.replace("C3, [64]]", "C3, [64]] [160]"), 6, "'[160]'", True),
    "an entry whose inputs are not closed": (
        _BLOCK.replace("[[-1, 0], 1", "[[-1, 0, 1"),
        8,
        "not closed",
        True,
    ),
    "an entry whose args are not closed": (
        _BLOCK.replace("C3, [64]]", "C3, [64]"),
        6,
        "not closed",
        True,
    ),
    "the last entry is not closed": (
        _BLOCK.replace("[nc, anchors]]", "[nc, anchors]"),
        9,
        "not closed",
        True,
    ),
    "a comma after an entry": (_BLOCK.replace("C3, [64]]", "C3, [64]],"), 6, "comma", True),
    "an entry that is indented deeper": (
        _BLOCK.replace("  - [[2], 1", "   - [[2], 1"),
        9,
        "indented by 3 spaces, the rows above it by 2",
        True,
    ),
    "an entry that is indented less": (
        _BLOCK.replace("  - [-1, 3, C3", " - [-1, 3, C3"),
        6,
        "indented by 1 space, the rows above it by 2",
        True,
    ),
    "rows without dashes": (_BLOCK.replace("- [-1,", "[-1,"), 4, "neither a dash", True),
    "a row of a table below a list of anchors": (
        GOOD.replace("anchors: 3", "anchors:\n  - [1,2]\n  - [3,4]").replace("3, 4]", "3, 4"),
        14,
        "not closed",
        True,
    ),
    "a comma after a value": ("a:\n  l: [1, 2],\n" + _BLOCK, 2, "comma", True),
}


@pytest.mark.parametrize("name", _WHOLE_LINES)
def test_causes_of_whole_lines(name: str) -> None:
    text, line, words, fixed = _WHOLE_LINES[name]
    first = check_text(text, "x.yaml", Options())[0]
    assert (first.rule, first.place.line) == ("syntax", line)
    assert words in first.message and first.help
    assert (first.fix is not None and first.fix.certain) == fixed
    if fixed:
        after, _ = apply_fixes(text, [first], unsafe=False)
        rules = {item.rule for item in check_text(after, "x.yaml", Options())}
        assert not rules & {"syntax", "not-a-model"}


_MINI = Path(__file__).parents[2] / "examples" / "minifork" / "models" / "mini.yaml"


@pytest.mark.parametrize("style", ["flow", "block"])
def test_any_bracket_that_is_lost_is_found(style: str) -> None:
    """The row is named, and a fix, where there is one, gives the file back."""
    text = _MINI.read_text(encoding="utf-8")
    if style == "block":
        text = re.sub(r"(?m)^  [ \[](\[.*\]),?\]?( *#.*)?$", r"  - \1", text.replace("\n  ]", ""))
    counts = {"brackets": 0, "fixed": 0}
    for match in re.finditer(r"(?m)^ +[-\[][^#\n]*\b[A-Z][^#\n]*", text):
        for at in [k for k, letter in enumerate(match[0], match.start()) if letter in "[]"]:
            broken = text[:at] + text[at + 1 :]
            first = next(f for f in check_text(broken, "x", Options()) if f.severity == "error")
            assert first.place.line == text.count("\n", 0, at) + 1, (match[0], at - match.start())
            counts["brackets"] += 1
            if first.fix is not None:
                assert apply_fixes(broken, [first], unsafe=False)[0] == text, match[0]
                counts["fixed"] += 1
    assert counts["brackets"] > 80 and counts["fixed"] > 0.9 * counts["brackets"]
