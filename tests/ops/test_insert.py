"""The meaning of an insertion, on a small net: who reads the new layer, and who does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ops.helpers import insert_text, remove_text, run_insert, wiring
from tests.ops.samples import SMALL
from yamlmod.errors import Refusal
from yamlmod.ops.summary import outcome_warnings

# options -> {layer of the result: its module and `from`} for the layers that say something.
MEANINGS: list[tuple[str, dict[str, Any], dict[int, tuple[str, Any]]]] = [
    (
        "through: every reader moves",
        {"after": ["3"]},
        {
            4: ("New", -1),
            5: ("Conv", -1),
            9: ("Concat", [-1, 4]),
            12: ("Concat", [-1, 7]),
            14: ("Detect", [10, 13]),
        },
    ),
    (
        "bypass: skips stay on the old layer",
        {"after": ["3"], "keep_skips": True},
        {4: ("New", -1), 5: ("Conv", -1), 9: ("Concat", [-1, 3])},
    ),
    (
        "bypass never takes the head along",
        {"after": ["P3"], "keep_skips": True},
        {10: ("New", -1), 11: ("Conv", -1), 14: ("Detect", [10, 13])},
    ),
    (
        "readers: exactly these",
        {"after": ["3"], "readers": [8]},
        {4: ("New", -1), 5: ("Conv", -2), 9: ("Concat", [-1, 4])},
    ),
    (
        "readers: only the row below",
        {"after": ["3"], "readers": [4]},
        {5: ("Conv", -1), 9: ("Concat", [-1, 3])},
    ),
    (
        "edge: one connection",
        {"edge": ["3:8"]},
        {4: ("New", -1), 5: ("Conv", -2), 9: ("Concat", [-1, 4])},
    ),
    (
        "edge: the other connection",
        {"edge": ["3:4"]},
        {4: ("New", -1), 5: ("Conv", -1), 9: ("Concat", [-1, 3])},
    ),
    (
        "two edges of one layer",
        {"edge": ["3:4", "3:8"]},
        {4: ("New", -1), 5: ("New", -2), 6: ("Conv", -2), 10: ("Concat", [-1, 5])},
    ),
    (
        "before: the same place, seen from below",
        {"before": ["SPPF"]},
        {5: ("New", -1), 6: ("SPPF", -1), 12: ("Concat", [-1, 7])},
    ),
    (
        "at the border, behind the backbone",
        {"at": [6]},
        {6: ("New", -1), 7: ("Conv", -1), 9: ("Concat", [-1, 3])},
    ),
    (
        "at the border, opening the head",
        {"before": ["6"]},
        {6: ("New", -1), 7: ("Conv", -1), 9: ("Concat", [-1, 3])},
    ),
    (
        "on the image",
        {"at": [0]},
        {0: ("New", -1), 1: ("Conv", -1), 9: ("Concat", [-1, 4]), 14: ("Detect", [10, 13])},
    ),
    (
        "several places speak of the original",
        {"at": [1], "after": ["P3", "P4"]},
        {
            1: ("New", -1),
            9: ("Concat", [-1, 4]),
            11: ("New", -1),
            15: ("New", -1),
            16: ("Detect", [11, 15]),
        },
    ),
    ("an occurrence", {"after": ["C3#3"]}, {13: ("New", -1), 14: ("Detect", [9, 13])}),
    ("a level with its stride", {"after": ["p4/16"]}, {14: ("Detect", [9, 13])}),
]


@pytest.mark.parametrize(
    ("options", "expected"), [m[1:] for m in MEANINGS], ids=[m[0] for m in MEANINGS]
)
def test_meaning(options: dict[str, Any], expected: dict[int, tuple[str, Any]]) -> None:
    outcome = run_insert(SMALL, "New", args=[], **options)
    found = wiring(outcome.text)
    assert {index: found[index] for index in expected} == expected
    assert run_insert(SMALL, "New", args=[], **options).text == outcome.text
    assert remove_text(outcome.text, *(str(layer.index) for layer in outcome.inserted)) == SMALL


def test_the_line_goes_where_it_is_said() -> None:
    behind = insert_text(SMALL, "New", at=[6], args=[])
    assert "# 5\n   [-1, 1, New, []],\n  ]\n\n# the head" in behind
    opening = insert_text(SMALL, "New", before=["6"], args=[])
    assert "head:\n  [[-1, 1, New, []],\n   [-1, 1, Conv, [256, 1, 1]],\n" in opening
    first = insert_text(SMALL, "New", at=[0], args=[])
    assert "args]\n  [[-1, 1, New, []],\n   [-1, 1, Conv, [64, 6, 2, 2]],  # 1-P1/2\n" in first


def test_comments_that_were_right_stay_right() -> None:
    result = insert_text(SMALL, "New", at=[3], args=[])
    for comment in (
        "# 2-P3/8",
        "# 5-P4/16",
        "# 6\n",
        "# 10 (P3/8-small)",
        "# 13 (P4/16-medium)",
        "#  [-1, 3, C3, [512, True]],  # 12 an old row",
    ):
        assert comment in result


def test_a_wrong_comment_is_left_and_reported() -> None:
    text = SMALL.replace("# 9 (P3/8-small)", "# 7 (P3/8-small)")
    outcome = run_insert(text, "New", at=[3], args=[])
    assert "# 7 (P3/8-small)" in outcome.text
    (wrong,) = outcome.wrong_comments
    assert (wrong.value, wrong.index, wrong.now) == (7, 9, 10)


@pytest.mark.parametrize(
    ("at", "words"), [(3, "was layer 9 and is layer 10 now"), (10, "is layer 9")]
)
def test_a_wrong_comment_is_reported_with_the_layer_of_its_row(at: int, words: str) -> None:
    text = SMALL.replace("# 9 (P3/8-small)", "# 7 (P3/8-small)")
    warnings = outcome_warnings(run_insert(text, "New", at=[at], args=[], allow_dead=True))
    (warning,) = [warning for warning in warnings if "wrong before" in warning]
    assert warning.endswith(
        f"`# 7` was wrong before; that row {words}, and the comment was not changed"
    )


@pytest.mark.parametrize(
    "comment", ["# 9+1", "# 9x9 conv", "# 9.5", "# 09", "# P3/8", "# 9%", "# 9th"]
)
def test_what_is_no_index_comment(comment: str) -> None:
    text = SMALL.replace("# 9 (P3/8-small)", comment)
    outcome = run_insert(text, "New", at=[3], args=[])
    assert comment in outcome.text
    assert not outcome.wrong_comments


def test_negative_references_keep_their_target() -> None:
    text = SMALL.replace("[[-1, 3], 1, Concat", "[[-1, -5], 1, Concat")
    assert wiring(insert_text(text, "New", at=[5], args=[]))[9] == ("Concat", [-1, -6])
    assert wiring(insert_text(text, "New", at=[3], args=[]))[9] == ("Concat", [-1, -5])
    assert wiring(insert_text(text, "New", at=[4], args=[]))[9] == ("Concat", [-1, -5])
    bypassed = insert_text(text, "New", at=[4], args=[], keep_skips=True)
    assert wiring(bypassed)[9] == ("Concat", [-1, -6])


def test_args_are_never_addresses() -> None:
    text = SMALL.replace("SPPF, [512, 5]", "CBFuse, [[0, 0, 5], -1]")
    assert "CBFuse, [[0, 0, 5], -1]" in insert_text(text, "New", at=[1], args=[])


def test_the_same_module_next_to_it_warns() -> None:
    once = insert_text(SMALL, "SimAM", after=["P4"])
    assert any("next to another" in w for w in run_insert(once, "SimAM", after=["12"]).warnings)
    assert not run_insert(once, "SimAM", after=["P3"]).warnings


def test_another_function_in_published_code_is_warned_of() -> None:
    (warning,) = run_insert(SMALL, "EfficientLocalAttention", after=["3"]).warnings
    assert warning.startswith("EfficientLocalAttention is ELA here: ") and "[7, 1, 16" in warning
    (warning,) = run_insert(SMALL, "GAM", after=["3"], args=[None, False]).warnings
    assert warning.startswith("GAM with group=False: ") and "shuffle 4" in warning
    assert not run_insert(SMALL, "GAM", after=["3"], args=[None, False, 4, 4]).warnings
    assert not run_insert(SMALL, "ELA", after=["3"]).warnings


def test_an_unknown_class_warns() -> None:
    (warning,) = run_insert(SMALL, "MyAttention", after=["3"], args=[256, 7]).warnings
    assert "not in the registry" in warning


@pytest.mark.parametrize(
    ("module", "options", "row"),
    [
        ("SimAM", {}, "[-1, 1, SimAM, []]"),
        ("simam_module", {}, "[-1, 1, SimAM, []]"),
        ("SimAM", {"args": [1024]}, "[-1, 1, SimAM, [1024]]"),
        ("SimAM", {"args": [None, 0.001]}, "[-1, 1, SimAM, [None, 0.001]]"),
        ("TripletAttention", {"args": [True]}, "[-1, 1, TripletAttention, [True]]"),
        ("ACmix", {}, "[-1, 1, ACmix, [256]]"),
        ("ACmix", {"args": [256, 5]}, "[-1, 1, ACmix, [256, 5]]"),
        ("BiLevelRoutingAttention", {}, "[-1, 1, BiLevelRoutingAttention, []]"),
        (
            "My.Module",
            {"args": ["nearest", [1, "x y"], False, None]},
            "[-1, 1, My.Module, [nearest, [1, 'x y'], False, None]]",
        ),
    ],
)
def test_the_row(module: str, options: dict[str, Any], row: str) -> None:
    assert f"\n   {row},\n" in insert_text(SMALL, module, after=["3"], **options)


REFUSALS: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("no place", "New", {"args": []}, "no-position", "--at"),
    ("behind the head", "New", {"after": ["Detect"], "args": []}, "behind-head", "head"),
    ("at the end", "New", {"at": [14], "args": []}, "no-such-layer", "0 to 13"),
    ("a negative place", "New", {"at": [-1], "args": []}, "no-such-layer", "0 to 13"),
    ("an unknown layer", "New", {"after": ["SPPFX"], "args": []}, "no-such-layer", "SPPFX"),
    ("an ambiguous name", "New", {"after": ["C3"], "args": []}, "ambiguous-selector", "3, 9, 12"),
    ("too high an occurrence", "New", {"after": ["C3#4"], "args": []}, "no-such-layer", "C3#4"),
    ("occurrence 0", "New", {"after": ["C3#0"], "args": []}, "no-such-layer", "C3#0"),
    ("a level the head has not", "New", {"after": ["P5"], "args": []}, "no-such-layer", "9"),
    ("a level of another stride", "New", {"after": ["P3/16"], "args": []}, "bad-selector", "8"),
    ("no such edge", "New", {"edge": ["3:9"], "args": []}, "no-such-edge", "3 C3"),
    ("half an edge", "New", {"edge": ["3"], "args": []}, "bad-selector", "A:B"),
    ("nobody reads it", "New", {"after": ["3"], "readers": [], "args": []}, "dead-layer", "New"),
    (
        "a reader that is none",
        "New",
        {"after": ["3"], "readers": [9], "args": []},
        "not-a-reader",
        "does not read",
    ),
    (
        "readers and skips",
        "New",
        {"after": ["3"], "readers": [4], "keep_skips": True, "args": []},
        "usage",
        "give only one of them",
    ),
    ("readers of an edge", "New", {"edge": ["3:4"], "readers": [4], "args": []}, "usage", "--edge"),
    (
        "the same place twice",
        "New",
        {"at": [4], "after": ["3"], "args": []},
        "conflict",
        "both take over",
    ),
    (
        "an edge inside a through",
        "New",
        {"after": ["3"], "edge": ["3:8"], "args": []},
        "conflict",
        "both take over",
    ),
    (
        "past the image",
        "New",
        {"at": [0], "readers": [], "args": [], "allow_dead": True},
        "reads-image",
        "only layer 0",
    ),
    ("an unknown module without args", "New", {"after": ["3"]}, "unknown-module", "New"),
    ("no class name", "1bad", {"after": ["3"], "args": []}, "bad-module", "1bad"),
    (
        "1024 for no_spatial",
        "TripletAttention",
        {"after": ["3"], "args": [1024]},
        "bad-args",
        "1024",
    ),
    ("1024 for lambda", "SimAM", {"after": ["3"], "args": [None, 1024]}, "bad-args", "1024"),
    (
        "1024 windows",
        "BiLevelRoutingAttention",
        {"after": ["3"], "args": [1024]},
        "bad-args",
        "1024",
    ),
    ("an even window", "ACmix", {"after": ["3"], "args": [64, 8]}, "bad-args", "odd, got 8"),
    (
        "channels for a kernel",
        "ACmix",
        {"after": ["3"], "args": [64, 128]},
        "bad-args",
        "128, which looks like a channel count",
    ),
    ("no channels", "ACmix", {"after": ["3"], "args": []}, "bad-args", "channels"),
    ("too many", "TripletAttention", {"after": ["3"], "args": [True, 1]}, "bad-args", "2 values"),
    ("channels of the image", "ACmix", {"at": [0]}, "takes-channels", "cannot be layer 0"),
    ("a dict", "New", {"after": ["3"], "args": [{"a": 1}]}, "bad-args", "cannot stand"),
    ("a newline", "New", {"after": ["3"], "args": ["a\nb"]}, "bad-args", "cannot stand"),
]


@pytest.mark.parametrize(
    ("module", "options", "code", "part"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS]
)
def test_refusals(module: str, options: dict[str, Any], code: str, part: str) -> None:
    with pytest.raises(Refusal) as caught:
        run_insert(SMALL, module, **options)
    assert caught.value.code == code
    assert part in caught.value.message + caught.value.hint


def test_dead_layers_can_be_allowed() -> None:
    outcome = run_insert(SMALL, "New", after=["3"], readers=[], args=[], allow_dead=True)
    assert wiring(outcome.text)[4:6] == [("New", -1), ("Conv", -2)]
    assert remove_text(outcome.text, "4") == SMALL


def test_a_layer_that_was_dead_before_is_no_reason_to_refuse() -> None:
    text = SMALL.replace("[[9, 12]", "[[9]")
    assert wiring(insert_text(text, "New", at=[3], args=[]))[14] == ("Detect", [10])


def test_before_a_layer_that_reads_elsewhere() -> None:
    text = SMALL.replace("   [-1, 1, nn.Upsample", "   [-2, 1, nn.Upsample")
    with pytest.raises(Refusal) as caught:
        run_insert(text, "New", before=["7"], args=[])
    assert caught.value.code == "not-in-sequence"
    assert "--edge 5:7" in caught.value.hint
    assert "--after 5" in caught.value.hint


def test_behind_a_list_of_tensors() -> None:
    text = SMALL.replace("SPPF, [512, 5]", "CBLinear, [[256, 512]]")
    with pytest.raises(Refusal, match="list of tensors"):
        run_insert(text, "New", after=["5"], args=[])


HEAD_V1 = """\
nc: 1
anchors: [[1,2, 3,4, 5,6], [1,2, 3,4, 5,6]]
backbone:
  [[-1, 1, Conv, [8, 3, 2]],
   [-1, 1, C3, [8]],
  ]
