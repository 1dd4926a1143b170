"""What edits, `show` and `check` say of a network: one answer, with several heads too."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

import yamlmod
from tests.ops.helpers import insert_text, remove_text, run_insert
from tests.ops.test_properties import nets
from yamlmod.checks.subject import Subject
from yamlmod.checks.wiring.repair import Patient
from yamlmod.errors import Refusal
from yamlmod.model.document import parse_document
from yamlmod.model.refs import IMAGE
from yamlmod.model.wiring import NOWHERE
from yamlmod.ops.network import read_network, registry_kinds

TWO_HEADS = """\
nc: 80
backbone:
  - [-1, 1, Conv, [64, 3, 2]]  # 0
  - [-1, 1, Conv, [128, 3, 2]]  # 1
head:
  - [-1, 1, C3, [128]]  # 2
  - [2, 1, Detect, [nc]]  # 3
  - [1, 1, C3, [128]]  # 4
  - [-1, 1, Detect, [nc]]  # 5
"""


def test_a_layer_that_feeds_another_head_is_alive() -> None:
    model = yamlmod.load(TWO_HEADS)
    assert [layer.alive for layer in model.layers] == [True] * 6
    assert model.check() == ()
    assert "[3, 1, Detect, [nc]]" in insert_text(TWO_HEADS, "SimAM", after=["2"])
    assert remove_text(insert_text(TWO_HEADS, "SimAM", after=["2"]), "3") == TWO_HEADS


def test_nothing_stands_behind_a_head() -> None:
    with pytest.raises(Refusal) as caught:
        insert_text(TWO_HEADS, "SimAM", after=["3"])
    assert caught.value.code == "behind-head"
    assert "3 Detect is a head, whose output no layer can take" in caught.value.message


def test_a_head_is_alive_wherever_it_is_put() -> None:
    outcome = run_insert(TWO_HEADS, "Pose", after=["4"], args=["nc"], readers=[])
    assert read_network(outcome.text, "x.yaml").alive == frozenset(range(7))
    with pytest.raises(Refusal, match="no longer reach"):
        run_insert(TWO_HEADS, "SimAM", after=["4"], readers=[])


@given(nets())
@settings(max_examples=100, deadline=None)
def test_show_and_check_speak_of_one_network(text: str) -> None:
    edited = read_network(text, "x.yaml")
    checked = Subject(parse_document(text, "x.yaml"), registry_kinds).network
    assert edited.alive == checked.alive
    assert edited.shapes == checked.shapes
    assert edited.wiring == checked.wiring


_TRIAL = """nc: 4
backbone:
  - [-1, 1, Conv, [64, 3, 2]]  # 0
  - [-1, 1, Conv, [128, 3, 2]]  # 1
  - [0, 1, Conv, [128, 3, 2]]  # 2
  - [[-1, 1], 1, Concat, [1]]  # 3
head:
  - [[2, 3], 1, Detect, [nc, anchors]]  # 4
"""


@pytest.mark.parametrize("target", [2, 3, 4, 30, NOWHERE])
def test_a_trial_read_of_a_layer_that_is_not_above_has_no_stride(target: int) -> None:
    network = read_network(_TRIAL, "x.yaml")
    strides = network.strides_with({2: (target,)})
    assert [(stride.origin, stride.factor) for stride in strides[:2]] == [(IMAGE, 2), (IMAGE, 4)]
    assert strides[2].origin == 2


@pytest.mark.parametrize("target", [4, 30, NOWHERE])
@pytest.mark.parametrize("row", [2, 3, 4])
def test_a_proposal_that_reads_nothing_above_makes_a_network_worse(row: int, target: int) -> None:
    patient = Patient(Subject(parse_document(_TRIAL, "x.yaml"), registry_kinds))
    health = patient.health({row: (target,)})
    assert health.nowhere == {row}
    assert health.is_worse_than(patient.now)
