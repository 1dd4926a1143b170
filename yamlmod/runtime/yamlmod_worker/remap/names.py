"""Name a network's tensors as its pickle does, and map the names of a state dict to these.

A module may write other names into a state dict than it has (`rate1` for `rate1.weight`). A pickle
of the network has the module's own, and so has every network that was read from one.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Tuple, TypeVar

_Held = TypeVar("_Held")


def weights_of(network: Any) -> Dict[str, Any]:
    """Return a network's parameters and buffers by the names under which modules hold them."""
    return dict(_walk(network, "", ()))


def _walk(module: Any, prefix: str, above: Tuple[int, ...]) -> Iterator[Tuple[str, Any]]:
    """Yield in the order of a state dict; a module that is used twice has two names."""
    absent = getattr(module, "_non_persistent_buffers_set", ())
    for table in (module._parameters, module._buffers):
        for name, value in table.items():
            if value is not None and name not in absent:
                yield prefix + name, value
    for name, inner in module._modules.items():
        if inner is not None and id(inner) not in above:
            for item in _walk(inner, prefix + name + ".", (*above, id(inner))):
                yield item


def shapes_of(network: Any) -> Dict[str, Tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in weights_of(network).items()}


def own_names(network: Any, named: Dict[str, _Held]) -> Dict[str, _Held]:
    """Return a checkpoint's tensors by the network's own names for them."""
    weights = weights_of(network)
    if all(name in weights for name in named):
        return named
    holders: Dict[int, List[str]] = {}
    for name, value in weights.items():
        holders.setdefault(id(value), []).append(name)
    others: Dict[str, str] = {}
    for name, value in network.state_dict(keep_vars=True).items():
        names = holders.get(id(value))
        if names and name not in weights:
            others[name] = names.pop(0) if len(names) > 1 else names[0]
    return {others.get(name, name): value for name, value in named.items()}