head:
  [[-1, 1, nn.Conv2d, [na * (nc + 5), 1]],  # 2
   [1, 1, C3, [8]],
   [-1, 1, nn.Conv2d, [na * (nc + 5), 1]],  # 4
   [[], 1, Detect, [nc, anchors]],
  ]
"""


def test_a_head_that_collects_its_inputs() -> None:
    result = insert_text(HEAD_V1, "New", after=["1"], args=[])
    assert wiring(result)[3:7] == [("nn.Conv2d", -1), ("C3", 2), ("nn.Conv2d", -1), ("Detect", [])]
    assert remove_text(result, "2") == HEAD_V1
    with pytest.raises(Refusal) as caught:
        run_insert(HEAD_V1, "New", after=["2"], args=[])
    assert caught.value.code == "output-row"


def test_side_effect_modules_are_alive() -> None:
    text = SMALL.replace(
        "   [-1, 3, C3, [512, False]],  # 12",
        "   [[3, 9], 1, ImagePoolingAttn, [256]],\n   [-2, 3, C3, [512, False]],  # 13",
    ).replace("[[9, 12]", "[[9, 13]")
    result = wiring(insert_text(text, "New", edge=["9:12"], args=[]))
    assert result[13] == ("ImagePoolingAttn", [3, 10])


def test_nominal_channels_that_cannot_be_written() -> None:
    # 48 + 48 nominal is 96, and at width 0.25 each half rounds up to 16: 32, not 24.
    text = (
        SMALL.replace("width_multiple: 0.50", "width_multiple: 0.25")
        .replace("[256, 1, 1]", "[48, 1, 1]")
        .replace("C3, [256]]", "C3, [48]]")
    )
    with pytest.raises(Refusal) as caught:
        run_insert(text, "ACmix", after=["Concat#1"])
    assert caught.value.code == "channels-differ"
    assert "24" in caught.value.message
    assert "32" in caught.value.message
    assert "BiLevelRoutingAttention, []" in insert_text(
        text, "BiLevelRoutingAttention", after=["Concat#1"]
    )


def test_unknown_channels_are_asked_for() -> None:
    text = SMALL.replace("C3, [256]]", "Mystery, [256]]")
    with pytest.raises(Refusal) as caught:
        run_insert(text, "ACmix", after=["3"])
    assert caught.value.code == "unknown-channels"
    assert "ACmix, [256]" in insert_text(text, "ACmix", after=["3"], args=[256])


def test_a_list_of_inputs() -> None:
    outcome = run_insert(SMALL, "Fuse", args=[], after=["9"], sources=(9, 3))
    assert "   [[9, 3], 1, Fuse, []],\n" in outcome.text
    assert wiring(outcome.text)[10:15] == [
        ("Fuse", [9, 3]),
        ("Conv", -1),
        ("Concat", [-1, 6]),
        ("C3", -1),
        ("Detect", [10, 13]),
    ]
    assert remove_text(outcome.text, "10", sources=[9]) == SMALL


def test_a_side_branch_that_nobody_reads() -> None:
    options: dict[str, Any] = {"args": [256], "after": ["12"], "sources": (12, 9), "readers": []}
    with pytest.raises(Refusal, match="reach the head"):
        run_insert(SMALL, "Fuse", **options)
    result = insert_text(SMALL, "ImagePoolingAttn", **options)
    assert wiring(result)[13:] == [("ImagePoolingAttn", [12, 9]), ("Detect", [9, 12])]
    assert remove_text(result, "13") == SMALL


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"after": ["9"], "sources": (3, 6)}, "source-lost"),
        ({"after": ["9"], "sources": (9, 12)}, "reads-below"),
        ({"after": ["9", "12"], "sources": (9, 3)}, "usage"),
    ],
)
def test_a_list_of_inputs_that_cannot_be(options: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        run_insert(SMALL, "Fuse", args=[], **options)
    assert caught.value.code == code


def test_a_refusal_speaks_of_the_place_that_is_dead() -> None:
    with pytest.raises(Refusal) as caught:
        run_insert(SMALL, "New", after=["3", "5"], readers=[4], args=[])
    assert "5 SPPF is read by 6 Conv" in caught.value.hint
    assert caught.value.place is not None
    assert "SPPF" in caught.value.place.excerpt


def test_a_place_that_reached_no_head_before() -> None:
    text = SMALL.replace("[[9, 12]", "[[9]")
    with pytest.raises(Refusal) as caught:
        run_insert(text, "New", after=["12"], args=[])
    assert "12 C3 already does not reach 13 Detect" in caught.value.hint
