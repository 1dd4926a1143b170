"""Wrong model YAMLs for the tests of the page, each with a finding that it must show."""

from __future__ import annotations

from typing import NamedTuple

from tools.site.pages import ROOT

_MINI = (ROOT / "examples" / "minifork" / "models" / "mini.yaml").read_text(encoding="utf-8")
_V8 = (ROOT / "examples" / "models" / "ultralytics.yaml").read_text(encoding="utf-8")


class Wrong(NamedTuple):
    """A text with a mistake, and the rule and line of a finding that it must have."""

    name: str
    text: str
    rule: str
    line: int


def _changed(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        if text.count(old) != 1:
            raise ValueError(f"{old!r} is {text.count(old)} times in the text")
        text = text.replace(old, new)
    return text


_ROW = ("   [-1, 9, C3, [512]],\n", "   [-1, 9, C3, [512]],\n   [-1, 1, SE, []],\n")
WRONG = (
    Wrong("an inserted row, no number updated", _changed(_MINI, _ROW), "wiring", 45),
    Wrong(
        "an inserted row, only the head updated",
        _changed(_MINI, _ROW, ("[[17, 20, 23]", "[[18, 21, 24]")),
        "wiring",
        38,
    ),
    Wrong(
        "a tab", _changed(_MINI, ("   [-1, 6, C3, [256]]", "\t-\t[-1, 6, C3, [256]]")), "syntax", 17
    ),
    Wrong(
        "a join of two strides",
        _changed(_MINI, ("[[-1, 4], 1", "[[-1, 2], 1")),
        "operand-strides",
        33,
    ),
    Wrong("a head that reads a scale twice", _changed(_MINI, ("20, 23]", "20, 20]")), "wiring", 44),
    Wrong(
        "a reference out of range",
        _changed(_MINI, ("[[17, 20, 23]", "[[17, 20, 33]")),
        "references",
        44,
    ),
    Wrong(
        "a reference to a later layer",
        _changed(_MINI, ("[[-1, 10]", "[[-1, 22]")),
        "references",
        41,
    ),
    Wrong("a wrong index comment", _changed(_MINI, ("# 13", "# 12")), "index-comment", 29),
    Wrong("a bracket too few", _changed(_MINI, ("[64, 5, 2]],", "[64, 5, 2],")), "syntax", 13),
    Wrong("ultralytics, a scale read twice", _V8, "head-inputs", 36),
)
