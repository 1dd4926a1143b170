"""What is only guessed, a module's stride or a base, makes no error and no certain fix."""

from __future__ import annotations

import pytest

from tests.checks.networks import V5_THREE_JOINED, V8
from tests.checks.rewired import model_text
from yamlmod.checks.apply_fixes import mend
from yamlmod.checks.bases import base_of
from yamlmod.checks.finding import Finding
from yamlmod.checks.folder import Text, check_folder
from yamlmod.checks.run import Options, check_text
from yamlmod.model.document import parse_document
from yamlmod.ops.network import registry_kinds

_OPTIONS = Options(registry_kinds)


def _found(text: str, *rules: str) -> list[Finding]:
    return list(check_text(text, "x.yaml", Options(registry_kinds, select=rules)))


@pytest.mark.parametrize(
    ("row", "own"),
    [
        ("Conv, [512, 3, 2]", "ACmix, [512, 3, 2]"),  # its stride is another argument of ours
        ("Conv, [512, 3, 2]", "Ghost, [512, 3, 2]"),  # Scaled-YOLOv4's takes no stride
        ("Conv, [512, 3, 2]", "ResNetLayer, [512, 2, False, 6, 4]"),
        ("Conv, [512, 3, 2]", "GSConv, [512, '3', '2']"),
        ("Conv, [512, 3, 2]", "CBAM, [512, 3, 2]"),
        ("nn.Upsample, [None, 2, nearest]", "CARAFE, [1, 3]"),  # the kernels of other copies
    ],
)
def test_a_stride_that_the_args_do_not_tell_is_unknown(row: str, own: str) -> None:
    text = V8.replace(f"{row}]\n  - [-1, 6", f"{own}]\n  - [-1, 6")
    text = text.replace(f"{row}]\n  - [[-1, 6", f"{own}]\n  - [[-1, 6")
    assert text != V8
    assert not _found(text, "operand-strides")


def test_a_stride_that_the_args_tell_is_known() -> None:
    rows = "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, {}]"
    neck = "[[-1, 0], 1, Concat, [1]]\n[[-1], 1, Detect, [nc]]"
    for own in ("ResNetLayer, [64, 64, 2, False, 3]", "GSConv, [64, 3, 2]", "nn.MaxPool2d, [2]"):
        assert _found(model_text(rows.format(own), neck), "operand-strides")
    for own in ("ResNetLayer, [64, 64, 1, False, 3]", "Ghost, [64, 3, 1]", "ACmix, [64, 7]"):
        assert not _found(model_text(rows.format(own), neck), "operand-strides")


def _three_joined(three: int, four: int, five: int) -> str:
    rows = (("{three}", three), ("{four}", four), ("{five}", five), ("{gate}", "SE"))
    text = V5_THREE_JOINED
    for name, value in rows:
        text = text.replace(name, str(value))
    return text


@pytest.mark.parametrize("inputs", [(18, 14, 10), (19, 15, 11), (18, 15, 11), (19, 14, 10)])
def test_joins_of_three_read_the_block_or_the_convolution_behind_it(
    inputs: tuple[int, int, int],
) -> None:
    text = _three_joined(*inputs)
    assert not [item.lines() for item in _found(text, "wiring", "operand-strides")]


def test_joins_of_three_that_read_the_joins_above_are_one_too_small() -> None:
    found = _found(_three_joined(17, 13, 11), "wiring")
    assert {item.layer: item.expected for item in found} == {24: [-1, 4, 18], 27: [-1, 6, 14]}
    assert mend(_three_joined(17, 13, 11), "x.yaml", _OPTIONS, unsafe=False).fixed == ()


def test_nothing_of_a_base_that_was_drawn_by_hand_is_certain() -> None:
    text = _three_joined(19, 15, 11).replace("[22, 25, 28, 31]", "[21, 24, 27, 30]")
    (item,) = _found(text, "wiring")
    assert item.expected == [22, 25, 28, 31]
    assert item.fix is not None and not item.fix.certain


def test_a_head_that_is_one_too_small_reads_the_new_layers_as_those_below_do() -> None:
    right = V8.replace("C2f, [256]]\n", "C2f, [256]]\n  - [-1, 1, EMA, []]\n")
    right = right.replace("[15, 18, 21]", "[16, 19, 22]")
    (item,) = _found(right.replace("[16, 19, 22]", "[15, 18, 21]"), "wiring")
    assert item.expected == [16, 19, 22]
    assert item.fix is not None and not item.fix.certain
    past = right.replace("[16, 19, 22]", "[15, 19, 22]")
    assert not _found(past, "wiring")


