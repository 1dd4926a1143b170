"""Layer numbers in a fork's code: warned of where an edit changes what they mean, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from yamlmod.errors import Place, Refusal, one_of

if TYPE_CHECKING:
    from yamlmod.fork.numbers.effects import NumberedNetwork, NumberEffect
    from yamlmod.fork.numbers.findings import LayerNumber
    from yamlmod.fork.parser.locate import Fork
    from yamlmod.fork.read.network import ForkReader
    from yamlmod.ops.outcome import Outcome
    from yamlmod.workspace.tree import Tree

_MANY = 12


def layer_number_warnings(
    tree: Tree, fork: Fork, outcome: Outcome, texts: Mapping[str, str | None] | None = None
) -> list[str]:
    """Return a warning for each number in the fork's code that means another layer after an edit.

    Raises Refusal where an output goes missing. ``texts`` are the files of the fork as a plan
    will leave them.
    """
    rows = outcome.model.document.rows
    if all(old == new for old, new in enumerate(outcome.mapping)) and not outcome.inserted:
        return []
    from yamlmod.fork.numbers.effects import layer_number_effects
    from yamlmod.fork.numbers.finder import layer_numbers
    from yamlmod.fork.parser.locate import read_function

    function = read_function(tree, fork)
    findings = layer_numbers(fork.graph, fork.yolo, function, [rows[-1].module])
    if not findings:
        return []
    before, after = _networks(tree, fork, outcome, findings, texts or {})
    effects = layer_number_effects(findings, outcome.mapping, before, after)
    for effect in effects:
        if effect.refuses:
            raise _refusal(tree, effect, effects)
    lines = [_warning(tree, effect) for effect in effects]
    more = len(lines) - _MANY
    return lines if more <= 0 else [*lines[:_MANY], f"{more} more numbers mean other layers"]


def _networks(
    tree: Tree,
    fork: Fork,
    outcome: Outcome,
    findings: tuple[LayerNumber, ...],
    texts: Mapping[str, str | None],
) -> tuple[NumberedNetwork, NumberedNetwork]:
    from yamlmod.fork.read.opening import reader_of, reader_with

    document = outcome.model.document
    # The interpreter is asked only where it matters which outputs are kept.
    asks = any(one.kind in ("output", "save") for one in findings)
    after = reader_with(tree, fork, texts) if asks else None
    return (
        _network(fork, document.text, document.shown, reader_of(fork) if asks else None),
        _network(fork, outcome.text, document.shown, after),
    )


def _network(fork: Fork, text: str, shown: str, reader: ForkReader | None) -> NumberedNetwork:
    from yamlmod.fork.numbers.effects import NumberedNetwork
    from yamlmod.fork.read.problems import scales_of
    from yamlmod.model.document import parse_document
    from yamlmod.model.parse import load_as_fork

    rows = parse_document(text, shown).rows
    saved = None
    if reader is not None:
        data = load_as_fork(text, shown)
        saved = reader.read(data, scales_of(data)[0]).save
    return NumberedNetwork(
        tuple(row.module for row in rows),
        tuple(row.from_value if row.refs or row.listed else -1 for row in rows),
        None if saved is None else frozenset(saved),
        int(fork.channel_offset),
    )


def _warning(tree: Tree, effect: NumberEffect) -> str:
    place = effect.finding.place
    line = effect.finding.line_text.strip()
    advice = f". Write {effect.write} there" if _advises(effect) else ""
    return f"{tree.shown(place.path)}:{place.line}: {effect.message}{advice}: {line}"


def _refusal(tree: Tree, effect: NumberEffect, effects: tuple[NumberEffect, ...]) -> Refusal:
    finding = effect.finding
    place = Place(
        tree.shown(finding.place.path),
        finding.place.line,
        finding.place.column + 1,
        finding.line_text,
        max(1, finding.end - finding.place.column),
    )
    numbers = [
        f"{one.write} for {one.finding.number} in line {one.finding.place.line} of "
        f"{tree.shown(one.finding.place.path)}"
        for one in effects
        if _advises(one)
    ]
    then = f", and then write {one_of(numbers)}" if numbers else ", and then mend this line"
    return Refusal(
        "layer-number",
        effect.message,
        place=place,
        hint=f"run `yamlmod patch` for the code and `yamlmod insert` for the row{then}",
    )


def _advises(effect: NumberEffect) -> bool:
    return effect.write is not None and effect.write != effect.finding.number
