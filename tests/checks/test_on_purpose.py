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

# Modules of a fork that join and resize: the row above is their second input.
_FREQ = """\
[4, 1, Conv, [256]]
[6, 1, Conv, [256]]
[9, 1, Conv, [256]]
[[11, -1], 1, FreqFusion, []]
[-1, 3, C2f, [256]]
[[10, -1], 1, FreqFusion, []]
[-1, 3, C2f, [256]]
[1, 1, Conv, [256, 3, 2]]
[[-1, 10, 16], 1, Bi_FPN, []]
[-1, 3, C2f, [256]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 11, 14], 1, Bi_FPN, []]
[-1, 3, C2f, [512]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 12], 1, Bi_FPN, []]
[-1, 3, C2f, [1024]]
[[19, 22, 25], 1, Detect, [nc]]"""
# A lateral convolution in place of each Upsample: the way down reads it.
_BIPAN = """\
[-1, 1, Conv, [256]]
[[-1, 6, 4], 1, BiFusion, [256]]
[-1, 2, RepBlock, [256]]
[-1, 1, Conv, [128]]
[[-1, 4, 2], 1, BiFusion, [128]]
[-1, 2, RepBlock, [128]]
[-1, 1, Conv, [128, 3, 2]]
[[-1, 14], 1, Concat, [1]]
[-1, 2, RepBlock, [256]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 11], 1, Concat, [1]]
[-1, 2, RepBlock, [512]]
[[16, 19, 22], 1, Detect, [nc]]"""
# A module that joins three scales, and ways up and down that start there.
_DIFFUSION = """\
[[10, 6, 4], 1, FocusFeature, []]
[11, 1, Conv, [256, 3, 2]]
[[-1, 10], 1, Concat, [1]]
[-1, 2, C3k2, [512, True]]
[11, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 4], 1, Concat, [1]]
[-1, 2, C3k2, [256, False]]
[[14, 11, 17], 1, FocusFeature, []]
[18, 1, Conv, [256, 3, 2]]
[[12, 19, 14], 1, Concat, [1]]
[-1, 2, C3k2, [512, True]]
[18, 1, nn.Upsample, [None, 2, nearest]]
[[15, 22, 17], 1, Concat, [1]]
[-1, 2, C3k2, [256, False]]
[[24, 18, 21], 1, Detect, [nc]]"""
# Backbone and neck end at stride 16; two numbers are those of the network with a scale more.
_NO_P5 = """\
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 4], 1, Concat, [1]]
[-1, 3, C2f, [256]]
[-1, 1, nn.Upsample, [None, 2, nearest]]
[[-1, 2], 1, Concat, [1]]
[-1, 3, C2f, [128]]
[-1, 1, Conv, [128, 3, 2]]
[[-1, 9], 1, Concat, [1]]
[-1, 3, C2f, [256]]
[-1, 1, Conv, [256, 3, 2]]
[[-1, 6], 1, Concat, [1]]
[-1, 3, C2f, [512]]
[[12, 15, 18], 1, Detect, [nc]]"""
_V8_BACKBONE = """\
[-1, 1, Conv, [64, 3, 2]]
[-1, 1, Conv, [128, 3, 2]]
[-1, 3, C2f, [128, True]]
[-1, 1, Conv, [256, 3, 2]]
[-1, 6, C2f, [256, True]]
[-1, 1, Conv, [512, 3, 2]]
[-1, 6, C2f, [512, True]]
[-1, 1, Conv, [1024, 3, 2]]
[-1, 3, C2f, [1024, True]]
[-1, 1, SPPF, [1024, 5]]"""


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
    "the row above as the second input": _text(_V8_BACKBONE, _FREQ).replace("anchors: 3\n", ""),
    "a scale less": _text(
        "\n".join([*_V8_BACKBONE.split("\n")[:6], "[-1, 3, CustomTR, [512]]"]), _NO_P5
    ).replace("anchors: 3\n", ""),
    "a lateral convolution": _text(_V11_BACKBONE, _BIPAN).replace("anchors: 3\n", ""),
    "ways that start in the middle": _text(_V11_BACKBONE, _DIFFUSION).replace("anchors: 3\n", ""),
}