def test_a_head_with_old_numbers_is_not_put_in_order() -> None:
    outputs = "".join(f"  - [{layer}, 1, RepConv, [{layer}, 3, 1]]\n" for layer in (15, 18, 21))
    right = "anchors: 3\n" + V8.replace("  - [[15, 18, 21], 1, Detect, [nc]]", outputs)
    right += "  - [[22, 23, 24], 1, Detect, [nc, anchors]]\n"
    left = right.replace("SPPF, [1024, 5]]\n", "SPPF, [1024, 5]]\n  - [-1, 1, SE, []]\n")
    for old, new in ((21, 22), (18, 19), (15, 16), (12, 13), (9, 10)):
        left = left.replace(f"[{old}, 1,", f"[{new}, 1,").replace(f"[-1, {old}]", f"[-1, {new}]")
    base = base_of(parse_document(right, "base.yaml"), "given")
    for rules in (("wiring", "head-inputs"), ("head-inputs",)):
        found = check_text(left, "x.yaml", Options(registry_kinds, select=rules, base=base))
        given = [item.expected for item in found if item.layer == 26]
        assert given == ([[23, 24, 25]] if "wiring" in rules else [])


def test_a_second_branch_of_one_stride_may_be_meant() -> None:
    branch = "  - [15, 1, nn.Upsample, [None, 2, nearest]]\n  - [-1, 1, Conv, [128, 3, 2]]\n"
    two = "anchors: 3\n" + V8.replace("  - [[15, 18, 21], 1, Detect, [nc]]", branch)
    own = two + "  - [[23, 15, 18, 21], 1, Detect, [nc, anchors]]\n"
    assert [item.severity for item in _found(own, "head-inputs")] == ["warning"]
    # The branch has no effect: a number of the head is wrong.
    slip = two + "  - [[14, 15, 18, 21], 1, Detect, [nc, anchors]]\n"
    assert [item.severity for item in _found(slip, "head-inputs")] == ["error"]


@pytest.mark.parametrize(("counts", "read"), [(("  # 12", "  # 13"), 13), (("", ""), 14)])
def test_a_number_names_the_layer_that_the_author_counted(
    counts: tuple[str, str], read: int
) -> None:
    small = V8.replace("SPPF", "Pool").replace("C2f", "Blk")
    large = small.replace("[-1, 1, Pool", "[-1, 1, Odd, []]\n  - [-1, 1, Pool")
    new = f"Blk, [512]]{counts[0]}\n  - [-1, 1, Mine, []]{counts[1]}\n"
    large = large.replace("Blk, [512]]\n", new, 1)
    for old, now in (("[15, 18, 21]", "[17, 20, 23]"), ("[-1, 9]", "[-1, 10]")):
        large = large.replace(old, now)
    done = check_folder([Text("small.yaml", small), Text("large.yaml", large)], _OPTIONS)
    (item,) = [f for f in done["large.yaml"].left if f.rule == "wiring"]
    assert (item.layer, item.expected) == (19, [-1, read])


def test_a_convolution_of_the_registry_is_no_attention_layer() -> None:
    text = V8.replace("  - [[15, 18, 21]", "  - [18, 1, PConv, []]\n  - [[15, 18, 21]")
    (item,) = _found(text, "dead-layer")
    assert (item.severity, "attention" in item.message) == ("warning", False)


def test_a_new_layer_is_read_although_another_wrong_number_leads_in_front_of_it() -> None:
    outputs = "".join(f"  - [{layer}, 1, RepConv, [{layer}, 3, 1]]\n" for layer in (15, 18, 21))
    right = "anchors: 3\n" + V8.replace("  - [[15, 18, 21], 1, Detect, [nc]]", outputs)
    right += "  - [[22, 23, 24], 1, Detect, [nc, anchors]]\n"
    left = right
    for width in (256, 512, 1024):
        block = f"C2f, [{width}]]\n"
        at = left.rindex(block) + len(block)
        left = f"{left[:at]}  - [-1, 1, CBAM, []]\n{left[at:]}"
    base = base_of(parse_document(right, "base.yaml"), "given")
    found = check_text(left, "x.yaml", Options(registry_kinds, select=("wiring",), base=base))
    # 23 is the last block; the head's 23 leads there by chance.
    assert {item.layer: item.expected for item in found} == {
        26: 20,
        27: 24,
        28: [25, 26, 27],
    }
