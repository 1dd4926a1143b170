"""Warn about layer numbers in a fork's code that mean another layer after an edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yamlmod.errors import Place, Refusal, one_of

if TYPE_CHECKING:
    from yamlmod.fork.numbers.effects import NumberedNetwork, NumberEffect
    from yamlmod.fork.numbers.findings import LayerNumber
    from yamlmod.fork.read.network import ForkReader
    from yamlmod.ops.outcome import Outcome
    from yamlmod.usecases.located_fork import LocatedFork
    from yamlmod.workspace.tree import Tree

_MANY = 12


def layer_number_warnings(
    located: LocatedFork, outcome: Outcome, before: ForkReader, after: ForkReader
) -> list[str]:
    """Return a warning for each number in the fork's code that means another layer after an edit.

    ``before`` and ``after`` read the fork as it is and as a plan will leave it. Raises Refusal
    where an output goes missing.
    """
    tree, fork = located
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
    networks = _networks(located, outcome, findings, before, after)
    effects = layer_number_effects(findings, outcome.mapping, *networks)
    for effect in effects:
        if effect.refuses:
            raise _refusal(tree, effect, effects)
    lines = [_warning(tree, effect) for effect in effects]
    more = len(lines) - _MANY
    return lines if more <= 0 else [*lines[:_MANY], f"{more} more numbers mean other layers"]


def _networks(
    located: LocatedFork,
    outcome: Outcome,
    findings: tuple[LayerNumber, ...],
    before: ForkReader,
    after: ForkReader,
) -> tuple[NumberedNetwork, NumberedNetwork]:
    document = outcome.model.document
    # The interpreter is asked only where it matters which outputs are kept.
    asks = any(finding.kind in ("output", "save") for finding in findings)
    offset = int(located.fork.channel_offset)
    return (
        _network(offset, document.text, document.shown, before if asks else None),
        _network(offset, outcome.text, document.shown, after if asks else None),
    )


def _network(offset: int, text: str, shown: str, reader: ForkReader | None) -> NumberedNetwork:
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
        offset,
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
    then = f", and then write {one_of(numbers)}" if numbers else ", and then fix this line"
    return Refusal(
        "layer-number",
        effect.message,
        place=place,
        hint=f"run `yamlmod patch` for the code and `yamlmod insert` for the row{then}",
    )


def _advises(effect: NumberEffect) -> bool:
    return effect.write is not None and effect.write != effect.finding.number
