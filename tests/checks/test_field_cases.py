"""Files as they are met: the errors with their numbers, and silence where a file is right."""

from __future__ import annotations

import pytest

from tools.slips.program import write
from tools.slips.sources import programs
from yamlmod.checks.apply_fixes import mend
from yamlmod.checks.finding import Finding
from yamlmod.checks.run import Options, check_text
from yamlmod.ops.network import registry_kinds

_OPTIONS = Options(registry_kinds)

_UNITS = """\
nc: 4
scales:
  n: [0.50, 0.25, 1024]
backbone:
  - [-1, 1, StemPool, [24]]
  - [-1, 1, UnitDown, [116, 2]]
  - [-1, 3, UnitFlat, [116, 1]]
  - [-1, 1, UnitDown, [232, 2]]
  - [-1, 7, UnitFlat, [232, 1]]
  - [-1, 1, UnitDown, [464, 2]]
  - [-1, 3, UnitFlat, [464, 1]]
  - [-1, 1, SPPF, [1024, 5]]
  - [-1, 2, C2PSA, [1024]]
head:
  - [-1, 1, nn.Upsample, [None, 2, nearest]]
  - [[-1, {}], 1, Concat, [1]]
  - [-1, 2, C3k2, [512, False]]
  - [-1, 1, nn.Upsample, [None, 2, nearest]]
  - [[-1, {}], 1, Concat, [1]]
  - [-1, 2, C3k2, [256, False]]
  - [-1, 1, Conv, [256, 3, 2]]
  - [[-1, {}], 1, Concat, [1]]
  - [-1, 2, C3k2, [512, False]]
  - [-1, 1, Conv, [512, 3, 2]]
  - [[-1, {}], 1, Concat, [1]]
  - [-1, 2, C3k2, [1024, True]]
  - [[{}, {}, {}], 1, Detect, [nc]]
"""

_GATED = """\
nc: 4
scales:
  n: [0.33, 0.25, 1024]
backbone:
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, 1, Conv, [128, 3, 2]]
  - [-1, 3, C2f, [128, True]]
  - [-1, 1, Conv, [256, 3, 2]]
  - [-1, 6, C2f, [256, True]]
  - [-1, 1, Conv, [512, 3, 2]]
  - [-1, 6, C2f, [512, True]]
  - [-1, 1, CBAM, []]
  - [-1, 1, Conv, [1024, 3, 2]]
  - [-1, 3, C2f, [1024, True]]
  - [-1, 1, SPPF, [1024, 5]]
head:
  - [-1, 1, nn.Upsample, [None, 2, nearest]]
  - [[-1, {}], 1, Concat, [1]]
  - [-1, 3, C2f, [512]]
  - [-1, 1, nn.Upsample, [None, 2, nearest]]
  - [[-1, {}], 1, Concat, [1]]
  - [-1, 3, C2f, [256]]
  - [-1, 1, Conv, [256, 3, 2]]
  - [[-1, {}], 1, Concat, [1]]
  - [-1, 3, C2f, [512]]
  - [-1, 1, Conv, [512, 3, 2]]
  - [[-1, {}], 1, Concat, [1]]
  - [-1, 3, C2f, [1024]]
  - [[{}, {}, {}], 1, Detect, [nc]]
"""


def _errors(text: str) -> list[Finding]:
    return [item for item in check_text(text, "x.yaml", _OPTIONS) if item.severity == "error"]


def _wiring(text: str) -> dict[int | None, object]:
    return {item.layer: item.expected for item in _errors(text) if item.rule == "wiring"}


@pytest.mark.parametrize(
    ("numbers", "wrong"),
    [
        # another backbone, its neck one early; the backbone's own layers are right
        ((4, 2, 10, 7, 13, 16, 19), {16: [-1, 11], 19: [-1, 8], 21: [14, 17, 20]}),
        # the head reads the Concats in front of its blocks
        ((4, 2, 11, 8, 13, 16, 19), {21: [14, 17, 20]}),
        # everything is one early
        (
            (3, 1, 10, 7, 13, 16, 19),
            {10: [-1, 4], 13: [-1, 2], 16: [-1, 11], 19: [-1, 8], 21: [14, 17, 20]},
        ),
        ((4, 2, 11, 8, 14, 17, 20), {}),
    ],
)
def test_another_backbone(numbers: tuple[int, ...], wrong: dict[int, list[int]]) -> None:
    assert _wiring(_UNITS.format(*numbers)) == wrong


