"""Networks that were written on purpose have no error, however far from the official ones."""

from __future__ import annotations

import pytest

from tests.checks.networks import V8
from tests.checks.rewired import (
    DENSE_BACKBONE,
    FOCUS_BACKBONE,
    P2_LEFT,
    RIGHT,
    model_text,
    v5_model,
)
from yamlmod.checks.folder import Text, check_folder
from yamlmod.checks.run import Options, check_text
from yamlmod.ops.network import registry_kinds

_OPTIONS = Options(registry_kinds)


@pytest.mark.parametrize("name", RIGHT)
def test_it_has_no_error(name: str) -> None:
    found = check_text(RIGHT[name], "x.yaml", _OPTIONS)
    assert not [item.lines() for item in found if item.severity == "error"]


def test_a_gate_that_doubles_the_channels_is_another_module() -> None:
    # SCConv is also self-calibrated convolution, which strides.
    backbone = FOCUS_BACKBONE.replace("Conv, [256, 3, 2]", "SCConv, [256, 2]")
    backbone = backbone.replace("Conv, [512, 3, 2]", "SCConv, [512, 2]")
    found = check_text(v5_model(backbone, four=14, five=10), "x.yaml", _OPTIONS)
    assert not [item.lines() for item in found if item.severity == "error"]


def test_skips_to_stages_that_are_only_guessed_are_right() -> None:
    # The unknown module strides and the convolution in front of it does not.
    rows = ["[-1, 1, Conv, [64, 6, 2, 2]]"]
    for width in (128, 256, 512, 1024):
        rows += [f"[-1, 1, Conv, [{width}, 3, 1]]", "[-1, 1, space_to_depth, [1]]"]
        rows += [f"[-1, 3, C3, [{width}]]"] if width < 1024 else ["[-1, 1, SPPF, [1024, 5]]"]
    text = model_text("\n".join(rows), P2_LEFT)
    found = check_text(text, "x.yaml", _OPTIONS)
    wrong = {item.layer: item.expected for item in found if item.severity == "error"}
    # 18, 14 and 10 were left.
    assert wrong == {26: [-1, 21], 29: [-1, 17], 32: [-1, 13]}


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
    text = v5_model(_GHOST_BACKBONE, four=19, five=15, down=128, deep=256)
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
    backbone = DENSE_BACKBONE + "\n[-1, 3, C3, [1024, False]]"
    text = v5_model(backbone).replace("[17, 20, 23]", "[18, 21, 24]")
    found = check_text(text, "x.yaml", _OPTIONS)
    assert [(item.layer, item.expected) for item in found if item.rule == "wiring"] == [
        (20, [-1, 15]),
        (23, [-1, 11]),
    ]


