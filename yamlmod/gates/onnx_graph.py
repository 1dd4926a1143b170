"""Convert an ONNX model to plain nodes: inline functions, flatten subgraphs."""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Callable, Hashable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.gates.graph import MAX_NODES, Constant, Node, NodeGraph
from yamlmod.gates.onnx_names import clean, path_of
from yamlmod.gates.onnx_operators import plain_nodes

_DEEPEST = 100  # functions and subgraphs in one another
# AttributeProto.AttributeType
_FLOAT, _INT, _STRING, _TENSOR, _GRAPH, _FLOATS, _INTS, _GRAPHS = 1, 2, 3, 4, 5, 6, 7, 10

_Names = MutableMapping[str, str]


class Flattening:
    """Walks a model once; ``scalar`` returns the number of a tensor that holds one."""

    def __init__(self, model: Any, scalar: Callable[[Any], float | None]) -> None:
        self._model, self._scalar = model, scalar
        self._functions = {
            (function.domain, function.name): function for function in model.functions
        }
        self._nodes: list[Node] = []
        self._constants: dict[str, Constant] = {}
        self._classes: dict[str, str] = {}
        self._bodies = 0

    def graph(self) -> NodeGraph:
        """Return the whole model as one graph."""
        self._body(self._model.graph, ChainMap(), "", None, {}, 0)
        return NodeGraph(self._nodes, self._constants, self._classes)

    def _body(
        self,
        body: Any,
        names: ChainMap[str, str],
        prefix: str,
        path: str | None,
        given: Mapping[str, Any],
        depth: int,
    ) -> None:
        """Add the nodes of a graph or a function, its values named with a prefix."""
        if depth > _DEEPEST:
            raise Refusal("too-deep", "functions or subgraphs of the model never end")
        if self._bodies > MAX_NODES:
            raise Refusal("too-large", f"the model has more than {MAX_NODES:,} calls")
        for tensor in getattr(body, "initializer", ()):
            self._fix(_new(names, prefix, tensor.name), tensor)
        for sparse in getattr(body, "sparse_initializer", ()):
            self._constants[_new(names, prefix, sparse.values.name)] = Constant(None)
        for one in body.input:
            name = one if isinstance(one, str) else one.name
            if name not in names.maps[0]:
                _new(names, prefix, name)
        # Names of a body are known before it is walked: its nodes may stand in any order.
        for node in body.node:
            for name in node.output:
                _new(names, prefix, name)
        for node in body.node:
            self._node(node, names, path, given, depth)

    def _node(
        self,
        node: Any,
        names: ChainMap[str, str],
        path: str | None,
        given: Mapping[str, Any],
        depth: int,
    ) -> None:
        if len(self._nodes) >= MAX_NODES:
            raise Refusal("too-large", f"the model has more than {MAX_NODES:,} nodes")
        own = path_of(node, self._classes)
        path = own if own is not None else path
        attributes = {attribute.name: attribute for attribute in self._attributes(node, given)}
        inputs = [names.get(name, clean(name)) for name in node.input]
        outputs = [names[name] if name else "" for name in node.output]
        function = self._functions.get((node.domain, node.op_type))
        if function is not None:
            self._call(function, inputs, outputs, attributes, path, depth)
            return
        if node.op_type == "Constant" and node.domain in ("", "ai.onnx"):
            self._constant(outputs, attributes)
            return
        inner: list[str] = []
        for one in attributes.values():
            for body in [one.g] if one.type == _GRAPH else one.graphs:
                inner += self._subgraph(body, names, path, given, depth)
        found = {key: _plain(one) for key, one in attributes.items()}
        name, kind = clean(node.name), clean(node.op_type)
        whole = Node(kind, (*inputs, *inner), tuple(outputs), name, path, found)
        self._nodes += plain_nodes(whole, node.domain)

    def _attributes(self, node: Any, given: Mapping[str, Any]) -> Iterator[Any]:
        """Yield a node's attributes; in a function some are those of the call."""
        for one in node.attribute:
            if not one.ref_attr_name:
                yield one
            elif one.ref_attr_name in given:
                told = type(one)()
                told.CopyFrom(given[one.ref_attr_name])
                told.name = one.name
                yield told

    def _call(
        self,
        function: Any,
        inputs: Sequence[str],
        outputs: Sequence[str],
        attributes: Mapping[str, Any],
        path: str | None,
        depth: int,
    ) -> None:
        """Put a function's nodes in the place of a call."""
        self._bodies += 1
        names: ChainMap[str, str] = ChainMap(dict(zip(function.input, inputs, strict=False)))
        defaults = {one.name: one for one in function.attribute_proto}
        prefix = f"{self._bodies}::"
        self._body(function, names, prefix, path, {**defaults, **attributes}, depth + 1)
        for inner, outer in zip(function.output, outputs, strict=False):
            if outer and inner in names:
                self._nodes.append(Node("Identity", (names[inner],), (outer,), path=path))

    def _subgraph(
        self,
        body: Any,
        names: ChainMap[str, str],
        path: str | None,
        given: Mapping[str, Any],
        depth: int,
    ) -> list[str]:
        """Add a subgraph, which sees the names around it, and return its outputs."""
        self._bodies += 1
        inner = names.new_child()
        self._body(body, inner, f"{self._bodies}::", path, given, depth + 1)
        return [inner[one.name] for one in body.output if one.name in inner]

    def _constant(self, outputs: Sequence[str], attributes: Mapping[str, Any]) -> None:
        for output in filter(None, outputs):
            self._constants[output] = Constant(None)
            for one in attributes.values():
                if one.type == _TENSOR:
                    self._fix(output, one.t)
                elif one.type in (_FLOAT, _INT):
                    number = one.f if one.type == _FLOAT else one.i
                    self._constants[output] = Constant(1, float(number))

    def _fix(self, name: str, tensor: Any) -> None:
        size = math.prod(tensor.dims)
        self._constants[name] = Constant(size, self._scalar(tensor) if size == 1 else None)


def _new(names: ChainMap[str, str], prefix: str, name: str) -> str:
    own = names.maps[0]
    if name and name not in own:
        own[name] = prefix + clean(name)
    return own.get(name, "")


def _plain(attribute: Any) -> Hashable:
    """Return what tells two nodes of one operator apart."""
    kind = attribute.type
    if kind == _FLOAT:
        return float(attribute.f)
    if kind == _INT:
        return int(attribute.i)
    if kind == _STRING:
        return bytes(attribute.s)
    if kind in (_FLOATS, _INTS):
        return tuple(attribute.floats if kind == _FLOATS else attribute.ints)
    return object()  # like no other
