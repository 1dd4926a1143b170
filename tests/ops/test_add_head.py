"""add-head: a scale as a copy of the neighbouring one; drop-head --whole takes it out again."""

from __future__ import annotations

import pytest

import yamlmod
from tests.ops.helpers import wiring
from tests.ops.samples import SMALL
from tools.scales.judge import judge_scale
from yamlmod.errors import ProofFailedError, Refusal
from yamlmod.model.document import parse_document
from yamlmod.ops.chain import run_plans
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.add_head.plan import add_head, add_head_plans
from yamlmod.ops.proof import prove

P2 = """\
   [-1, 1, Conv, [128, 1, 1]],
   [-1, 1, nn.Upsample, [None, 2, 'nearest']],
   [[-1, 1], 1, Concat, [1]],  # cat backbone P2
   [-1, 3, C3, [128, False]],  # 13 (P2/4-xsmall)

   [-1, 1, Conv, [128, 3, 2]],
   [[-1, 10], 1, Concat, [1]],  # cat head P3
   [-1, 3, C3, [256, False]],  # 16 (P3/8-small)

"""
# ELAN blocks, rows between the way down and the head, SPP in the head table, block rows.
ELAN = """\
nc: 2
anchors: [[12,16, 19,36, 40,28], [36,75, 76,55, 72,146]]
backbone:
  - [-1, 1, Conv, [32, 3, 2]]  # 0
  - [-1, 1, Conv, [64, 3, 2]]  # 1
  - [-1, 1, Conv, [32, 1, 1]]
  - [-2, 1, Conv, [32, 1, 1]]
  - [[-1, -2], 1, Concat, [1]]
  - [-1, 1, Conv, [64, 1, 1]]  # 5
  - [-1, 1, MP, []]
  - [-1, 1, Conv, [64, 1, 1]]
  - [-2, 1, Conv, [64, 1, 1]]
  - [[-1, -2], 1, Concat, [1]]
  - [-1, 1, Conv, [128, 1, 1]]  # 10
  - [-1, 1, MP, []]
  - [-1, 1, Conv, [128, 1, 1]]
  - [-2, 1, Conv, [128, 1, 1]]
  - [[-1, -2], 1, Concat, [1]]
  - [-1, 1, Conv, [256, 1, 1]]  # 15
head:
  - [-1, 1, SPPCSPC, [128]]  # 16
  - [-1, 1, nn.Upsample, [None, 2, nearest]]
  - [10, 1, Conv, [64, 1, 1]]
  - [[-1, -2], 1, Concat, [1]]
  - [-1, 1, Conv, [64, 1, 1]]  # 20
  - [-1, 1, Conv, [128, 3, 2]]
  - [[-1, 16], 1, Concat, [1]]
  - [-1, 1, Conv, [128, 1, 1]]  # 23
  - [20, 1, RepConv, [128, 3, 1]]
  - [23, 1, RepConv, [256, 3, 1]]
  - [[24, 25], 1, IDetect, [nc, anchors]]
"""
BLOCKS = SMALL.replace("  [[-1, 1, Conv, [64", "  [\n   [-1, 1, Conv, [64")


def test_p2() -> None:
    expected = SMALL.replace("  - [10,13", "  - [5,7, 8,15, 17,12]  # P2/4\n  - [10,13")
    expected = expected.replace(
        "   [-1, 1, Conv, [256, 3, 2]],\n   [[-1, 6]",
        P2 + "   [-1, 1, Conv, [256, 3, 2]],\n   [[-1, 6]",
    )
    expected = expected.replace("# 12 (P4/16", "# 19 (P4/16").replace(
        "[[9, 12], 1", "[[13, 16, 19], 1"
    )
    model = yamlmod.load(SMALL).add_head("P2")
    assert model.to_text() == expected.replace("Detect(P3, P4)", "Detect(P2, P3, P4)")
    assert [model.layers[i].stride for i in model.layers[-1].reads] == [4, 8, 16]


