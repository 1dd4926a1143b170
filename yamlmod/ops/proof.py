"""Prove an edit before it is written: replay it on plain lists, and contract the new layers.

Nothing here uses Document, spans or the shift arithmetic of the operations: each step replays
itself on labels (`labels.py`). No `assert`: the proof also runs under `python -O`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from yamlmod.errors import ProofFailedError, Refusal
from yamlmod.model.document import Document
from yamlmod.model.known_modules import SIDE_EFFECT
from yamlmod.model.parse import load_as_fork
from yamlmod.model.refs import ANY_SPELLING, SpellingRule
from yamlmod.ops.labels import LabelNet, ReplayStep, table_rows


def prove(
    document: Document, text: str, steps: Sequence[ReplayStep], rule: SpellingRule = ANY_SPELLING
) -> None:
    """Raise ProofFailedError unless ``text`` is the document after exactly these steps.

    Raises Refusal where the document itself does not load, and where the text grew too large.
    """
    old = load_as_fork(document.text, document.shown)
    new = _load(text, document)
    compare(old, new, document.shown, steps, rule)


def compare(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    shown: str,
    steps: Sequence[ReplayStep],
    rule: SpellingRule = ANY_SPELLING,
) -> None:
    """Raise ProofFailedError unless ``new`` is the plain data ``old`` after exactly these steps."""
    net = LabelNet(old, SIDE_EFFECT)
    for step in steps:
        step.replay(net)
        net.respell(rule.misreads)
    _compare(net.written(), table_rows(new), shown)
    if not _same(net.settings, {**new, "backbone": None, "head": None}, loose=False):
        raise ProofFailedError(f"{shown}: a value outside the tables changed")


def _load(text: str, document: Document) -> Mapping[str, Any]:
    try:
        return load_as_fork(text, document.shown)
    except Refusal as error:
        if error.code in ("too-large", "too-deep"):
            raise  # the bounds of the reader, not a mistake of the edit
        place = error.place
        if place is not None and place.excerpt[(place.column or 1) - 1 :].startswith("\t"):
            # Whether YAML takes a tab for a blank depends on the text around it.
            raise Refusal(
                "tab",
                "the edited file would not parse because of this tab",
                place=place,
                hint="replace it with spaces first",
            ) from error
        raise ProofFailedError(
            f"the new text does not load: {error.message}", place=error.place
        ) from error


def _compare(wanted: Sequence[list[Any]], rows: Sequence[list[Any]], shown: str) -> None:
    if len(wanted) != len(rows):
        raise ProofFailedError(f"{shown}: {len(rows)} rows instead of {len(wanted)}")
    for position, (planned, row) in enumerate(zip(wanted, rows, strict=True)):
        if not _same(planned, row):
            raise ProofFailedError(f"{shown}: layer {position} is {row}, but {planned} was planned")


def _same(first: Any, second: Any, loose: bool = True) -> bool:
    """Whether two values are equal and of one type; if ``loose``, `None` may be spelled."""
    if loose and first is None and second == "None":
        return True
    if type(first) is not type(second):
        return False
    if isinstance(first, list):
        return len(first) == len(second) and all(
            _same(*pair, loose) for pair in zip(first, second, strict=True)
        )
    if isinstance(first, dict):
        return list(first) == list(second) and all(_same(first[k], second[k], loose) for k in first)
    return bool(first == second) or (
        first != first and second != second
    )  # .nan is the same as .nan