def test_a_scale_more_than_a_sibling_is_no_total() -> None:
    small = model_text(
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
    text = v5_model(FOCUS_BACKBONE, four=13, five=9).replace("[-1, 6]", "[-1, 5]")
    text = text.replace("[-1, 4]", "[-1, 3]").replace(
        "  - [[17, 20, 23], 1", "  - [-1, 1, SE, []]\n  - [-1, 1, MyGate, []]\n  - [[16, 19, 24], 1"
    )
    # Off by one as all others, the last input would be 25 and not the 24 that works.
    head = [f for f in check_text(text, "x.yaml", _OPTIONS) if f.layer == 26 and f.expected]
    assert [finding.expected for finding in head] == [[17, 20, 24]]
    assert all(finding.fix is None or not finding.fix.certain for finding in head)


@pytest.mark.parametrize(("words", "severity"), [("nc, anchors", "error"), ("nc", "warning")])
def test_only_a_head_with_anchors_needs_them_in_order(words: str, severity: str) -> None:
    usual = v5_model(FOCUS_BACKBONE, four=13, five=9)
    text = usual.replace("[17, 20, 23]", "[20, 17, 23]").replace("nc, anchors", words)
    found = check_text(text, "x.yaml", Options(registry_kinds, select=("head-inputs",)))
    assert [(item.severity, item.expected) for item in found] == [(severity, [17, 20, 23])]


@pytest.mark.parametrize(("more", "severity"), [("nc: 9\n", "warning"), ("head: []\n", "error")])
def test_only_a_table_that_occurs_twice_is_an_error(more: str, severity: str) -> None:
    found = check_text(v5_model(FOCUS_BACKBONE) + more, "x.yaml", _OPTIONS)
    assert [(item.rule, item.severity) for item in found] == [("not-a-model", severity)]


def test_a_table_below_its_own_empty_name_is_no_error() -> None:
    found = check_text(
        v5_model(FOCUS_BACKBONE).replace("head:", "head:\nhead:"), "x.yaml", _OPTIONS
    )
    severity = "warning"
    assert [(item.rule, item.severity) for item in found] == [("not-a-model", severity)]


def test_a_number_that_is_as_before_in_a_row_that_was_rewritten_is_no_error() -> None:
    small = model_text(
        "[-1, 1, Stem, [32]]\n[-1, 1, Blk, [64, 2]]\n"
        "[-1, 3, Blk, [128, 2]]\n[-1, 3, Blk, [256, 2]]",
        "[-1, 1, Up, []]\n[[-1, 2], 1, Add, []]\n[-1, 1, Blk, [128]]\n"
        "[[1, 6, 3], 1, ScalSeq, [64]]\n[[6, -1], 1, Add, []]\n[[8, 6], 1, Detect, [nc]]",
    )
    large = small.replace("  - [-1, 1, Up, []]\n", "  - [-1, 1, Pool, []]\n  - [-1, 1, Up, []]\n")
    large = large.replace("[1, 6, 3], 1, ScalSeq", "[1, 6, 2], 1, ScalSeq")
    large = large.replace("[[6, -1], 1, Add", "[[7, -1], 1, Add").replace("[8, 6]", "[9, 7]")
    done = check_folder([Text("small.yaml", small), Text("large.yaml", large)], _OPTIONS)
    errors = [item.lines() for item in done["large.yaml"].left if item.severity == "error"]
    assert not errors


@pytest.mark.parametrize(("words", "severity"), [("nc, anchors", "error"), ("nc", "warning")])
def test_two_heads_of_one_stride_are_meant_if_no_anchors_tell(words: str, severity: str) -> None:
    text = V8.replace("[15, 18, 21]", "[12, 18]").replace("[nc]", f"[{words}]")
    if "anchors" in words:
        text = "anchors: [[1, 2], [3, 4]]\n" + text
    found = check_text(text, "x.yaml", Options(registry_kinds, select=("head-inputs",)))
    assert [(item.severity, item.layer) for item in found] == [(severity, 22)]


@pytest.mark.parametrize(
    ("module", "severity"),
    [("SE, []", "error"), ("ADown, [256]", "warning"), ("CARAFE, []", "warning")],
)
def test_only_attention_layers_are_called_attention(module: str, severity: str) -> None:
    text = V8.replace("  - [[15, 18, 21], 1", f"  - [18, 1, {module}]\n  - [[15, 18, 21], 1")
    (item,) = check_text(text, "x.yaml", Options(registry_kinds, select=("dead-layer",)))
    assert (item.layer, item.severity) == (22, severity)
    assert ("attention" in item.message) == (severity == "error")


def test_a_number_of_a_network_with_other_modules_is_only_proposed() -> None:
    text = V8.replace("C2f", "C3x").replace("SPPF", "SPP").replace("Conv, [", "DWConv, [")
    text = text.replace("[-1, 9]", "[-1, 12]")
    found = [item for item in check_text(text, "x.yaml", _OPTIONS) if item.layer == 20]
    assert [(item.rule, item.severity, item.expected) for item in found] == [
        ("operand-strides", "error", None),
        ("wiring", "warning", [-1, 9]),
    ]
    assert all(item.fix is None or not item.fix.certain for item in found)


@pytest.mark.parametrize("inputs", ["14, 18, 21", "15, 17, 21", "15, 18, 20"])
def test_one_input_of_a_head_on_the_join_before_its_block(inputs: str) -> None:
    text = V8.replace("15, 18, 21", inputs)
    found = [item for item in check_text(text, "x.yaml", _OPTIONS) if item.rule == "wiring"]
    assert [(item.severity, item.layer, item.expected) for item in found] == [
        ("error", 22, [15, 18, 21])
    ]
    assert found[0].fix is not None and not found[0].fix.certain


def test_a_head_may_read_a_join_that_no_block_follows() -> None:
    text = V8.replace("  - [-1, 3, C2f, [1024]]\n", "").replace("15, 18, 21", "15, 18, 20")
    assert not check_text(text, "x.yaml", Options(registry_kinds, ignore=("moved-layers",)))


@pytest.mark.parametrize(
    ("mask", "severity"),
    [("  - [23, 1, nn.Conv2d, [1, 3, 1, 1]]\n", "warning"), ("", "error")],
)
def test_a_branch_with_two_ends_is_an_output_of_its_own(mask: str, severity: str) -> None:
    branch = "  - [15, 1, nn.Upsample, [None, 2, nearest]]\n  - [-1, 3, C2f, [256]]\n"
    branch += f"{mask}  - [23, 1, map_Attention, []]\n"
    text = V8.replace("  - [[15, 18, 21], 1", f"{branch}  - [[15, 18, 21], 1")
    found = check_text(text, "x.yaml", Options(registry_kinds, select=("dead-layer",)))
    assert found[-1].severity == severity
    assert ("no effect" in found[-1].message or "any effect" in found[-1].message) == (not mask)


def test_the_end_of_the_backbone_may_be_read_before_a_layer_that_was_added_to_it() -> None:
    text = V8.replace("Conv, [", "DWConv, [")
    for width, repeats in ((256, 6), (512, 6), (1024, 3)):
        row = f"  - [-1, {repeats}, C2f, [{width}, True]]\n"
        text = text.replace(row, f"{row}  - [-1, 3, CoordAtt, [{width}]]\n")
    text = text.replace("SPPF, [1024, 5]]\n", "SPPF, [1024, 5]]\n  - [-1, 3, BoT3, [1024]]\n")
    text = text.replace("[-1, 6], 1", "[-1, 7], 1").replace("[-1, 12], 1", "[-1, 15], 1")
    text = text.replace("[-1, 9], 1", "[-1, 12], 1")  # three more: SPPF, as before
    found = [item for item in check_text(text, "x.yaml", _OPTIONS) if item.rule == "wiring"]
    assert [(item.layer, item.expected) for item in found] == [
        (21, [-1, 16]),
        (26, [19, 22, 25]),
    ]
