"""Map the branches of a layer of several inputs: each follows its input to the edited network.

A head has one branch for each scale, by the number of its input. A scale that is dropped or added
renumbers the others.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from .inputs import FedLayer

_IMAGE = 256.0  # the side of the image that layers are run on


class Joint(NamedTuple):
    """A layer whose inputs differ in the two networks.

    ``reads`` are the layers that it read. ``sources`` and ``origins`` are the old and the new
    inputs, both by the numbers of the old network, without layers that only one network has; an
    input that is new has None. ``strides`` are those that the YAMLs tell.
    """

    old: int
    new: int
    reads: List[int]
    sources: List[Optional[int]]
    origins: List[Optional[int]]
    strides: Tuple[List[Optional[float]], List[Optional[float]]]


class BranchPlace(NamedTuple):
    """Where a tensor goes within its layer: a name, or why there is none."""

    name: Optional[str]
    reason: str = ""


class Branches:
    """How the branches of one layer are numbered in the edited network."""

    def __init__(self, joint: Joint, old: FedLayer, new: FedLayer) -> None:
        self.joint = joint
        self.strides = _strides(joint.strides[0], old.sizes, new.sizes)
        after = _strides(joint.strides[1], new.sizes, old.sizes)
        same = _same_layers(joint)
        alike = _shifted(same, self.strides, after) and _widths_equal(same, old, new)
        self.inputs = same if alike else match_inputs(joint, same, self.strides, after)
        self._children: Dict[Tuple[str, str], Dict[str, Optional[str]]] = {}
        self._rows: Dict[Tuple[int, int], List[Optional[int]]] = {
            (len(joint.sources), len(joint.origins)): self.inputs
        }
        self._sources: Dict[Tuple[str, str], Dict[str, int]] = {}
        for key in sorted(set(old.groups) & set(new.groups)):
            self._count(key, old, new)

    def place(self, name: str) -> BranchPlace:
        """Return where a tensor of the layer goes, by its name within the layer."""
        parts = name.split(".")
        path = ""
        for number, part in enumerate(parts):
            for key, children in self._children.items():
                if key[0] == path and part in children:
                    other = children[part]
                    if other is None:
                        return BranchPlace(None, self._reason(self._sources[key][part]))
                    return BranchPlace(".".join([*parts[:number], other, *parts[number + 1 :]]))
            path += part + "."
        return BranchPlace(name)

    def rows(
        self, name: str, before: Sequence[int], after: Sequence[int]
    ) -> Optional[List[Optional[int]]]:
        """Return which row each of the layer's own tensor becomes, if it has one for each branch.

        None where it has none, or each row stays where it is.
        """
        if "." in name or not before or not after or list(before[1:]) != list(after[1:]):
            return None
        rows = self._rows.get((before[0], after[0]))
        if rows is None or (before[0] == after[0] and rows == list(range(before[0]))):
            return None
        return rows

    def _count(self, key: Tuple[str, str], old: FedLayer, new: FedLayer) -> None:
        """Number the children of one module, if each of them belongs to one input."""
        joint = self.joint
        before = _by_input(key, old, len(joint.sources))
        after = _by_input(key, new, len(joint.origins))
        if before is None or after is None:
            return
        if len(set(before.values())) < 2 and len(set(after.values())) < 2:
            return  # parts of one branch
        places: Dict[Tuple[int, int], str] = {}
        for name, number, turn in _turns(after):
            places[number, turn] = name
        children: Dict[str, Optional[str]] = {}
        for name, number, turn in _turns(before):
            target = self.inputs[number]
            children[name] = None if target is None else places.get((target, turn))
        self._children[key], self._sources[key] = children, before
        if not key[0] or key[0].count(".") == 1:
            order = list(after)
            rows = [None if name is None else order.index(name) for name in children.values()]
            self._rows.setdefault((len(before), len(after)), rows)

    def _reason(self, number: int) -> str:
        source = self.joint.reads[number]
        stride = self.strides[number]
        at = "" if stride is None else " (stride {:g})".format(stride)
        return "its branch is gone, which read layer {}{}".format(source, at)


def _by_input(key: Tuple[str, str], layer: FedLayer, inputs: int) -> Optional[Dict[str, int]]:
    """Return the input of each child; None where one has none or several."""
    children = layer.groups[key]
    if key not in layer.seen and all(name.isdigit() for name in children):
        # No run shows it. A list of one for each input, or for each scale of several outputs.
        if inputs % len(children):
            return None
        return {name: number for number, name in enumerate(children)}
    found = {name: number for name, number in children.items() if number is not None}
    return found if len(found) == len(children) else None


def _turns(children: Dict[str, int]) -> List[Tuple[str, int, int]]:
    """Return every child with its input, and how many there were before it of that input."""
    turns: Dict[int, int] = {}
    found = []
    for name, number in children.items():
        found.append((name, number, turns.get(number, 0)))
        turns[number] = turns.get(number, 0) + 1
    return found


def _strides(
    told: List[Optional[float]], sizes: List[int], others: List[int]
) -> List[Optional[float]]:
    """Return strides as measured in both networks, else as the YAML tells them."""
    return [_IMAGE / size for size in sizes] if sizes and others else told


def match_inputs(
    joint: Joint,
    same: Sequence[Optional[int]],
    before: Sequence[Optional[float]],
    after: Sequence[Optional[float]],
) -> List[Optional[int]]:
    """Return which input of the new layer each of the old is.

    That of the same stride; among several of it that of the ``same`` layer, else by their order.
    """
    found: List[Optional[int]] = [None] * len(joint.sources)

    def stride_fits(old: int, new: int) -> bool:
        return before[old] is not None and before[old] == after[new]

    for old, new in enumerate(same):
        if new is not None and (stride_fits(old, new) or before[old] is None or after[new] is None):
            found[old] = new
    for old in range(len(found)):
        if found[old] is None:
            free = [new for new in range(len(after)) if new not in found]
            found[old] = next((new for new in free if stride_fits(old, new)), None)
    if all(stride is None for stride in (*before, *after)) and len(before) == len(after):
        free = [new for new in range(len(after)) if new not in found]
        left = [old for old, new in enumerate(found) if new is None]
        for old, new in zip(left, free):
            found[old] = new
    return found


def _same_layers(joint: Joint) -> List[Optional[int]]:
    """Return for each old input the new one of the same layer; the first of several."""
    found: List[Optional[int]] = []
    for source in joint.sources:
        same = [
            new
            for new, origin in enumerate(joint.origins)
            if origin is not None and origin == source and new not in found
        ]
        found.append(same[0] if same else None)
    return found


def _shifted(
    same: Sequence[Optional[int]],
    before: Sequence[Optional[float]],
    after: Sequence[Optional[float]],
) -> bool:
    """Whether every input comes from the same layer, and all strides have changed alike.

    So it is where a stride was added at the image; each branch then stays with its layer.
    """
    if len(before) != len(after) or len(before) < 2:
        return False
    ratios = set()
    for old, new in enumerate(same):
        if new is None:
            return False
        first, second = before[old], after[new]
        if not first or not second:
            return False
        ratios.add(second / first)
    return len(ratios) == 1


def _widths_equal(same: Sequence[Optional[int]], old: FedLayer, new: FedLayer) -> bool:
    return old.channels == [
        new.channels[item] for item in same if item is not None and new.channels
    ]
