"""List the layers of a built network, and set hooks around each of them."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator, List

from ..tensors import short_name, tensors

_Hook = Callable[[int, Any, Any], None]


def layers_of(network: Any) -> List[Any]:
    """Return the layers, one for each row of the YAML; none where a network has no such list."""
    found = getattr(network, "model", None)
    try:
        layers = list(found) if found is not None else []
    except TypeError:
        return []
    return layers if all(hasattr(layer, "i") for layer in layers) else []


@contextlib.contextmanager
def around(layers: List[Any], before: _Hook, after: _Hook) -> Iterator[None]:
    """Call ``before`` with each layer's index and inputs, ``after`` with its output as well."""
    handles: List[Any] = []
    for index, layer in enumerate(layers):

        def enter(_: Any, inputs: Any, index: int = index) -> None:
            before(index, inputs, None)

        def leave(_: Any, inputs: Any, output: Any, index: int = index) -> None:
            after(index, inputs, output)

        handles.append(layer.register_forward_pre_hook(enter))
        handles.append(layer.register_forward_hook(leave))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def shapes(output: Any) -> List[List[int]]:
    return [[int(size) for size in tensor.shape] for tensor in tensors(output)]


def name_of(layer: Any) -> str:
    """Return the name of a layer's module as the YAML writes it."""
    name = getattr(layer, "type", None)
    return short_name(name if isinstance(name, str) else type(layer).__name__)
