"""The place of a node: layer of the model YAML and module, if known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from yamlmod.gates.operators import CONVOLUTIONS, SUMS_OF_PRODUCTS
from yamlmod.gates.pairs import Pair
from yamlmod.gates.values import Values

_LAYER = re.compile(r"(?:^|\.)(model\.(\d+))(?=\.|$)")
_WEIGHTS = re.compile(r"((?:^|.*?\.)model\.\d+(?:\.\w+)*?)\.(?:weight|bias|\w+)$")
_WITH_WEIGHTS = CONVOLUTIONS | SUMS_OF_PRODUCTS
_STEPS = 256


class GraphPlace(NamedTuple):
    """A layer and a module; ``how`` is scope, weights or unknown.

    ``layer`` is None where the module is not a layer of a YAML, or nothing is known.
    """

    layer: int | None
    module: str
    layer_class: str
    module_class: str
    how: str


def join(segments: Sequence[str]) -> str:
    """Return the path of a module whose parents are named one after another, each in its parent.

    A segment may repeat its parents: m, m.0.
    """
    path = ""
    for segment in segments:
        words = path.split(".") if path else []
        parents = (".".join(words[start:]) for start in range(len(words)))
        parent = next((one for one in parents if segment.startswith(one + ".")), None)
        path += segment[len(parent) :] if parent is not None else f".{segment}" * bool(path)
        path = path or segment
    return path


def join_whole(segments: Sequence[str]) -> str:
    """Return the path of a module whose parents are named by their whole paths.

    A module that several share has the path at which it was met first, here it is another.
    """
    path = ""
    for segment in segments:
        inside = not path or segment.startswith(path + ".")
        path = segment if inside else f"{path}.{segment.rpartition('.')[2]}"
    return path


def place_of(values: Values, pair: Pair, classes: Mapping[str, str]) -> GraphPlace:
    """Return where a pair stands: by its product, else its sigmoid, else weights on its way."""
    for node in (pair.product, pair.sigmoid):
        if node.path is not None:
            return at(node.path, classes, "scope")
    stop = {values.same(pair.times)} if not pair.kind.activates else set()
    path = weights_above(values, pair.of, stop)
    return at(path, classes, "weights") if path else at(None, classes, "unknown")


def at(path: str | None, classes: Mapping[str, str], how: str) -> GraphPlace:
    if path is None:
        return GraphPlace(None, "", "", "", how)
    match = _LAYER.search(path)
    if match is None:
        return GraphPlace(None, path, "", classes.get(path, ""), how)
    layer_class = classes.get(path[: match.end(1)], "")
    return GraphPlace(int(match[2]), path, layer_class, classes.get(path, ""), how)


def weights_above(values: Values, value: str, stop: set[int]) -> str | None:
    """Return the module of the nearest weights above a value, not going past some values."""
    todo, seen = [value], {value}
    for one in todo:  # grows while it is walked
        values.spend()
        if values.same(one) in stop or len(seen) > _STEPS:
            continue
        node = values.maker.get(one)
        if node is None:
            continue
        for name in node.inputs:
            found = _WEIGHTS.match(name) if name in values.constants else None
            if found:
                return found[1]
        if node.op in _WITH_WEIGHTS or "::" in node.op:
            continue  # the weights of this one have lost their names: those above are another's
        for name in node.inputs:
            if name and name not in seen and name not in values.constants:
                seen.add(name)
                todo.append(name)
    return None
