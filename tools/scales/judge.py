"""Judge an added scale and a graft from plain YAML alone; imports nothing of yamlmod.

An old network must be found in the new one: its rows in their order, each reading the counterparts
of what it read, directly or through new layers.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

_DOUBLE = frozenset(
    {"Focus", "AConv", "ADown", "DownC", "Stem", "ReOrg", "MP", "Contract", "SPD", "space_to_depth"}
)
_FOUR = frozenset({"StemBlock", "HGStem"})
_ARG2 = frozenset(
    {
        *("Conv", "DWConv", "GhostConv", "SCDown", "RepConv", "GSConv", "CrossConv", "RepVGGBlock"),
        *("DepthSepConv", "RepVGGBlockv6", "CBH", "ConvPlus"),
        *("nn.Conv2d", "ConvBNReLU", "GhostBottleneck", "RobustConv", "RobustConv2", "LightConv"),
    }
)
_UP = frozenset({"nn.Upsample"})
_TRANSPOSED = frozenset({"nn.ConvTranspose2d", "ConvTranspose", "DWConvTranspose2d"})


@dataclass(frozen=True)
class Plain:
    """A model YAML as PyYAML reads it."""

    data: dict[str, Any]

    @classmethod
    def read(cls, text: str) -> Plain:
        return cls(yaml.load(text, Loader=yaml.CSafeLoader))

    @cached_property
    def rows(self) -> list[tuple[tuple[int, ...], Any, str, Any]]:
        rows = []
        for index, (source, number, module, args) in enumerate(
            [*self.data["backbone"], *self.data["head"]]
        ):
            values = source if isinstance(source, list) else [source]
            targets = tuple(index + v if v < 0 else v for v in values)
            rows.append((targets, number, module, args))
        return rows

    @property
    def head(self) -> tuple[int, ...]:
        return self.rows[-1][0]

    @property
    def count(self) -> int:
        """Return how many rows the backbone has."""
        return len(self.data["backbone"])

    @cached_property
    def strides(self) -> list[float]:
        found: list[float] = []
        for targets, _, module, args in self.rows:
            first = 1.0 if not targets or targets[0] < 0 else found[targets[0]]
            found.append(first * _factor(module, args))
        return found

    @cached_property
    def dead(self) -> set[int]:
        alive, waiting = set(), [len(self.rows) - 1]
        while waiting:
            layer = waiting.pop()
            if layer >= 0 and layer not in alive:
                alive.add(layer)
                waiting += self.rows[layer][0]
        return set(range(len(self.rows))) - alive

    @property
    def mixed(self) -> list[int]:
        """Return the rows that concatenate maps of different strides."""
        return [
            i
            for i, (targets, _, module, _) in enumerate(self.rows)
            if module == "Concat" and len({self.strides[t] for t in targets}) > 1
        ]

    def key(self, layer: int) -> tuple[str, str, str]:
        _, number, module, args = self.rows[layer]
        return module, str(number), str(args)


def _factor(module: str, args: Sequence[Any]) -> float:
    if module in _DOUBLE:
        return float(args[0]) if args and module in ("MP", "Contract") else 2.0
    if module in _FOUR:
        return 4.0
    if module in _ARG2:
        return float(args[2]) if len(args) > 2 and isinstance(args[2], int) else 1.0
    if module in _UP:
        return 1 / float(args[1])
    if module == "DySample":
        return 0.5
    if module in _TRANSPOSED:
        return 1 / float(args[2])
    if module == "nn.MaxPool2d":
        return float(args[1]) if len(args) > 1 else float(args[0])
    if module == "ResNetLayer":
        return 4.0 if len(args) > 3 and args[3] is True else float(args[2])
    return 1.0


class Search:
    """Finds the old network's rows in the new one, in their order; the others are new.

    A row is found where it says the same and each of its inputs leads to the counterpart of what it
    read, directly or through new rows.
    """

    def __init__(self, old: Plain, new: Plain, slots: slice) -> None:
        self.old, self.new, self.slots = old, new, slots
        self.steps = 0

    def succeeds(self) -> bool:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, 4 * len(self.new.rows) + 200))
        try:
            return self._from(0, 0, {}, {})
        finally:
            sys.setrecursionlimit(limit)

    def _from(self, old: int, new: int, place: dict[int, int], back: dict[int, int]) -> bool:
        self.steps += 1
        if self.steps > 200_000:
            return False
        if old == len(self.old.rows):
            return new == len(self.new.rows)
        if len(self.new.rows) - new < len(self.old.rows) - old:
            return False
        if self._fits(old, new, place, back):
            found = {**place, old: new}, {**back, new: old}
            if self._from(old + 1, new + 1, *found):
                return True
        return self._from(old, new + 1, place, back)

    def _fits(self, old: int, new: int, place: dict[int, int], back: dict[int, int]) -> bool:
        if self.old.key(old) != self.new.key(new):
            return False
        ours, theirs = self.old.rows[old][0], self.new.rows[new][0]
        if old == len(self.old.rows) - 1:
            theirs = theirs[self.slots]
        return len(ours) == len(theirs) and all(
            self._leads(other, -1 if one < 0 else place[one], back)
            for one, other in zip(ours, theirs, strict=True)
        )

    def _leads(self, layer: int, goal: int, back: dict[int, int]) -> bool:
        """Whether a layer is ``goal``, or new and leads there through new layers."""
        waiting, seen = [layer], set()
        while waiting:
            layer = waiting.pop()
            if layer == goal:
                return True
            if layer >= 0 and layer not in back and layer not in seen:
                seen.add(layer)
                waiting += self.new.rows[layer][0]
        return False


def judge_scale(before: str, after: str, finer: bool) -> str:
    """Return what is wrong with an added scale; empty where nothing is."""
    old, new = Plain.read(before), Plain.read(after)
    if len(new.head) != len(old.head) + 1 or old.rows[-1][1:] != new.rows[-1][1:]:
        return "the head has not one input more"
    before_strides = [old.strides[layer] for layer in old.head]
    doubled = [before_strides[0] * 2**i for i in range(len(before_strides))]
    if before_strides == doubled and doubled[0] >= 2:
        # Else there are classes whose strides the table above does not know.
        strides = [new.strides[layer] for layer in new.head]
        first = before_strides[0] / (2 if finer else 1)
        if strides != [first * 2**i for i in range(len(strides))]:
            return f"the head reads strides {strides}"
    if not Search(old, new, slice(1, None) if finer else slice(None, -1)).succeeds():
        return "the old network is not in the new one"
    if len(new.mixed) > len(old.mixed):
        return f"{new.mixed} join maps of different sizes"
    if len(new.dead) > len(old.dead):
        return f"{sorted(new.dead)} do not reach the head"
    if {row[2] for row in new.rows} != {row[2] for row in old.rows}:
        return "there are other classes"
    return _settings(old.data, new.data, finer)


def _settings(old: dict[str, Any], new: dict[str, Any], finer: bool) -> str:
    for key in old.keys() | new.keys():
        if key in ("backbone", "head"):
            continue
        if key == "anchors" and isinstance(old[key], list):
            rest = new[key][1:] if finer else new[key][:-1]
            if rest != old[key]:
                return "other rows of anchors changed"
            row, by = (new[key][0], 0.5) if finer else (new[key][-1], 2)
            pattern = old[key][0] if finer else old[key][-1]
            if any(abs(a - b * by) > 0.51 for a, b in zip(_flat(row), _flat(pattern), strict=True)):
                return f"the new anchors are {row}"
        elif old.get(key) != new.get(key):
            return f"{key} changed"
    return ""


def _flat(row: Any) -> list[float]:
    return [v for item in row for v in _flat(item)] if isinstance(row, list) else [row]


def judge_graft(neck: str, donor: str, after: str) -> str:
    """Return what is wrong with a graft; empty where nothing is."""
    old, new = Plain.read(neck), Plain.read(after)
    rows = Plain(yaml.load(donor, Loader=yaml.CSafeLoader)).data["backbone"]
    count = new.count
    if new.data["backbone"] != rows[:count]:
        return "the backbone is another one"
    by = count - old.count
    for layer in range(old.count, len(old.rows)):
        ours, theirs = old.rows[layer], new.rows[layer + by]
        if ours[1:] != theirs[1:] or len(ours[0]) != len(theirs[0]):
            return f"row {layer} changed"
        for one, other in zip(ours[0], theirs[0], strict=True):
            if one >= old.count:
                if other != one + by:
                    return f"row {layer} reads {other} instead of {one + by}"
            elif other >= count or old.strides[one] != new.strides[other]:
                return f"row {layer} reads {other}, of another stride than {one}"
    settings = {k: v for k, v in old.data.items() if k not in ("backbone", "head")}
    if settings != {k: v for k, v in new.data.items() if k not in ("backbone", "head")}:
        return "a setting changed"
    lost = {layer + by for layer in old.dead if layer >= old.count}
    return "" if new.dead <= lost else f"{sorted(new.dead - lost)} do not reach the head"
