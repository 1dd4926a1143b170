"""Chains that begin alike give what each gives alone, and each is proven as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pytest

from tests.ops.samples import SMALL
from yamlmod.errors import ProofFailedError, Refusal
from yamlmod.model.network import Network
from yamlmod.ops.chain import Chains, Plan, chain
from yamlmod.ops.network import read_network
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.recipe import edit_plan

_EDITS: tuple[Mapping[str, Any], ...] = (
    {"insert": "SimAM", "after": [1]},
    {"insert": "ECA", "after": [2], "keep_skips": True},
    {"replace": "C3#1", "with": "C3TR"},
    {"remove": "Nothing"},
    {"insert": "nn.Identity", "after": [1], "args": []},
)


def _model() -> Network:
    return read_network(SMALL, "model.yaml")


def _keys(edits: tuple[Mapping[str, Any], ...]) -> list[str]:
    return [repr(edit) for edit in edits]


def _plans(edits: tuple[Mapping[str, Any], ...]) -> list[Plan]:
    return [edit_plan(edit, number, "s") for number, edit in enumerate(edits, 1)]


def test_a_chain_is_as_it_is_alone() -> None:
    model = _model()
    chains = Chains(model)
    sets = [part for size in range(len(_EDITS) + 1) for part in combinations(_EDITS, size)]
    refused = 0
    for edits in [*sets, *reversed(sets)]:
        try:
            alone = chain(model, _plans(edits))
        except Refusal as error:
            refused += 1
            with pytest.raises(Refusal) as caught:
                chains.run(_keys(edits), _plans(edits))
            assert (caught.value.code, str(caught.value)) == (error.code, str(error))
            continue
        together = chains.run(_keys(edits), _plans(edits))
        assert together.outcome == alone
        assert together.model.document.text == alone.text
    assert 0 < refused < len(sets) * 2


def test_what_chains_begin_with_is_run_once() -> None:
    calls: list[str] = []

    def counted(key: str, plan: Plan) -> Plan:
        def run(model: Network) -> Outcome:
            calls.append(key)
            return plan(model)

        return run

    chains = Chains(_model())
    for size in (1, 2, 2, 3):
        keys = _keys(_EDITS[:size])
        plans = [counted(*pair) for pair in zip(keys, _plans(_EDITS[:size]), strict=True)]
        chains.run(keys, plans)
    assert calls == _keys(_EDITS[:3])


def test_a_wrong_edit_is_found_in_every_chain() -> None:
    """Planted: a plan whose text is not what its steps say."""

    def wrong(model: Network) -> Outcome:
        part = edit_plan(_EDITS[0], 1, "s")(model)
        return part._replace(text=part.text.replace("[-1, 1, SimAM", "[-2, 1, SimAM"))

    chains = Chains(_model())
    for _ in range(2):
        with pytest.raises(ProofFailedError):
            chains.run(["wrong"], [wrong])
        with pytest.raises(ProofFailedError):
            chains.run(["wrong", "more"], [wrong, edit_plan(_EDITS[1], 2, "s")])
