"""`--edge A:B --at-end`: rows directly before B; removed again, the bytes are the old ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ops.samples import SMALL, SPELLINGS
from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.model.refs import SpellingRule
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.insert.plan import insert
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.operations.remove.plan import remove
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.positions import resolve_positions


def _at_end(model: Network, edges: list[str], rule: SpellingRule | None = None) -> Outcome:
    positions = tuple(resolve_positions(model, edge=edges, at_end=True))
    request = Request("SimAM", positions)
    return insert(model, request if rule is None else request._replace(spelling=rule))


def _edges_to(model: Network, reader: int) -> list[str]:
    reads = model.graph.reads[reader]
    return [f"{read.target}:{reader}" for read in reads if read.target >= 0]


def test_only_the_head_gets_another_number() -> None:
    model = read_network(SMALL, "x.yaml")
    head = model.graph.head
    edges = _edges_to(model, head)
    outcome = _at_end(model, edges)
    assert outcome.mapping == (*range(head), head + len(edges))
    after = read_network(outcome.text, "x.yaml")
    reads = [read.target for read in after.graph.reads[after.graph.head]]
    assert reads == list(range(head, head + len(edges)))
    sources = [after.graph.reads[layer][0].target for layer in reads]
    assert sources == [read.target for read in model.graph.reads[head]]
    assert all(not after.document.rows[layer].listed for layer in reads)


@pytest.mark.parametrize("text", [item[0] for item in SPELLINGS.values()], ids=SPELLINGS.keys())
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_removing_gives_the_bytes_back(text: str, data: st.DataObject) -> None:
    model = read_network(text, "x.yaml")
    readers = [reader for reader in range(1, len(model.document.rows)) if _edges_to(model, reader)]
    reader = data.draw(st.sampled_from(readers))
    edges = data.draw(st.lists(st.sampled_from(_edges_to(model, reader)), min_size=1, unique=True))
    try:
        outcome = _at_end(model, edges)
    except Refusal:
        return
    grown = read_network(outcome.text, "x.yaml")
    assert all(old == new for old, new in enumerate(outcome.mapping[:reader]))
    layers = [layer.index for layer in outcome.inserted]
    assert remove(grown, layers).text == text


def test_a_fork_that_misreads_positive_numbers_gets_negative_ones() -> None:
    model = read_network(SMALL, "x.yaml")
    edge = _edges_to(model, model.graph.head)[0]
    outcome = _at_end(model, [edge], SpellingRule(positive_single=False))
    row = read_network(outcome.text, "x.yaml").document.rows[outcome.inserted[0].index]
    assert isinstance(row.from_value, int) and row.from_value < -1


@pytest.mark.parametrize("others", [{"at": [3]}, {"after": ["3"]}, {}])
def test_it_goes_with_edge_alone(others: dict[str, list[str]]) -> None:
    model = read_network(SMALL, "x.yaml")
    edge = _edges_to(model, model.graph.head)[:1] if others else []
    with pytest.raises(Refusal, match="--at-end goes with --edge"):
        resolve_positions(model, edge=edge, at_end=True, **others)  # type: ignore[arg-type]
