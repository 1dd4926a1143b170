"""Parse functions that number layers in another way than rows: no reference could be proven."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from yamlmod.errors import Refusal
from yamlmod.fork.parser.locate import Fork
from yamlmod.model.refs import SpellingRule
from yamlmod.workspace.tree import Tree

if TYPE_CHECKING:
    from yamlmod.model.network import Network
    from yamlmod.ops.operations.insert.request import Request


def spelling_of(fork: Fork) -> SpellingRule:
    """Return which `from` spellings the fork's parse_model reads right."""
    return SpellingRule(fork.single_positive_ok, fork.negative_in_list_ok, fork.negative_in_head_ok)


def refuse_index_offset(
    fork: Fork,
    tree: Tree,
    text: str,
    shown: str,
    texts: Mapping[str, str | None] | None = None,
    certain: bool = False,
) -> None:
    """Refuse a YAML whose layers get other numbers than its rows: no reference could be proven.

    ``texts`` are the files of the fork as a plan will leave them; ``certain`` lets pass what is
    not known.
    """
    if not fork.index_offset:
        return
    from yamlmod.fork.read.numbering import offset_reason
    from yamlmod.fork.read.opening import reader_of, reader_with
    from yamlmod.fork.read.problems import scales_of
    from yamlmod.model.parse import load_as_fork

    data = load_as_fork(text, shown)
    rows = sum(len(data.get(name) or ()) for name in ("backbone", "head"))
    reader = reader_with(tree, fork, texts) if texts else reader_of(fork)
    for scale in scales_of(data):
        reason = offset_reason(reader.read(data, scale), rows, certain)
        if reason:
            raise _offset_refusal(fork, tree, shown, reason)


@contextmanager
def offset_as_cause(
    fork: Fork,
    tree: Tree,
    model: Network,
    request: Request,
    texts: Mapping[str, str | None] | None = None,
) -> Iterator[None]:
    """Name the numbering where it is why no row fits: behind it every reference leads elsewhere."""
    try:
        yield
    except Refusal:
        if fork.index_offset:
            from yamlmod.ops.operations.insert.plan import plan_insert

            probe = plan_insert(model, replace(request, placed=((),) * len(request.positions)))
            refuse_index_offset(fork, tree, probe.text, model.document.shown, texts, certain=True)
        raise


def _offset_refusal(fork: Fork, tree: Tree, shown: str, reason: str) -> Refusal:
    return Refusal(
        "offset-indices",
        f"{fork.function.name} in {tree.shown(fork.yolo)} can give layers other numbers than "
        f"their rows have; in {shown} {reason}. So no reference can be proven",
        hint="patch the Python half alone with `yamlmod patch` and write the row by hand",
    )