def test_p5_goes_before_what_the_last_stage_lacks() -> None:
    model = yamlmod.load(SMALL).add_head("P5")
    assert wiring(model.to_text())[4:12] == [
        ("Conv", -1),
        ("C3", -1),
        ("Conv", -1),
        ("SPPF", -1),
        ("Conv", -1),
        ("nn.Upsample", -1),
        ("Concat", [-1, 5]),
        ("C3", -1),
    ]
    assert "  - [60,122, 124,90, 118,238]  # P5/32\n" in model.to_text()
    assert "# Detect(P3, P4, P5)" in model.to_text()


@pytest.mark.parametrize("text", [SMALL, ELAN, BLOCKS, SMALL.replace("\n", "\r\n")])
@pytest.mark.parametrize("finer", [True, False])
def test_dropping_it_as_a_whole_restores_the_bytes(text: str, finer: bool) -> None:
    model = yamlmod.load(text)
    added = model.add_head(_level(model, finer))
    assert not judge_scale(text, added.to_text(), finer)
    reads = added.layers[-1].reads
    assert added.drop_head(reads[0] if finer else reads[-1], whole=True).to_text() == text


def _level(model: yamlmod.Model, finer: bool) -> str:
    strides = [model.layers[i].stride or 0 for i in model.layers[-1].reads]
    return f"P{int(strides[0] / 2 if finer else strides[-1] * 2).bit_length() - 1}"


@pytest.mark.parametrize(("layer", "level"), [("P2", "P2"), ("P4", "P4")])
def test_a_plain_drop_is_taken_back(layer: str, level: str) -> None:
    """The layers that lead to other scales stay, so only what served the scale is put back."""
    three = yamlmod.load(SMALL).add_head("P2")
    dropped = three.drop_head(layer)
    again = dropped.add_head(level)
    assert wiring(again.to_text()) == wiring(three.to_text())
    if level == "P4":
        assert again.to_text().count("# 19 (P4/16-medium)") == 1


def test_widths_of_a_neck_of_one_width_stay() -> None:
    text = SMALL.replace("C3, [512, False]", "C3, [256, False]").replace("SPPF, [512", "SPPF, [256")
    rows = yamlmod.load(text).add_head("P2").layers
    assert [row.args[0] for row in rows[10:17] if row.module in ("Conv", "C3")] == [256] * 4


def test_comments_that_name_other_layers_are_not_copied() -> None:
    text = SMALL.replace("# 9 (P3/8-small)", "# 9, block 3 of 4").replace(
        "# cat head P4", "# see 6"
    )
    added = yamlmod.load(text).add_head("P2").to_text()
    assert "[128, False]],  # 13\n" in added
    assert "[[-1, 10], 1, Concat, [1]],\n" in added


@pytest.mark.parametrize(
    ("old", "new", "level", "code"),
    [
        ("", "", "P3", "has-scale"),
        ("", "", "P1", "not-next"),
        ("", "", "P6", "not-next"),
        ("", "", "small", "bad-level"),
        ("[nc, anchors]", "[nc, anchors, [64, 128]]", "P2", "args-by-scale"),
        ("  - [30,61, 62,45, 59,119]  # P4/16\n", "", "P2", "anchors-differ"),
        ("30,61, 62", "a,61, 62", "P2", "anchors-differ"),
        *(
            ("[10,13, 16", f"[{number},13, 16", "P2", "anchors-differ")
            for number in ("10.", ".5", "1.5e+1", "0x10", "1_0", "-3")
        ),
        ("Detect, [nc, anchors]", "DualDDetect, [nc]", "P2", "grouped-inputs"),
        ("[[9, 12], 1, Detect", "[[12, 9], 1, Detect", "P2", "not-a-pyramid"),
        ("[[9, 12], 1, Detect", "[12, 1, Detect", "P2", "not-a-head"),
        ("C3, [256]]", "Mine, [256]]", "P2", "unknown-stride"),
        ("SPPF, [512, 5]", "Mine, [512, 5]", "P5", "unknown-stride"),
        (
            "[[9, 12], 1, Detect",
            "[[9, 12], 1, Segment, [nc]],\n   [[9, 12], 1, Detect",
            "P2",
            "several-heads",
        ),
    ],
)
def test_refusals(old: str, new: str, level: str, code: str) -> None:
    text = SMALL.replace(old, new) if old else SMALL
    with pytest.raises(Refusal) as caught:
        yamlmod.load(text).add_head(level)
    assert caught.value.code == code
    assert caught.value.message


