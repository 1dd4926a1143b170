"""Compute the effect of a YAML edit on the layer numbers in a fork's code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from yamlmod.fork.numbers.findings import LayerNumber

Mapping = Sequence[int | None]


@dataclass(frozen=True)
class NumberedNetwork:
    """The layers of a YAML: modules and `from`, and which of them the fork keeps (None: unknown).

    ``channel_offset``: entry x + 1 of the fork's list of channels belongs to layer x.
    """

    modules: tuple[str, ...]
    sources: tuple[int | list[int], ...]
    saved: frozenset[int] | None = None
    channel_offset: int = 0

    def layer(self, number: int) -> int | None:
        """Return the layer that a number names, counted from the end where it is negative."""
        layer = number if number >= 0 else number + len(self.modules)
        return layer if 0 <= layer < len(self.modules) else None

    def describe(self, layer: int | None) -> str:
        """Return a layer as messages name it."""
        return "no layer" if layer is None else f"layer {layer} {self.modules[layer]}"


@dataclass(frozen=True)
class NumberEffect:
    """One number that means something else after the edit; ``write`` is the one to write."""

    finding: LayerNumber
    message: str
    refuses: bool = False
    write: int | None = None


@dataclass(frozen=True)
class _Edit:
    mapping: Mapping
    before: NumberedNetwork
    after: NumberedNetwork
    findings: tuple[LayerNumber, ...]

    def changes(self) -> bool:
        """Check whether any layer has another number, or there are more or fewer."""
        same = all(old == new for old, new in enumerate(self.mapping))
        return not same or len(self.before.modules) != len(self.after.modules)

    def kept(self, finding: LayerNumber, network: NumberedNetwork, layer: int) -> bool | None:
        """Check whether a list holds the output of a layer, None where that is not known."""
        if finding.kept.all or layer in finding.kept.numbers:
            return True
        if finding.kept.saved:
            added = {network.layer(one.number) for one in self.findings if one.kind == "save"}
            if layer in added or layer in (network.saved or ()):
                return True
            if network.saved is None:
                return None
        return None if finding.kept.unknown else False


def layer_number_effects(
    findings: Sequence[LayerNumber],
    mapping: Mapping,
    before: NumberedNetwork,
    after: NumberedNetwork,
) -> tuple[NumberEffect, ...]:
    """Return which numbers mean another layer after an edit, and which outputs go missing.

    ``mapping`` gives for each old layer its new number, None where it is gone.
    """
    edit = _Edit(mapping, before, after, tuple(findings))
    if not edit.changes():
        return ()
    effects = (_effect(edit, finding) for finding in findings)
    return tuple(effect for effect in effects if effect is not None)


def _effect(edit: _Edit, finding: LayerNumber) -> NumberEffect | None:
    if finding.kind == "source":
        return _source(edit, finding)
    if finding.relative:
        text = f"{finding.number} counts back from the current layer, but layers have moved"
        return NumberEffect(finding, f"{text}: check whether it still refers to the right one")
    return _limit(edit, finding) if finding.bound else _exact(edit, finding)


def _exact(edit: _Edit, finding: LayerNumber) -> NumberEffect | None:
    offset = edit.before.channel_offset if finding.kind == "channel" else 0
    number = finding.number - offset
    old, new = edit.before.layer(number), edit.after.layer(number)
    if old is None:
        return _new_meaning(edit, finding, new)
    now = edit.mapping[old]
    write = None if now is None else now + offset
    if write is not None and finding.number < 0:
        write -= len(edit.after.modules)
    lost = _lost(edit, finding, old, now, new)
    if now == new and not lost:
        return None
    return NumberEffect(finding, _sentence(edit, finding, old, new) + lost, bool(lost), write)


def _new_meaning(edit: _Edit, finding: LayerNumber, new: int | None) -> NumberEffect | None:
    if new is None or finding.kind in ("output", "layer", "channel"):
        return None  # the fork did not run with this YAML, or not this line
    layer = edit.after.describe(new)
    text = f"{finding.number} refers to no layer before the edit, and to {layer} after it"
    return NumberEffect(finding, text)


def _sentence(edit: _Edit, finding: LayerNumber, old: int, new: int | None) -> str:
    now = edit.mapping[old]
    text = f"{finding.number} names {edit.before.describe(old)}"
    if now is None:
        return f"{text}, which is removed, and to {edit.after.describe(new)} after the edit"
    if now == new:
        return text
    return f"{text}, which becomes layer {now}; it will refer to {edit.after.describe(new)}"


def _lost(edit: _Edit, finding: LayerNumber, old: int, now: int | None, new: int | None) -> str:
    """Return what goes missing, empty where nothing does."""
    if finding.kind in ("output", "layer") and new is None:
        return ", which is past the end"
    if finding.kind == "output" and new is not None:
        missing = edit.kept(finding, edit.after, new) is False
        if missing and edit.kept(finding, edit.before, old) is not False:
            return f"; the output of layer {new} is not kept, and None is read"
    if finding.kind == "save" and now is not None and now != new:
        reads = any(one.kind == "output" and one.kept.saved for one in edit.findings)
        if reads and now not in (edit.after.saved or ()):
            return f"; the output of layer {now} is no longer kept"
    return ""


def _limit(edit: _Edit, finding: LayerNumber) -> NumberEffect | None:
    size, later = len(edit.before.modules), len(edit.after.modules)
    old = finding.number if finding.number >= 0 else finding.number + size
    new = finding.number if finding.number >= 0 else finding.number + later
    if not 0 <= old <= size:
        return None
    below = [one for one in edit.mapping[:old] if one is not None]
    above = [one for one in edit.mapping[old:] if one is not None]
    low = max(below, default=-1) + 1
    high = min(above, default=later)
    if low <= new <= high:
        return None
    text = f"{finding.number} is a limit: {_side(edit, old)}"
    if low > high:
        return NumberEffect(finding, f"{text}; no number separates them after the edit")
    write = low if finding.number >= 0 else low - later
    return NumberEffect(finding, f"{text}; it then comes {_side_after(edit, new)}", write=write)


def _side(edit: _Edit, old: int) -> str:
    if old == 0:
        return f"{edit.before.describe(0)} is the first after it"
    return f"{edit.before.describe(old - 1)} is the last before it"


def _side_after(edit: _Edit, new: int) -> str:
    last = edit.after.layer(min(new, len(edit.after.modules)) - 1)
    return "before all layers" if new <= 0 else f"after {edit.after.describe(last)}"


_HOLDS: dict[str, Callable[[int, int], bool]] = {
    "==": lambda value, number: value == number,
    "<": lambda value, number: value < number,
    "<=": lambda value, number: value <= number,
    ">": lambda value, number: value > number,
    ">=": lambda value, number: value >= number,
}


def _source(edit: _Edit, finding: LayerNumber) -> NumberEffect | None:
    """Compare the rows that a test of `from` holds for."""

    def rows(network: NumberedNetwork) -> set[int]:
        return {row for row, value in enumerate(network.sources) if _holds(finding, value)}

    old, new = rows(edit.before), rows(edit.after)
    wanted = {edit.mapping[row] for row in old} - {None}
    if wanted == new:
        return None
    missed = sorted(row for row in wanted if row is not None and row not in new)
    text = f"the test of `from` against {finding.number}"
    if missed:
        row = missed[0]
        text += f" is no longer true for {edit.after.describe(row)}"
        text += f", whose `from` will be {edit.after.sources[row]}"
    else:
        text += f" is true for {edit.after.describe(min(new - wanted))} too"
    # A negative number marks a row: another input is taken for it, which nothing else tells.
    spelled = {str(edit.after.sources[row]): edit.after.sources[row] for row in missed}
    write = next(iter(spelled.values())) if len(spelled) == 1 else None
    return NumberEffect(
        finding, text, finding.number < 0, write if isinstance(write, int) else None
    )


def _holds(finding: LayerNumber, value: int | list[int]) -> bool:
    holds = _HOLDS.get(finding.operator, _HOLDS["=="])
    return any(
        holds(one, finding.number) for one in (value if isinstance(value, list) else [value])
    )
