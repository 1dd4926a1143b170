"""Put classes into a collection that parse_model tests, and take them out again."""

from __future__ import annotations

from collections.abc import Sequence

from yamlmod.fork.parser.parse_model import Function, Literal
from yamlmod.fork.patch.plan import PatchChange, Step
from yamlmod.fork.patch.proof import member
from yamlmod.fork.python.comma_list import class_name, literal_listing
from yamlmod.fork.python.source import Source
from yamlmod.registry.rules import TESTED_BLOCKS


def join(function: Function, literal: Literal, names: Sequence[str], what: str) -> PatchChange:
    """Return the change that adds the names that a collection lacks.

    They go to its end, but never behind a block alone: by that a test that was widened is told.
    """
    source = function.source
    listing = literal_listing(source, literal)
    new = [name for name in names if name not in listing.names()]
    if not new:
        return PatchChange()
    ends_in_block = class_name(literal.elts[-1]) in TESTED_BLOCKS
    edits = listing.insert([(name, name) for name in new], front=ends_in_block)
    steps = tuple(
        Step(
            "branch",
            source.path,
            listing.line(),
            f"{name} joins {what} in {function.node.name} of {source.shown}",
        )
        for name in new
    )
    return PatchChange(tuple(edits), steps, tuple(member(name) for name in new))


def leave(source: Source, literal: Literal, gone: set[str], what: str) -> PatchChange:
    """Return the change that takes the names out that are in a collection."""
    listing = literal_listing(source, literal)
    ours = [name for name in listing.names() if name in gone]
    if not ours:
        return PatchChange()
    steps = tuple(
        Step("branch", source.path, listing.line(), f"{name} leaves {what} in {source.shown}")
        for name in ours
    )
    return PatchChange(tuple(listing.remove(ours)), steps, (), tuple(member(name) for name in ours))
