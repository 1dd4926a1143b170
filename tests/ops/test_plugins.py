"""An operation is a folder: a made-up one runs from a recipe, and the proof confirms it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import yamlmod
from tests.ops.helpers import wiring
from tests.ops.samples import SMALL
from yamlmod.errors import ProofFailedError, Refusal
from yamlmod.ops import operations
from yamlmod.ops.operation import all_operations

_REPLAY = """
from typing import NamedTuple


class Swap(NamedTuple):
    upper: int

    def replay(self, net):
        upper, lower = net.order[self.upper : self.upper + 2]
        net.rows[upper][1:], net.rows[lower][1:] = net.rows[lower][1:], net.rows[upper][1:]
"""
_PLAN = """
from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Refusal
from yamlmod.ops.operation import Operation
from yamlmod.ops.operations.swap.replay import Swap
from yamlmod.ops.outcome import Outcome


def plan(model, options):
    layer = options.layer(model, "swap")
    if layer == model.graph.head:
        raise Refusal("no-layer-below", "nothing stands below the head")
    text, rows = model.document.text, model.document.rows
    spans = [(rows[i].spans[1][0], rows[i].spans[3][1]) for i in (layer, layer + 1)]
    edits = [Edit(*spans[i], text[slice(*spans[1 - i])]) for i in range(2)]
    if options.flag("half"):  # a mistake for the proof to see
        del edits[1]
    steps, mapping = (Swap(layer),), tuple(range(len(rows)))
    return Outcome(model, apply_edits(text, edits), steps=steps, mapping=mapping)


OPERATION = Operation("swap", ("half",), plan)
"""


@pytest.fixture(autouse=True)
def _swap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "swap"
    folder.mkdir()
    for name, text in (("__init__", ""), ("plan", _PLAN), ("replay", _REPLAY)):
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(operations, "__path__", [*operations.__path__, str(tmp_path)])
    all_operations.cache_clear()
    yield
    all_operations.cache_clear()
    for name in [name for name in sys.modules if name.startswith("yamlmod.ops.operations.swap")]:
        del sys.modules[name]


def _apply(edits: str) -> str:
    return yamlmod.load(SMALL).apply(f"yamlmod: 1\nedits: [{edits}]\n").to_text()


def test_it_runs_from_a_recipe_and_is_proven() -> None:
    before, after = wiring(SMALL), wiring(_apply("{swap: 4}"))
    expected = [(before[5][0], before[4][1]), (before[4][0], before[5][1])]
    assert after == [*before[:4], *expected, *before[6:]]
    assert _apply("{swap: 4}, {swap: 4}") == SMALL


def test_it_stands_among_the_others_in_one_proof() -> None:
    edits = "{insert: SimAM, after: 3, keep_skips: true}, {swap: 4}, {remove: SimAM}"
    assert wiring(_apply(edits)) == wiring(SMALL)
    assert wiring(_apply(f"{edits}, {{swap: 4}}")) == wiring(_apply("{swap: 4}")) != wiring(SMALL)


def test_the_proof_refuses_another_text() -> None:
    with pytest.raises(ProofFailedError, match="layer 5 is"):
        _apply("{swap: 4, half: true}")


@pytest.mark.parametrize(
    ("edit", "code", "message"),
    [
        ("{swap: 4, more: 1}", "bad-recipe", "edit 1: swap has no option more; it has half"),
        ("{swap: 4, half: 2}", "bad-recipe", "edit 1: half must be true or false"),
        ("{swap: [4, 5]}", "bad-recipe", "edit 1: swap takes exactly one layer"),
        ("{swap: Detect}", "no-layer-below", "edit 1 (swap Detect): nothing stands below"),
        ("{turn: 4}", "bad-recipe", "insert, move, remove, replace, swap"),
    ],
)
def test_its_keys_are_read_as_those_of_the_others(edit: str, code: str, message: str) -> None:
    with pytest.raises(Refusal) as caught:
        _apply(edit)
    assert caught.value.code == code
    assert message in caught.value.message
