"""A network as plain nodes and values, with ONNX operator names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from yamlmod.errors import Refusal

# More than any network has, and few enough that every walk ends soon.
MAX_NODES = 200_000


class Constant(NamedTuple):
    """A value that does not depend on the image: how many numbers, and which if it is one."""

    size: int | None
    value: float | None = None


class Node(NamedTuple):
    """One operation. ``path`` is the module it is in (model.4.cv1.act), None where unknown."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    name: str = ""
    path: str | None = None
    attributes: Mapping[str, Hashable] = {}


class NodeGraph(NamedTuple):
    """The nodes of a network in any order, its constants, and the classes of its modules."""

    nodes: Sequence[Node]
    constants: Mapping[str, Constant]
    classes: Mapping[str, str]


def in_order(nodes: Sequence[Node]) -> list[Node]:
    """Return the nodes with every producer before its readers. Raises Refusal for a circle."""
    makers = {value: i for i, node in enumerate(nodes) for value in node.outputs if value}
    readers: dict[int, list[int]] = defaultdict(list)
    waits = [0] * len(nodes)
    for i, node in enumerate(nodes):
        for maker in {makers[value] for value in node.inputs if value in makers}:
            readers[maker].append(i)
            waits[i] += 1
    ready = [i for i, count in enumerate(waits) if not count]
    ordered = []
    for i in ready:  # grows while it is walked
        ordered.append(nodes[i])
        for reader in readers[i]:
            waits[reader] -= 1
            if not waits[reader]:
                ready.append(reader)
    if len(ordered) < len(nodes):
        stuck = next(node for i, node in enumerate(nodes) if waits[i])
        raise Refusal(
            "bad-graph",
            f"the graph has a cycle: {stuck.op} {stuck.name} waits for its own output",
            hint="export the model again",
        )
    return ordered
