"""Compare with --from before a network with the checkpoint's number of classes is built.

A file of a few bytes can declare a million classes, and a head grows with their number. A
network of --from as it is costs what its YAML says. More classes than it has are believed
where the numbers of such a head are in the file.
"""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, Optional, Set, Tuple

from ..checkpoints.meanings import Tensor
from ..checkpoints.state import State
from ..refused import Refused
from ..tensors import layer_of

_SPARE = 64 << 20  # bytes of a head that need no proof
_WIDTH = 4  # networks are built in single precision

Shapes = Dict[str, Tuple[int, ...]]


def check_layers(tensors: Dict[str, Tensor], layers: int, cfg: str) -> None:
    """Refuse a checkpoint with layers that --from does not have."""
    for name in tensors:
        layer = layer_of(name)
        if layer is not None and layer >= layers:
            raise Refused(
                "other-base",
                "the checkpoint is not of {}: it has the tensor {}, but {} layers are there".format(
                    cfg, name, layers
                ),
                "give as --from the model YAML that the weights were trained with",
            )


def extra_classes(state: State, own: Any, head: str) -> bool:
    """Whether the checkpoint has more classes than --from has; too many are refused.

    ``head`` begins the names of the head's tensors, one of which must have a row for each class.
    """
    own = own if type(own) is int else 0
    if state.classes is None or state.classes <= own:
        return False
    rows = [value.shape[0] for value in _of_head(state.tensors, head).values() if value.shape]
    if max(rows, default=0) < state.classes:
        raise _too_many(state.classes, own)
    return True


def check_classes(
    state: State, own: Any, head: str, base: Shapes, build: Callable[[int], Shapes]
) -> None:
    """Refuse more classes than --from has if the file has no head with that many.

    ``base`` are the shapes of the network with the classes of --from, and ``build`` returns
    those with another number of them.
    """
    classes = state.classes or 0
    own = own if type(own) is int and own > 0 else 1
    stored = _stored(state.tensors, base, head, classes)
    rest = {name: shape for name, shape in _of_head(base, head).items() if name not in stored}
    if _size(rest, classes / own) <= _SPARE:
        return
    # What does not grow with one class more does not grow: most of a head is of this kind.
    more = build(own + 1)
    if _size({n: s for n, s in rest.items() if more.get(n) != s}, classes / own) > _SPARE:
        raise _too_many(classes, own)


def _stored(tensors: Dict[str, Tensor], base: Shapes, head: str, classes: int) -> Set[str]:
    """Return the head's tensors that have the classes' rows, in numbers of their own."""
    names: Set[str] = set()
    storages: Set[str] = set()
    for name, value in _of_head(tensors, head).items():
        shape = base.get(name)
        if shape is None or value.storage.key in storages or not value.is_float:
            continue
        storages.add(value.storage.key)
        wide = len(shape) == len(value.shape) and all(map(int.__le__, shape, value.shape))
        if wide and shape and value.shape[0] >= classes:
            names.add(name)
    return names


def _of_head(named: Dict[str, Any], head: str) -> Dict[str, Any]:
    return {name: value for name, value in named.items() if name.startswith(head)}


def _size(shapes: Shapes, factor: float) -> float:
    return _WIDTH * factor * sum(map(math.prod, shapes.values()))


def _too_many(classes: int, own: Optional[int]) -> Refused:
    return Refused(
        "other-base",
        "the checkpoint declares {} classes and --from has {}, but a head of that size is "
        "not in the file".format(classes, own or "none"),
        "if that is right, give a --from with `nc: {}`".format(classes),
    )
