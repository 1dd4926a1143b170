"""Networks that were written on purpose have no error, however far from the official ones."""

from __future__ import annotations

import pytest

from yamlmod.checks.folder import Text, check_folder
from yamlmod.checks.run import Options, check_text
from yamlmod.ops.network import registry_kinds

_OPTIONS = Options(registry_kinds)
_V11_BACKBONE = """\
[-1, 1, Conv, [64, 3, 2]]
[-1, 1, Conv, [128, 3, 2]]
[-1, 2, C3k2, [256, False, 0.25]]
[-1, 1, Conv, [256, 3, 2]]
[-1, 2, C3k2, [512, False, 0.25]]
[-1, 1, Conv, [512, 3, 2]]
[-1, 2, C3k2, [512, True]]
[-1, 1, Conv, [1024, 3, 2]]
[-1, 2, C3k2, [1024, True]]
[-1, 1, SPPF, [1024, 5]]
[-1, 2, C2PSA, [1024]]"""
_DENSE_BACKBONE = """\
[-1, 1, Conv, [64, 7, 2]]
[-1, 1, nn.MaxPool2d, [3, 2, 1]]
[-1, 6, DenseBlock, [256]]
[-1, 1, DenseTransition, [128]]
[-1, 8, DenseBlock, [512]]
[-1, 1, DenseTransition, [256]]
[-1, 12, DenseBlock, [1024]]
[-1, 1, DenseTransition, [512]]
[-1, 8, DenseBlock, [1024]]
[-1, 1, SPP, [1024, [5, 9, 13]]]"""
_FOCUS_BACKBONE = """\
[-1, 1, Focus, [64, 3]]
[-1, 1, Conv, [128, 3, 2]]
[-1, 3, C3, [128]]
[-1, 1, Conv, [256, 3, 2]]
[-1, 9, C3, [256]]
[-1, 1, Conv, [512, 3, 2]]
[-1, 9, C3, [512]]
[-1, 1, Conv, [1024, 3, 2]]
[-1, 1, SPP, [1024, [5, 9, 13]]]
[-1, 3, C3, [1024, False]]"""
_V5_NECK = """\
[-1, 1, Conv, [512, 1, 1]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 6], 1, {join}, [1]]
[-1, 3, C3, [512, False]]
[-1, 1, Conv, [256, 1, 1]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 4], 1, {join}, [1]]
[-1, 3, C3, [256, False]]
[-1, 1, Conv, [{down}, 3, 2]]
[[-1, {four}], 1, {join}, [1]]
[-1, 3, C3, [512, False]]
[{last}, 1, Conv, [{deep}, 3, 2]]
[[-1, {five}], 1, {join}, [1]]
[-1, 3, C3, [1024, False]]
[[17, 20, 23], 1, Detect, [nc, anchors]]"""
# The way up ends at stride 4, which the head does not read; the way down starts there.
_PAST_P2 = """\
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 6], 1, BiFPN, [256]]
[-1, 2, C3k2, [256, False]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 4], 1, BiFPN, [256]]
[-1, 2, C3k2, [256, False]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 2], 1, BiFPN, [256]]
[-1, 2, C3k2, [128, False]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 4, 16], 1, BiFPN, [256]]
[-1, 2, C3k2, [256, False]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 6, 13], 1, BiFPN, [256]]
[-1, 2, C3k2, [512, False]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 10], 1, BiFPN, [512]]
[-1, 2, C3k2, [1024, True]]
[[22, 25, 28], 1, Detect, [nc]]"""


def _text(backbone: str, head: str) -> str:
    rows = ["".join(f"  - {row}\n" for row in rows.split("\n")) for rows in (backbone, head)]
    return f"nc: 4\nanchors: 3\nbackbone:\n{rows[0]}head:\n{rows[1]}"


def _neck(backbone: str, **words: object) -> str:
    usual = {"join": "Concat", "down": 256, "four": 14, "five": 10, "last": -1, "deep": 512}
    return _text(backbone, _V5_NECK.format(**{**usual, **words}))


_RIGHT = {
    "a backbone of unknown modules": _neck(_DENSE_BACKBONE),
    "a row that goes past the block above it": _neck(
        _FOCUS_BACKBONE, join="Sum", four="13, 6", five=9, last=-2, down=512, deep=1024
    ),
    "a head past the scale at stride 4": _text(_V11_BACKBONE, _PAST_P2),
}


@pytest.mark.parametrize("name", _RIGHT)
def test_it_has_no_wiring_error(name: str) -> None:
    found = check_text(_RIGHT[name], "x.yaml", _OPTIONS)
    wiring = [item.lines() for item in found if item.rule == "wiring" and item.severity == "error"]
    assert not wiring


def test_skips_of_unknown_modules_are_right_beside_numbers_that_were_left() -> None:
    backbone = _DENSE_BACKBONE + "\n[-1, 3, C3, [1024, False]]"
    text = _neck(backbone).replace("[17, 20, 23]", "[18, 21, 24]")
    found = check_text(text, "x.yaml", _OPTIONS)
    assert [(item.layer, item.expected) for item in found if item.rule == "wiring"] == [
        (20, [-1, 15]),
        (23, [-1, 11]),
    ]


def test_a_scale_more_than_a_sibling_is_no_total() -> None:
    small = _text(
        "[-1, 1, Stem, [32]]\n[-1, 1, Blk, [128, 2]]\n[-1, 3, Blk, [256, 2]]\n"
        "[-1, 3, Blk, [512, 2]]",
        "[-1, 1, Conv, [256, 1, 1]]\n[-1, 1, nn.Upsample, [None, 2, nearest]]\n"
        "[[-1, 2], 1, Concat, [1]]\n[-1, 1, C3, [256]]\n[[4, 7], 1, Detect, [nc, anchors]]",
    )
    large = small.replace(
        "  - [[4, 7], 1",
        "  - [-1, 1, Conv, [256, 3, 2]]\n  - [[-1, 4], 1, Concat, [1]]\n"
        "  - [-1, 1, C3, [512]]\n  - [[7, 10], 1",
    )
    done = check_folder([Text("small.yaml", small), Text("large.yaml", large)], _OPTIONS)
    assert not [item for item in done["large.yaml"].left if item.rule == "wiring"]