@pytest.mark.parametrize(
    ("numbers", "wrong"),
    [
        (
            (8, 5, 14, 11, 17, 20, 23),  # a gate above was taken out again
            {12: [-1, 7], 15: [-1, 4], 18: [-1, 13], 21: [-1, 10], 23: [16, 19, 22]},
        ),
        ((7, 4, 14, 11, 16, 19, 22), {18: [-1, 13], 21: [-1, 10]}),
        ((7, 4, 13, 10, 16, 19, 22), {}),
        ((6, 4, 13, 10, 16, 19, 22), {}),  # past the gate, which is a choice
    ],
)
def test_one_late(numbers: tuple[int, ...], wrong: dict[int, list[int]]) -> None:
    text = _GATED.format(*numbers)
    assert _wiring(text) == wrong
    # Two numbers alone may be meant: what mends them is no certain fix.
    done = mend(text, "x.yaml", _OPTIONS, unsafe=len(wrong) == 2)
    assert _errors(done.text) == []


def test_one_number_of_three_that_was_moved_by_accident() -> None:
    base = next(p for p in programs() if p.name == "yolov5 v6.0 yolov5l").copy()
    text = write(base, base.numbers(), _Plain())
    for block in ("[256, False]", "[512, False]", "[1024, False]"):
        at = text.rindex(f"C3, {block}]")
        end = text.index("\n", at)
        text = text[:end] + "\n  - [-1, 1, CBAM, []]" + text[end:]
    text = text.replace("[17, 20, 23]", "[18, 21, 24]")
    assert _wiring(text) == {27: [18, 22, 26]}
    assert mend(text, "x.yaml", _OPTIONS, unsafe=False).text == text


class _Plain:
    """A source of numbers that chooses the block style."""

    def random(self) -> float:
        return 0.9


_NECK = "nc: 4\nbackbone:\n{}head:\n{}"


@pytest.mark.parametrize(
    ("backbone", "head", "rules"),
    [
        # strides behind an unknown class are relative to it
        (
            "  - [-1, 1, MbStem, [16, 2]]\n  - [-1, 1, Conv, [96, 1, 1]]\n",
            "  - [-1, 1, nn.Upsample, [None, 2, nearest]]\n  - [[-1, 1], 1, Concat, [1]]\n"
            "  - [[3], 1, Detect, [nc]]\n",
            {"operand-strides"},
        ),
        # a factor below 1 halves
        (
            "  - [-1, 1, Conv, [64, 3, 2]]\n  - [-1, 1, Conv, [128, 3, 2]]\n",
            "  - [0, 1, nn.Upsample, [None, 0.5, nearest]]\n  - [[2, 1], 1, Concat, [1]]\n"
            "  - [[3], 1, Detect, [nc]]\n",
            set(),
        ),
        # a fork's attention that strides
        (
            "  - [-1, 1, Conv, [64, 3, 2]]\n  - [-1, 1, CoordAtt, [64, 64, 2]]\n",
            "  - [-1, 1, nn.Upsample, [None, 2, nearest]]\n  - [[-1, 0], 1, Concat, [1]]\n"
            "  - [[3], 1, Detect, [nc]]\n",
            set(),
        ),
        # the second image of a two-stream network
        (
            "  - [-1, 1, Conv, [64, 3, 2]]\n  - [-1, 1, Conv, [128, 3, 2]]\n"
            "  - [-4, 1, Conv, [64, 3, 2]]\n  - [-1, 1, Conv, [128, 3, 2]]\n",
            "  - [[1, 3], 1, Add, []]\n  - [[4], 1, Detect, [nc]]\n",
            set(),
        ),
        # a head that reads one layer twice
        (
            "  - [-1, 1, Conv, [64, 3, 2]]\n  - [-1, 1, Conv, [128, 3, 2]]\n",
            "  - [[0, 1, 0, 1], 1, Detect, [nc]]\n",
            set(),
        ),
    ],
)
def test_strides(backbone: str, head: str, rules: set[str]) -> None:
    assert {item.rule for item in _errors(_NECK.format(backbone, head))} == rules


def test_a_backbone_alone_is_no_error() -> None:
    text = "nc: 4\nbackbone:\n  - [-1, 1, Conv, [64, 3, 2]]\n  - [-1, 1, CBAM, []]\n"
    (item,) = check_text(text, "x.yaml", _OPTIONS)
    assert (item.rule, item.severity) == ("not-a-model", "note")
