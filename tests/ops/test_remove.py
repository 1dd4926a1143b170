"""Removal: the inverse of an insertion, and what cannot be taken out."""

from __future__ import annotations

import pytest

from tests.ops.helpers import insert_text, remove_text, wiring
from tests.ops.samples import SMALL
from yamlmod.errors import Refusal
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.remove.plan import remove


def test_the_readers_read_its_input() -> None:
    assert wiring(remove_text(SMALL, "5"))[5:] == [
        ("Conv", -1),
        ("nn.Upsample", -1),
        ("Concat", [-1, 3]),
        ("C3", -1),
        ("Conv", -1),
        ("Concat", [-1, 5]),
        ("C3", -1),
        ("Detect", [8, 11]),
    ]


def test_several_at_once_is_the_same_as_one_by_one() -> None:
    text = insert_text(SMALL, "New", at=[2, 4, 6, 13], args=[])
    assert remove_text(text, "2", "5", "8", "16") == SMALL
    assert remove_text(remove_text(remove_text(remove_text(text, "16"), "8"), "5"), "2") == SMALL


@pytest.mark.parametrize(
    ("layer", "code"),
    [
        ("13", "is-head"),
        ("8", "joins-inputs"),
        ("2", "changes-stride"),
        ("7", "changes-stride"),
        ("6", "changes-channels"),
    ],
)
def test_refusals(layer: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        remove_text(SMALL, layer)
    assert caught.value.code == code
    assert caught.value.place is not None


def test_a_table_must_not_run_empty() -> None:
    text = "nc: 1\nbackbone:\n  [[-1, 1, New, []]]\nhead:\n  [[-1, 1, Detect, [nc]]]\n"
    with pytest.raises(Refusal) as caught:
        remove_text(text, "0")
    assert caught.value.code == "empty-table"


def test_an_unknown_module_goes_with_a_warning() -> None:
    model = read_network(insert_text(SMALL, "New", at=[3], args=[]), "model.yaml")
    assert any("assumed to keep" in warning for warning in remove(model, [3]).warnings)


def test_a_list_that_names_one_layer_twice_is_reported() -> None:
    text = SMALL.replace("[[-1, 3], 1, Concat", "[[5, 4], 1, Concat")
    model = read_network(text, "model.yaml")
    outcome = remove(model, [5])
    assert any("layer 4 twice" in warning for warning in outcome.warnings)


def test_only_layer_0_reads_the_image() -> None:
    text = SMALL.replace("[[-1, 3], 1, Concat", "[[-1, 0], 1, Concat")
    text = text.replace("Conv, [64, 6, 2, 2]", "New, []")
    with pytest.raises(Refusal) as caught:
        remove_text(text, "0")
    assert caught.value.code == "reads-image"