@pytest.mark.parametrize("name", _RIGHT)
def test_it_has_no_wiring_error(name: str) -> None:
    found = check_text(_RIGHT[name], "x.yaml", _OPTIONS)
    wiring = [item.lines() for item in found if item.rule == "wiring" and item.severity == "error"]
    assert not wiring


_GHOST_BACKBONE = "\n".join(
    f"[-1, 1, {row}]"
    for row in (
        "Conv, [16, 3, 2]",
        *("GhostBottleneckSE, [16, 16, 3, 1]", "GhostBottleneckSE, [24, 48, 3, 2]"),
        *("GhostBottleneckSE, [24, 72, 3, 1]", "GhostBottleneckSE, [40, 72, 3, 2, True]"),
        *("GhostBottleneckSE, [40, 120, 3, 1, True]", "GhostBottleneckSE, [80, 240, 3, 2]"),
        *("GhostBottleneckSE, [112, 480, 3, 1, True]",) * 3,
        "GhostBottleneckSE, [160, 672, 3, 2, True]",
        *("GhostBottleneckSE, [160, 960, 3, 1]",) * 4,
    )
)


def test_no_proposal_puts_the_inputs_of_a_head_out_of_order() -> None:
    text = _neck(_GHOST_BACKBONE, four=19, five=15, down=128, deep=256)
    for old, new in (
        ("[-1, 6]", "[-1, 9]"),
        ("[-1, 4]", "[-1, 5]"),
        ("[17, 20, 23]", "[21, 24, 27]"),
    ):
        text = text.replace(old, new)
    for old, new in ((256, 128), (512, 256), (1024, 512)):  # the widths of a neck with a scale more
        text = text.replace(f"[{old}, 1, 1]", f"[{new}, 1, 1]")
        text = text.replace(f"[{old}, False]", f"[{new}, False]")
    found = [f for f in check_text(text, "x.yaml", _OPTIONS) if f.layer == 29 and f.expected]
    assert all(isinstance(f.expected, list) and f.expected == sorted(f.expected) for f in found)


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


def test_a_head_with_one_input_that_may_be_meant_is_not_written() -> None:
    text = _neck(_FOCUS_BACKBONE, four=13, five=9).replace("[-1, 6]", "[-1, 5]")
    text = text.replace("[-1, 4]", "[-1, 3]").replace(
        "  - [[17, 20, 23], 1", "  - [-1, 1, SE, []]\n  - [-1, 1, MyGate, []]\n  - [[16, 19, 24], 1"
    )
    # Off by one as all others, the last input would be 25 and not the 24 that works.
    head = [f for f in check_text(text, "x.yaml", _OPTIONS) if f.layer == 26 and f.expected]
    assert [finding.expected for finding in head] == [[17, 20, 24]]
    assert all(finding.fix is None or not finding.fix.certain for finding in head)


@pytest.mark.parametrize(("words", "severity"), [("nc, anchors", "error"), ("nc", "warning")])
def test_only_a_head_with_anchors_needs_them_in_order(words: str, severity: str) -> None:
    usual = _neck(_FOCUS_BACKBONE, four=13, five=9)
    text = usual.replace("[17, 20, 23]", "[20, 17, 23]").replace("nc, anchors", words)
    found = check_text(text, "x.yaml", Options(registry_kinds, select=("head-inputs",)))
    assert [(item.severity, item.expected) for item in found] == [(severity, [17, 20, 23])]


@pytest.mark.parametrize(("more", "severity"), [("nc: 9\n", "warning"), ("head: []\n", "error")])
def test_only_a_table_that_occurs_twice_is_an_error(more: str, severity: str) -> None:
    found = check_text(_neck(_FOCUS_BACKBONE) + more, "x.yaml", _OPTIONS)
    assert [(item.rule, item.severity) for item in found] == [("not-a-model", severity)]


def test_a_table_below_its_own_empty_name_is_no_error() -> None:
    found = check_text(_neck(_FOCUS_BACKBONE).replace("head:", "head:\nhead:"), "x.yaml", _OPTIONS)
    severity = "warning"
    assert [(item.rule, item.severity) for item in found] == [("not-a-model", severity)]
