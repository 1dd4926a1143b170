"""Parse functions that number layers in another way than rows: no reference could be proven."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from yamlmod.errors import Refusal
from yamlmod.fork.parser.locate import ForkFacts
from yamlmod.model.refs import SpellingRule
from yamlmod.usecases.located_fork import LocatedFork

if TYPE_CHECKING:
    from yamlmod.fork.read.network import ForkReader
    from yamlmod.model.network import Network
    from yamlmod.ops.operations.insert.request import Request


def spelling_of(fork: ForkFacts) -> SpellingRule:
    """Return which `from` spellings the fork's parse_model reads right."""
    return SpellingRule(fork.single_positive_ok, fork.negative_in_list_ok, fork.negative_in_head_ok)


def refuse_index_offset(
    located: LocatedFork,
    text: str,
    shown: str,
    reader: ForkReader | None = None,
    certain: bool = False,
) -> None:
    """Refuse a YAML whose layers get other numbers than its rows: no reference could be proven.

    ``reader`` reads the fork as a plan will leave it; ``certain`` lets pass what is not known.
    """
    fork = located.fork
    if not fork.index_offset:
        return
    from yamlmod.fork.read.numbering import offset_reason
    from yamlmod.fork.read.opening import reader_of
    from yamlmod.fork.read.problems import scales_of
    from yamlmod.model.parse import load_as_fork

    data = load_as_fork(text, shown)
    rows = sum(len(data.get(name) or ()) for name in ("backbone", "head"))
    reader = reader or reader_of(fork)
    for scale in scales_of(data):
        reason = offset_reason(reader.read(data, scale), rows, certain)
        if reason:
            raise _offset_refusal(located, shown, reason)


@contextmanager
def offset_as_cause(
    located: LocatedFork, model: Network, request: Request, reader: ForkReader | None = None
) -> Iterator[None]:
    """Name the numbering where it is why no row fits: every reference after it leads elsewhere."""
    try:
        yield
    except Refusal:
        if located.fork.index_offset:
            from yamlmod.ops.operations.insert.plan import plan_insert

            probe = plan_insert(model, request._replace(placed=((),) * len(request.positions)))
            refuse_index_offset(located, probe.text, model.document.shown, reader, certain=True)
        raise


def _offset_refusal(located: LocatedFork, shown: str, reason: str) -> Refusal:
    tree, fork = located
    return Refusal(
        "offset-indices",
        f"{fork.function.name} in {tree.shown(fork.yolo)} can give layers other numbers than "
        f"their rows have; in {shown} {reason}. So no reference can be proven",
        hint="patch the code alone with `yamlmod patch` and write the row by hand",
    )
