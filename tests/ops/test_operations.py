"""Replace, move, cascades, scales and recipes: each against what a careful person would write."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ops.helpers import insert_text, remove_text, wiring
from tests.ops.samples import SMALL
from tests.ops.test_properties import nets
from yamlmod.errors import Refusal, YamlmodError
from yamlmod.model.network import Network
from yamlmod.ops.chain import chain
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.drop_head.plan import drop_head
from yamlmod.ops.operations.move.plan import move
from yamlmod.ops.operations.remove.plan import remove
from yamlmod.ops.operations.replace.plan import replace
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.recipe import read_recipe


def model(text: str = SMALL) -> Network:
    return read_network(text, "model.yaml")


def apply(recipe: str, text: str = SMALL) -> Outcome:
    return chain(model(text), read_recipe(recipe, "recipe.yaml").plans)


# layer, module, args, the row it becomes
REPLACEMENTS: list[tuple[int, str, list[Any] | None, str]] = [
    (3, "C3TR", None, "[-1, 3, C3TR, [256]]"),
    (3, "C3TR", [128, False], "[-1, 3, C3TR, [128, False]]"),
    (5, "SPPFCSPC", None, "[-1, 1, SPPFCSPC, [512, 5]]"),
    (3, "SimAM", None, "[-1, 1, SimAM, []]"),
    (3, "ACmix", None, "[-1, 1, ACmix, [256]]"),
    (3, "BiLevelRoutingAttention", None, "[-1, 1, BiLevelRoutingAttention, []]"),
    # A block of C3's kind keeps the number and the args of the one it replaces.
    (3, "C3_SE", None, "[-1, 3, C3_SE, [256]]"),
    (9, "C3SE", None, "[-1, 3, C3_SE, [256, False]]"),
    (3, "C3_SimAM", [256, True, 2], "[-1, 3, C3_SimAM, [256, True, 2]]"),
    (5, "C3_CA", None, "[-1, 1, C3_CA, [512]]"),
    # The second argument of C3k2's kind is c3k and not shortcut.
    (9, "C3k2_SE", None, "[-1, 3, C3k2_SE, [256, False]]"),
    (13, "DetectX", None, "[[9, 12], 1, DetectX, [nc, anchors]]"),
    (7, "OwnUp", [3, 2], "[-1, 1, OwnUp, [3, 2]]"),
]


@pytest.mark.parametrize(("layer", "module", "args", "row"), REPLACEMENTS)
def test_replace(layer: int, module: str, args: list[Any] | None, row: str) -> None:
    before = model()
    outcome = replace(before, layer, module, args)
    old = before.document.rows[layer]
    assert outcome.text == SMALL[: old.start] + row + SMALL[old.end :]
    assert outcome.replaced == (layer,)
    again = replace(model(outcome.text), layer, module, args)
    assert again.text == outcome.text


@pytest.mark.parametrize(
    ("old", "module", "new"),
    [
        ("C3k2, [256, False, 0.25]", "C3k2_SE", "C3k2_SE, [256, False, 0.25]"),
        ("C3k2, [256, True]", "C3k2CBAM", "C3k2_CBAM, [256, True]"),
        ("C3k2_SE, [256, True, 0.25]", "C3k2_EMA", "C3k2_EMA, [256, True, 0.25]"),
        ("C2f, [256, True]", "C3k2_SE", "C3k2_SE, [256, False]"),
        ("C3_SE, [256, False]", "C3k2_SE", "C3k2_SE, [256, False]"),
        ("C3k2, [256, True]", "C2f_SE", "C2f_SE, [256]"),
        ("C3k2_SE, [256, True]", "C3_SE", "C3_SE, [256]"),
    ],
)
def test_args_are_kept_where_they_mean_the_same(old: str, module: str, new: str) -> None:
    text = SMALL.replace("C3, [256, False]", old, 1)
    assert text != SMALL
    assert replace(model(text), 9, module).text == text.replace(old, new)


def test_what_a_form_of_c3k2_cannot_have_is_refused() -> None:
    text = SMALL.replace("C3, [256, False]", "C3k2, [256, True, 0.5, True]", 1)
    with pytest.raises(Refusal, match="attn must not be True: always False") as caught:
        replace(model(text), 9, "C3k2_SE")
    assert "leave this layer as it is" in caught.value.hint
    assert caught.value.place is not None and "C3k2, [256" in caught.value.place.excerpt
    assert "C3k2_SE, [256, True]]" in replace(model(text), 9, "C3k2_SE", [256, True]).text


@pytest.mark.parametrize(
    ("layer", "module", "args", "code"),
    [
        (4, "C3", [512], "changes-stride"),
        (3, "Conv", [256, 3, 2], "changes-stride"),
        (8, "SimAM", None, "joins-inputs"),
        (3, "TripletAttention", [1024], "bad-args"),
        (3, "C3_SE", [256, 3], "bad-args"),
        (3, "C3_SE", [], "bad-args"),
        (3, "no class", None, "bad-module"),
    ],
)
def test_replace_refused(layer: int, module: str, args: list[Any] | None, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        replace(model(), layer, module, args)
    assert caught.value.code == code


def test_replace_by_force_and_with_warnings() -> None:
    assert "changes the stride" in " ".join(
        replace(model(), 3, "Conv", [256, 3, 2], force=True).warnings
    )
    assert "not known" in " ".join(replace(model(), 3, "Mystery").warnings)
    assert "output channels from 256 to 128" in " ".join(
        replace(model(), 3, "C3TR", [128]).warnings
    )
    assert not replace(model(), 3, "C3TR").warnings
    (warning,) = replace(model(), 5, "CA_Block").warnings
    assert warning.startswith("CA_Block is CoordAtt here: ")


# layer, target, the wiring that results around it
MOVES: list[tuple[int, dict[str, int], list[tuple[str, Any]]]] = [
    (5, {"after": 3}, [("C3", -1), ("SPPF", -1), ("Conv", -1), ("Conv", -1)]),
    (5, {"before": 4}, [("C3", -1), ("SPPF", -1), ("Conv", -1), ("Conv", -1)]),
    (3, {"after": 5}, [("Conv", -1), ("SPPF", -1), ("C3", -1), ("Conv", -1)]),
    (3, {"before": 5}, [("Conv", -1), ("C3", -1), ("SPPF", -1), ("Conv", -1)]),
]


@pytest.mark.parametrize(("layer", "where", "expected"), MOVES)
def test_move(layer: int, where: dict[str, int], expected: list[tuple[str, Any]]) -> None:
    text = SMALL if layer == 5 else SMALL.replace("C3, [256]]", "C3, [256]]")
    outcome = move(model(text), layer, **where)
    assert wiring(outcome.text)[3:7] == expected
    assert len(wiring(outcome.text)) == 14


def test_a_moved_row_keeps_its_words_and_its_comment() -> None:
    text = SMALL.replace("[-1, 1, SPPF, [512, 5]],  # 5", "[-1,  1, SPPF, ['512',5]],   # 5 (x)")
    moved = move(model(text), 5, after=3).text
    assert (
        "   [-1,  1, SPPF, ['512',5]],   # 4 (x)\n   [-1, 1, Conv, [512, 3, 2]],  # 5-P4" in moved
    )
    wrong = SMALL.replace("# 5\n", "# 9\n")
    assert "SPPF, [512, 5]],  # 9\n" in move(model(wrong), 5, after=3).text


def test_a_moved_registry_module_gets_the_channels_of_its_place() -> None:
    text = insert_text(SMALL, "ACmix", after=["5"])
    assert "[-1, 1, ACmix, [512]]" in text
    moved = move(model(text), 6, after=3).text
    assert "[-1, 1, ACmix, [256]]" in moved
    assert moved == insert_text(SMALL, "ACmix", after=["3"])


@pytest.mark.parametrize(
    ("layer", "where", "code"),
    [
        (5, {"after": 5}, "usage"),
        (5, {}, "usage"),
        (5, {"after": 3, "before": 3}, "usage"),
        (4, {"after": 6}, "changes-stride"),
        (8, {"after": 3}, "joins-inputs"),
        (5, {"after": 13}, "behind-head"),
    ],
)
def test_move_refused(layer: int, where: dict[str, int], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        move(model(), layer, **where)
    assert caught.value.code == code


@settings(max_examples=100, deadline=None)
@given(nets(), st.data())
def test_a_move_is_a_removal_and_an_insertion(text: str, data: st.DataObject) -> None:
    # The layer that moves is one that was put in, so that it can be taken out.
    count = len(model(text).document.rows)
    first = data.draw(st.integers(0, count - 1))
    second = data.draw(st.integers(0, count - 2))
    start = insert_text(text, "New", at=[first], args=[], allow_dead=True)
    target = second + (second >= first)
    try:
        moved = move(model(start), first, after=target)
    except Refusal as error:
        assert error.code in ("dead-layer", "reads-image")
        return
    there = insert_text(text, "New", at=[second + 1], args=[], allow_dead=True)
    assert [(m, f) for m, f in wiring(moved.text)] == wiring(there)


def test_cascade() -> None:
    assert len(wiring(remove_text(SMALL, "12"))) == 13
    outcome = remove(
        model(insert_text(SMALL, "Fuse", args=[], after=["12"], sources=(12, 4))),
        [13],
        sources=[12],
    )
    assert outcome.text == SMALL
    side = insert_text(SMALL, "Side", args=[], after=["3"], readers=[], allow_dead=True)
    fused = insert_text(side, "Fuse", args=[], after=["13"], sources=(13, 4))
    assert len(wiring(remove(model(fused), [14], sources=[13]).text)) == 15
    cascade = remove(model(fused), [14], cascade=True, sources=[13])
    assert cascade.removed == (4, 14)
    assert cascade.text == SMALL


def test_drop_a_scale() -> None:
    outcome = drop_head(model(), 12)
    expected = SMALL.replace("  - [30,61, 62,45, 59,119]  # P4/16\n", "").replace(
        "   [-1, 1, Conv, [256, 3, 2]],\n   [[-1, 6], 1, Concat, [1]],  # cat head P4\n", ""
    )
    expected = expected.replace("   [-1, 3, C3, [512, False]],  # 12 (P4/16-medium)\n", "")
    assert outcome.text == expected.replace("[[9, 12]", "[[9]")
    assert outcome.removed == (10, 11, 12)
    shallow = drop_head(model(), 9)
    assert wiring(shallow.text)[-1] == ("Detect", [12])
    assert shallow.removed == ()
    assert "[10,13" not in shallow.text
    with pytest.raises(Refusal) as caught:
        drop_head(model(shallow.text), 12)
    assert caught.value.code == "one-scale"


@pytest.mark.parametrize(
    ("text", "layer", "code"),
    [
        (SMALL, 3, "not-a-head-input"),
        (SMALL.replace("[nc, anchors]", "[nc, anchors, [64, 128]]"), 12, "args-by-scale"),
        (SMALL.replace("  - [30,61, 62,45, 59,119]  # P4/16\n", ""), 12, "anchors-differ"),
        (SMALL.replace("Detect, [nc, anchors]", "DualDDetect, [nc]"), 12, "grouped-inputs"),
    ],
)
def test_drop_a_scale_refused(text: str, layer: int, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        drop_head(model(text), layer)
    assert caught.value.code == code


def test_drop_a_scale_where_anchors_are_a_flow_list() -> None:
    text = SMALL.replace(
        "anchors:\n  - [10,13, 16,30, 33,23]  # P3/8\n  - [30,61, 62,45, 59,119]  # P4/16\n",
        "anchors: [[10,13], [30,61]]\n",
    )
    assert "anchors: [[10,13]]\n" in drop_head(model(text), 12).text
    assert "anchors: [[30,61]]\n" in drop_head(model(text), 9).text
    number = text.replace("[[10,13], [30,61]]", "3")
    assert "anchors: 3\n" in drop_head(model(number), 12).text


RECIPE = """\
yamlmod: 1
edits:
  - insert: SimAM
    after: [P3, 12]
  - insert: New
    at: 1
    args: [8]
  - move: SimAM#2
    after: SPPF
  - replace: C3#1
    with: C3TR
  - remove: [SimAM#*]
"""


def test_recipe() -> None:
    outcome = apply(RECIPE)
    expected = insert_text(SMALL, "New", at=[1], args=[8]).replace("C3, [256]]", "C3TR, [256]]")
    assert outcome.text == expected
    assert [(layer.index, layer.module) for layer in outcome.inserted] == [(1, "New")]
    assert outcome.replaced == (3,)
    assert outcome.removed == ()
    assert apply(RECIPE).text == outcome.text


@pytest.mark.parametrize(
    ("recipe", "code", "part"),
    [
        ("", "not-a-model", "mapping"),
        ("yamlmod: 2\nedits: []\n", "bad-recipe", "yamlmod: 1"),
        ("yamlmod: 1\n", "bad-recipe", "edits"),
        ("yamlmod: 1\nedits: []\nextra: 1\n", "bad-recipe", "extra"),
        ("yamlmod: 1\nedits: [3]\n", "bad-recipe", "edit 1"),
        ("yamlmod: 1\nedits: [{}]\n", "bad-recipe", "must name exactly one operation"),
        (
            "yamlmod: 1\nedits: [{insert: A, remove: 1}]\n",
            "bad-recipe",
            "must name exactly one operation",
        ),
        ("yamlmod: 1\nedits: [{insert: SimAM, afterr: 3}]\n", "bad-recipe", "afterr"),
        (
            "yamlmod: 1\nedits: [{insert: 3, after: 3}]\n",
            "bad-recipe",
            "needs the name of a module",
        ),
        ("yamlmod: 1\nedits: [{insert: SimAM, after: {a: 1}}]\n", "bad-recipe", "after takes"),
        ("yamlmod: 1\nedits: [{insert: SimAM, at: x}]\n", "bad-recipe", "at takes"),
        ("yamlmod: 1\nedits: [{insert: SimAM, after: 3, keep_skips: 1}]\n", "bad-recipe", "true"),
        ("yamlmod: 1\nedits: [{insert: SimAM, after: 3, args: 1}]\n", "bad-recipe", "list"),
        ("yamlmod: 1\nedits: [{insert: SimAM, after: 3, as: 1}]\n", "bad-recipe", "the class gets"),
        ("yamlmod: 1\nedits: [{insert: Simam, after: 3, as: a.b}]\n", "bad-name", "edit 1"),
        ("yamlmod: 1\nedits: [{insert: Nowhere, after: 3, as: B}]\n", "unknown-module", "edit 1"),
        ("yamlmod: 1\nedits: [{replace: 3}]\n", "bad-recipe", "with"),
        ("yamlmod: 1\nedits: [{remove: []}]\n", "bad-recipe", "no layer"),
        ("yamlmod: 1\nedits: [{move: 3}]\n", "usage", "new position"),
        ("yamlmod: 1\nedits: [{remove: 5}, {remove: SPPF}]\n", "no-such-layer", "edit 2"),
        ("a: [", "bad-yaml", "load"),
    ],
)
def test_bad_recipes(recipe: str, code: str, part: str) -> None:
    with pytest.raises(YamlmodError) as caught:
        apply(recipe)
    assert caught.value.code == code
    assert part in "\n".join(caught.value.lines())


def test_a_module_gets_another_name_with_its_own_args() -> None:
    text = apply(
        "yamlmod: 1\nedits: [{insert: ACmix, after: SPPF, as: MyMix}, "
        "{replace: C3#1, with: C3_SE, as: C3_Mine}]\n"
    ).text
    plain = apply(
        "yamlmod: 1\nedits: [{insert: ACmix, after: SPPF}, {replace: C3#1, with: C3_SE}]\n"
    ).text
    assert "MyMix, [512]" in text and "C3_Mine, [" in text
    assert text == plain.replace("ACmix", "MyMix").replace("C3_SE", "C3_Mine")


def test_levels_below_a_module_under_another_name_are_known() -> None:
    first = "yamlmod: 1\nedits: [{insert: CBAM, after: SPPF, as: Mine}, {insert: ACmix, after: P3"
    assert ", [256]" in apply(first + "}]\n").text.partition("ACmix")[2][:8]


def test_a_failing_edit_leaves_nothing() -> None:
    before = model()
    with pytest.raises(Refusal):
        chain(before, read_recipe(RECIPE + "  - remove: Nothing\n", "r").plans)
    assert before.document.text == SMALL


def test_a_moved_row_leaves_its_wrong_comment_wrong() -> None:
    """Rows of one line: the comment of the last becomes the one above's, and no index of it."""
    text = (
        "nc: 4\nbackbone:\n  - [-1, 1, Conv, [64, 3, 1]]  # 0\nhead:\n"
        "  [[-1, 1, Conv, [64, 3, 1]], [-1, 1, SimAM, []], [-1, 3, C3, [64]]  # 2\n"
        "  , [[1, 2, 3], 1, Detect, [nc, anchors]]]\n"
    )
    moved = move(read_network(text, "x.yaml"), 3, after=0).text
    assert "[-1, 1, SimAM, []]  # 2\n" in moved
    assert "[[2, 3, 3], 1, Detect" in moved
