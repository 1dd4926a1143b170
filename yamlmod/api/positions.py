"""Positions of a new layer as Python arguments: one selector or several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.usecases.insertion import InsertionWords

Where = int | str | Sequence[int | str] | None
"""One selector or several: an index, or any word the command line takes (`SPPF`, `C3#2`, `P3`)."""


def insertion(
    at: Where,
    after: Where,
    before: Where,
    edge: str | Sequence[str] | None,
    args: Sequence[Any] | None,
    keep_skips: bool,
    readers: Where,
    sources: Where,
    allow_dead: bool,
) -> InsertionWords:
    """Return an insertion from the arguments of `insert` and `add`."""
    numbers = words_of(at)
    if any(not word.lstrip("-").isdigit() for word in numbers):
        raise Refusal("usage", f"at={at!r}: at takes layer numbers; after takes names")
    return InsertionWords(
        at=[int(word) for word in numbers],
        after=words_of(after),
        before=words_of(before),
        edge=words_of(edge),
        args=args,
        keep_skips=keep_skips,
        readers=None if readers is None else words_of(readers),
        allow_dead=allow_dead,
        sources=None if sources is None else words_of(sources),
    )


def words_of(where: Where) -> list[str]:
    """Return selectors as the command line spells them."""
    if where is None:
        return []
    items: Iterable[int | str] = [where] if isinstance(where, (int, str)) else where
    return [str(item) for item in items]
