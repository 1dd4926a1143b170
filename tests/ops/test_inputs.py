"""No edit drops an input: a layer of several keeps them all, or the edit is refused by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import yamlmod
from tests.ops.helpers import insert_text, remove_text, run_insert, wiring
from tests.ops.samples import SMALL
from tests.ops.test_operations import apply, model
from yamlmod.errors import ProofFailedError, Refusal
from yamlmod.ops.operations.drop_head.plan import drop_head
from yamlmod.ops.operations.drop_head.replay import DroppedInput
from yamlmod.ops.operations.insert.replay import Insertion, PlannedLayer
from yamlmod.ops.operations.move import plan as move_module
from yamlmod.ops.operations.move.plan import move
from yamlmod.ops.operations.remove import removable
from yamlmod.ops.operations.remove.plan import remove
from yamlmod.ops.operations.remove.replay import Removal
from yamlmod.ops.operations.replace.plan import replace
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.proof import prove

# SMALL's two Concats as layers of a class that no one knows: 8 and 11.
FUSION = SMALL.replace("1, Concat,", "1, MyFusion,")
FROMS = ["[-1, 3]", "[7, 3]", "[3, 3]", "[-1, -1]", "[-1, 7]", "[-1, 3, 6]", "[ -1,3 , 5, 0 ]"]


def fusion(source: str) -> str:
    """Return FUSION with another `from` for layer 8."""
    return FUSION.replace("[[-1, 3], 1, M", f"[{source}, 1, M")


@pytest.mark.parametrize("source", FROMS)
@pytest.mark.parametrize(
    "edit",
    [
        lambda m: move(m, 8, after=9),
        lambda m: move(m, 8, before=10),
        lambda m: move(m, 8, after=2),
        lambda m: remove(m, [8]),
        lambda m: remove(m, [8, 9]),
        lambda m: remove(m, [8], cascade=True),
    ],
)
def test_several_inputs_are_refused_by_their_number(
    source: str, edit: Callable[[Any], Outcome]
) -> None:
    with pytest.raises(Refusal) as caught:
        edit(model(fusion(source)))
    assert caught.value.code == "joins-inputs"
    assert f"joins {len(source.split(','))} inputs" in caught.value.message
    assert caught.value.place is not None


@pytest.mark.parametrize(
    "recipe", ["{move: MyFusion#1, after: 9}", "{remove: 8}", "{remove: 8, cascade: true}"]
)
def test_recipes_and_the_api_refuse_it_too(recipe: str) -> None:
    with pytest.raises(Refusal) as caught:
        apply(f"yamlmod: 1\nedits: [{recipe}]\n", FUSION)
    assert caught.value.code == "joins-inputs"
    for edit in (
        lambda m: m.remove("MyFusion#1"),
        lambda m: m.move(8, after=9),
        lambda m: m.remove(8, cascade=True),
    ):
        with pytest.raises(Refusal, match="joins 2 inputs"):
            edit(yamlmod.load(FUSION))


def test_a_chosen_input_is_read_instead() -> None:
    expected = [*wiring(FUSION)[:8], ("C3", -1), ("Conv", -1), ("MyFusion", [-1, 6])]
    assert wiring(remove_text(FUSION, "8", sources=[7]))[:11] == expected
    other = wiring(remove_text(FUSION, "8", sources=[3]))
    assert other[8:10] == [("C3", -5), ("Conv", -1)]
    assert wiring(apply("yamlmod: 1\nedits: [{remove: 8, from: 3}]\n", FUSION).text) == other
    assert wiring(yamlmod.load(FUSION).remove(8, sources=3).to_text()) == other
    twice = remove_text(fusion("[-1, -1]"), "8", sources=[7])
    assert wiring(twice)[8] == ("C3", -1)
    cut = remove(model(FUSION), [8], cascade=True, sources=[3])
    assert cut.removed == (7, 8)


def test_a_known_join_goes_where_the_channels_fit() -> None:
    added = SMALL.replace("[[-1, 3], 1, Concat, [1]]", "[[-1, 3], 1, Add, []]")
    assert wiring(remove_text(added, "8", sources=[7]))[8] == ("C3", -1)
    with pytest.raises(Refusal) as caught:
        remove_text(SMALL, "8", sources=[7])
    assert caught.value.code == "changes-channels"


@pytest.mark.parametrize(
    ("layers", "sources", "code"),
    [
        ([8], [7, 3], "joins-inputs"),
        ([8], [4], "joins-inputs"),
        ([8], [7, 4], "usage"),
        ([3], [2], "usage"),
        ([8, 11], [7], "joins-inputs"),
        ([13], [], "is-head"),
    ],
)
def test_a_choice_that_is_none(layers: list[int], sources: list[int], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        remove(model(FUSION), layers, sources=sources)
    assert caught.value.code == code


def test_an_insertion_with_from_and_back() -> None:
    for options in ({"after": ["9"], "sources": (9, 3)}, {"after": ["12"], "sources": (4, 12, 9)}):
        outcome = run_insert(FUSION, "Fuse", args=[], **options)
        (layer,) = outcome.inserted
        with pytest.raises(Refusal):
            remove_text(outcome.text, str(layer.index))
        source = int(options["after"][0])
        assert remove_text(outcome.text, str(layer.index), sources=[source]) == FUSION


def test_a_list_of_one_stays_a_list() -> None:
    text = FUSION.replace("[-1, 1, SPPF, [512, 5]]", "[[ -1 ], 1, Gate, [512, 5]]")
    moved = move(model(text), 5, after=2)
    assert "   [[ -1 ], 1, Gate, [512, 5]],  # 3\n" in moved.text
    assert wiring(moved.text)[2:7] == [
        ("Conv", -1),
        ("Gate", [-1]),
        ("C3", -1),
        ("Conv", -1),
        ("Conv", -1),
    ]
    assert wiring(remove_text(text, "5"))[5] == ("Conv", -1)
    kept = replace(model(text), 5, "Other")
    assert wiring(kept.text)[5] == ("Other", [-1])


def test_other_edits_keep_every_input() -> None:
    for text in (FUSION, fusion("[3, 3]"), fusion("[-1, 3, 6]")):
        before = [row[1] for row in wiring(text)]
        replaced = replace(model(text), 8, "Other", [1, 2])
        assert [row[1] for row in wiring(replaced.text)] == before
    with pytest.raises(Refusal) as caught:
        replace(model(FUSION), 8, "SimAM")
    assert caught.value.code == "joins-inputs"
    dropped = drop_head(model(FUSION), 12)
    assert wiring(dropped.text)[8] == ("MyFusion", [-1, 3])
    assert wiring(dropped.text)[-1] == ("Detect", [9])


def test_a_layer_that_no_layer_uses_goes_without_a_choice() -> None:
    text = insert_text(
        SMALL, "Fuse", args=[], after=["9"], sources=(9, 3), readers=[], allow_dead=True
    )
    assert remove_text(text, "10") == SMALL


# --- what is left of dead layers ---------------------------------------------------------------

SIDE = SMALL.replace(
    "   [[9, 12], 1, Detect", "   [11, 1, Probe, [1]],  # 13\n   [[9, 12], 1, Detect"
)


def test_a_dead_layer_that_reads_other_channels_is_reported() -> None:
    outcome = drop_head(model(SIDE), 12)
    assert outcome.removed == (10, 11, 12)
    note = next(line for line in outcome.warnings if "13 Probe" in line)
    assert "it read 11 Concat (512) and now reads 9 C3 (256)" in note


def test_a_dead_layer_that_reads_the_same_is_not() -> None:
    text = SMALL.replace(
        "   [[9, 12], 1, Detect", "   [12, 1, Probe, [1]],  # 13\n   [[9, 12], 1, Detect"
    )
    gate = insert_text(text, "SimAM", after=["12"], readers=[14])
    outcome = remove(model(gate), [13])
    assert not outcome.warnings


def test_what_another_head_reads_stays() -> None:
    text = SMALL.replace(
        "   [[9, 12], 1, Detect", "   [[9, 12], 1, Segment, [nc]],\n   [[9, 12], 1, Detect"
    )
    outcome = drop_head(model(text), 12)
    assert outcome.removed == ()
    assert wiring(outcome.text)[-2:] == [("Segment", [9, 12]), ("Detect", [9])]


# --- heads that collect their inputs (YOLOv5 v1.0) ---------------------------------------------

COLLECTS = """\
nc: 4
anchors: [[1, 2, 3, 4, 5, 6]]
backbone:
  [[-1, 1, Conv, [8]],
   [-1, 1, Mine, [27]],
   [-1, 1, Conv, [8]],
   [-1, 1, Mine, [27]]]
