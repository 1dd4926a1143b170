"""Find regions with one entry and one exit: parallel branches that a join brings together."""

from __future__ import annotations

from collections.abc import Sequence

from yamlmod.picture.scene import Scene

Unit = tuple[int, ...]
"""Positions of nodes that are drawn together, in the order of the file."""

_MOST_UNITS = 40
_LEAST_LAYERS = 3
_ROUNDS = 4


def units_of(scene: Scene) -> list[Unit]:
    """Return the nodes in order, those of a region as one unit."""
    folder = _Folder(scene)
    for _ in range(_ROUNDS):
        if not folder.round():
            break
    return folder.units


class _Folder:
    """The units found so far, and how they are connected."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.units: list[Unit] = [(position,) for position in range(len(scene.nodes))]
        touched = {end for link in scene.links if link.change for end in link[:2]}
        self.is_open = [
            bool(node.is_head or node.change or node.is_dead or node.severity)
            or position in touched
            or position == 0
            for position, node in enumerate(scene.nodes)
        ]
        self._connect()

    def _connect(self) -> None:
        owner = {node: unit for unit, nodes in enumerate(self.units) for node in nodes}
        self.inputs: list[set[int]] = [set() for _ in self.units]
        self.readers: list[set[int]] = [set() for _ in self.units]
        for link in self.scene.links:
            source, target = owner[link.source], owner[link.target]
            if source != target:
                self.inputs[target].add(source)
                self.readers[source].add(target)

    def round(self) -> bool:
        """Fold every region once, in the order of the file; return whether there was one."""
        folded: list[Unit] = []
        end = 0
        taken: list[tuple[int, int]] = []
        for unit in range(len(self.units)):
            start = self._start(unit)
            if start is not None and start >= end:
                end = self._with_transition(unit) + 1
                taken.append((start, end))
        at = 0
        for start, stop in taken:
            folded += self.units[at:start]
            folded.append(tuple(node for unit in self.units[start:stop] for node in unit))
            at = stop
        self.units = folded + self.units[at:]
        if taken:
            self._connect()
        return bool(taken)

    def _start(self, exit_unit: int) -> int | None:
        """Return the first unit of the smallest region that ends here, None if there is none."""
        wanted = self.inputs[exit_unit]
        if len(wanted) < 2 or self._is_closed(exit_unit):
            return None
        loose: int | None = None
        outside: set[int] = set()
        readers: set[int] = set()
        count = len(self.units[exit_unit])
        for start in range(exit_unit - 1, max(0, exit_unit - _MOST_UNITS), -1):
            if self._is_closed(start):
                break
            outside = (outside | self.inputs[start]) - {start}
            readers |= self.readers[start]
            count += len(self.units[start])
            if len(outside) != 1 or count < _LEAST_LAYERS:
                continue
            (entry,) = outside
            inside = {source for source in wanted if source >= start or source == entry}
            if not readers or max(readers) > exit_unit or min(readers) < start or len(inside) < 2:
                continue
            if not self._keeps_strides(entry, start, exit_unit):
                continue
            if inside == wanted:
                return start
            if loose is None:
                loose = start
        return loose

    def _is_closed(self, unit: int) -> bool:
        return any(self.is_open[node] for node in self.units[unit])

    def _keeps_strides(self, entry: int, start: int, stop: int) -> bool:
        """Check that no layer leaves the strides of entry and exit: a pyramid is no region."""
        ends = {self._stride(entry), self._stride(stop)}
        nodes = (node for unit in self.units[start:stop] for node in unit)
        strides = {self.scene.nodes[node].stride for node in nodes} - {None}
        return strides <= ends

    def _stride(self, unit: int) -> float | None:
        return self.scene.nodes[self.units[unit][-1]].stride

    def _with_transition(self, unit: int) -> int:
        """Return the unit, or the convolution after it that only brings the channels together."""
        after = unit + 1
        if after >= len(self.units) or len(self.units[after]) > 1 or self._is_closed(after):
            return unit
        nodes = self.scene.nodes
        is_join = nodes[self.units[unit][-1]].module == "Concat"
        is_conv = nodes[self.units[after][0]].category == "conv"
        alone = self.readers[unit] == {after} and self.inputs[after] == {unit}
        same = self._stride(unit) == self._stride(after)
        return after if is_join and is_conv and alone and same else unit


def group_name(scene: Scene, unit: Sequence[int]) -> str:
    """Return the modules of a unit with their counts, in the order of the file."""
    counts: dict[str, int] = {}
    for node in unit:
        module = scene.nodes[node].module
        counts[module] = counts.get(module, 0) + 1
    parts = [f"{module} ×{n}" if n > 1 else module for module, n in counts.items()]
    return ", ".join(parts[:3]) + (", …" if len(parts) > 3 else "")
