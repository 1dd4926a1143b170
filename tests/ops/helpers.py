"""Short ways to run an operation on text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yamlmod.ops.network import read_network
from yamlmod.ops.operations.insert.plan import insert
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.operations.remove.plan import remove
from yamlmod.ops.outcome import Outcome
from yamlmod.ops.positions import resolve_positions


def run_insert(
    text: str,
    module: str,
    *,
    at: Sequence[int] = (),
    after: Sequence[str] = (),
    before: Sequence[str] = (),
    edge: Sequence[str] = (),
    readers: Sequence[int] | None = None,
    **options: Any,
) -> Outcome:
    """Insert ``module`` into ``text`` and return the outcome."""
    model = read_network(text, "model.yaml")
    positions = tuple(resolve_positions(model, at, after, before, edge))
    chosen = None if readers is None else tuple(readers)
    return insert(model, Request(module, positions, readers=chosen, **options))


def insert_text(text: str, module: str, **options: Any) -> str:
    """Insert ``module`` into ``text`` and return the new text."""
    return run_insert(text, module, **options).text


def remove_text(text: str, *selectors: str, sources: Sequence[int] = ()) -> str:
    """Remove layers from ``text`` and return the new text."""
    model = read_network(text, "model.yaml")
    return remove(model, [model.select(word) for word in selectors], sources=sources).text


def wiring(text: str) -> list[tuple[str, int | list[int]]]:
    """Return each layer's module and `from`."""
    rows = read_network(text, "model.yaml").document.rows
    return [(row.module, row.from_value) for row in rows]