def test_one_scale_has_no_steps_to_copy() -> None:
    one = yamlmod.load(SMALL).drop_head("P3")
    for level in ("P3", "P5"):
        if level == "P3":  # the neck goes through it: only the head does not read it
            assert wiring(one.add_head(level).to_text()) == wiring(SMALL)
            continue
        assert one.add_head(level).layers[-1].reads == (18, 21)
    with pytest.raises(Refusal) as caught:
        yamlmod.load(SMALL).drop_head("P4").add_head("P4").drop_head("P3", whole=True).add_head(
            "P3"
        )
    assert caught.value.code == "no-pattern"


@pytest.mark.parametrize(
    ("selector", "code"),
    [("6", "not-a-head-input"), ("P3", "inner-scale")],
)
def test_refusals_of_whole(selector: str, code: str) -> None:
    model = yamlmod.load(SMALL).add_head("P2")
    with pytest.raises(Refusal) as caught:
        model.drop_head(selector if code == "not-a-head-input" else 16, whole=True)
    assert caught.value.code == code


def test_what_another_layer_reads_is_not_dropped() -> None:
    text = yamlmod.load(SMALL).add_head("P2").to_text()
    read = text.replace("   [[13, 16", "   [15, 1, SimAM, []],\n   [[13, 16")
    with pytest.raises(Refusal) as caught:
        yamlmod.load(read).drop_head(13, whole=True)
    assert caught.value.code == "still-read"


def test_recipe_and_undo_of_it() -> None:
    recipe = "yamlmod: 1\nedits:\n  - add-head: P2\n  - drop-head: P2\n    whole: true\n"
    assert yamlmod.load(SMALL).apply(recipe).to_text() == SMALL
    chained = "yamlmod: 1\nedits: [{add-head: P2}, {add-head: P5}, {insert: SimAM, after: P2}]\n"
    strides = [layer.stride for layer in yamlmod.load(SMALL).apply(chained).layers]
    assert strides.count(4) and strides.count(32)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[[-1, 10], 1, Concat", "[[-1, 9], 1, Concat"),
        ("[[13, 16, 19]", "[[16, 13, 19]"),
        ("[5,7, 8,15", "[5,8, 8,15"),
        ("Conv, [128, 1, 1]", "Conv, [64, 1, 1]"),
        ("[[-1, 1], 1, Concat", "[[-1, 0], 1, Concat"),
    ],
)
def test_the_proof_refuses_another_text(old: str, new: str) -> None:
    outcome = run_plans(read_network(SMALL, "x.yaml"), add_head_plans("P2"))
    document = parse_document(SMALL, "x.yaml")
    prove(document, outcome.text, outcome.steps)
    wrong = outcome.text.replace(old, new)
    assert wrong != outcome.text
    with pytest.raises(ProofFailedError):
        prove(document, wrong, outcome.steps)


def test_the_judge_sees_mistakes() -> None:
    after = add_head(read_network(SMALL, "x.yaml"), "P2").text
    assert not judge_scale(SMALL, after, finer=True)
    for old, new in (
        ("[[13, 16, 19]", "[[16, 13, 19]"),
        ("[[-1, 6], 1, Concat", "[[-1, 7], 1, Concat"),
        ("[5,7, 8", "[9,7, 8"),
        ("Conv, [128, 3, 2]", "Conv, [128, 3, 1]"),
        ("C3, [512, False]", "C3, [256, False]"),
    ):
        assert judge_scale(SMALL, after.replace(old, new), finer=True), old