head:
  [[[], 1, Detect, [nc, anchors]]]
"""


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: remove(m, [1]),
        lambda m: move(m, 1, after=2),
        lambda m: replace(m, 1, "Other", [28]),
        lambda m: replace(m, 0, "Other", [27]),
    ],
)
def test_an_input_that_is_spelled_nowhere_is_kept_too(edit: Callable[[Any], Outcome]) -> None:
    with pytest.raises(Refusal) as caught:
        edit(model(COLLECTS))
    assert caught.value.code == "output-row"


# --- the proof by itself -----------------------------------------------------------------------


def _no_check(*_: object) -> dict[int, int]:
    return {}


@pytest.mark.parametrize("layer", [8, 11])
def test_the_proof_stops_a_removal_that_drops_inputs(
    monkeypatch: pytest.MonkeyPatch, layer: int
) -> None:
    monkeypatch.setattr(removable, "choose", _no_check)
    with pytest.raises(ProofFailedError, match="would read one of the inputs"):
        remove(model(FUSION), [layer])


def test_the_proof_stops_a_move_that_drops_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removable, "choose", _no_check)
    monkeypatch.setattr(move_module, "_refuse_several", _no_check)
    for text in (FUSION, fusion("[3, 3]")):
        with pytest.raises(ProofFailedError):
            move(model(text), 8, after=9)


def test_the_proof_stops_plans_that_drop_inputs() -> None:
    before = model(FUSION)
    claims = frozenset({(9, 0)})
    plans = [
        [Removal([5]), Insertion([PlannedLayer(3, "SPPF", None, frozenset(), (3, 2), moved=True)])],
        [Insertion([PlannedLayer(8, "New", [], claims, (3, 2))])],
        [DroppedInput(8, 1, None)],
        [Removal([8], ((8, 2),))],
    ]
    for steps in plans:
        with pytest.raises(ProofFailedError, match=r"input|read"):
            prove(before.document, FUSION, steps)


@pytest.mark.parametrize("edit", [lambda m: move(m, 2, after=3), lambda m: remove(m, [2])])
def test_a_module_that_joins_may_name_one_input(edit: Callable[[Any], Outcome]) -> None:
    text = (
        "nc: 4\nbackbone:\n  - [-1, 1, Conv, [64, 3, 1]]\n  - [-1, 1, Conv, [64, 3, 1]]\nhead:\n"
        "  - [[1], 1, BiFPN_Concat2, [1]]\n  - [-1, 1, SimAM, []]\n  - [[-1], 1, Detect, [nc]]\n"
    )
    with pytest.raises(Refusal) as caught:
        edit(model(text))
    assert caught.value.code == "joins-inputs"
    assert "joins inputs, of which the row names one (1 Conv); what" in caught.value.message
