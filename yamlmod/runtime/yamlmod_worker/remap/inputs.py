"""Find what each input of a layer feeds: run the layer with one input after another disturbed."""

from __future__ import annotations

import copy
import re
from typing import Any, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Tuple

from ..tensors import image_channels, tensors

_SIZE = 256
_LEAST = 2  # side of the smallest map that a layer is probed with; a norm wants several numbers
_NUMBER = re.compile(r"\d+")

# The children of one module that are counted: of a list, or attributes that differ in a number.
Children = Dict[str, Optional[int]]


class FedLayer(NamedTuple):
    """A layer of several inputs: sizes and channels of each map, and the input of each child.

    ``groups`` has the children by their module's name and what they have in common; a child that
    depends on no input or on several has None. ``seen`` are the groups of which a child was run.
    """

    sizes: List[int]
    channels: List[int]
    groups: Dict[Tuple[str, str], Children]
    seen: FrozenSet[Tuple[str, str]]


class _Maps(NamedTuple):
    """What a layer gets: one map, or several in a list."""

    parts: List[Any]
    listed: bool

    def smaller(self) -> "_Maps":
        """Return corners of the maps, of sizes that are to each other as those of the maps are."""
        least = min(min(part.shape[2:]) for part in self.parts)
        by = max(least // _LEAST, 1)
        corners = [part[:, :, : part.shape[2] // by, : part.shape[3] // by] for part in self.parts]
        return _Maps([part.contiguous() for part in corners], self.listed)

    def disturbed(self, number: int) -> "_Maps":
        """Return the same with noise in one map."""
        import torch

        part = self.parts[number]
        noise = torch.rand(part.shape, generator=torch.Generator().manual_seed(number + 1))
        return _Maps([*self.parts[:number], part + noise, *self.parts[number + 1 :]], self.listed)


class _Reached(Exception):
    """The layer whose inputs are wanted was reached."""


def fed_layer(network: Any, index: int, inputs: int) -> FedLayer:
    """Return what each input of a layer feeds; what no run shows is left open."""
    layer = network.model[index]
    maps = _inputs_of(network, layer)
    if len(maps.parts) != inputs:
        return FedLayer([], [], _groups(layer, {}), frozenset())
    small = maps.smaller()
    users = _users(layer, small, training=False)
    groups = _groups(layer, users)
    if not all(_was_run(key, names, users) for key, names in groups.items() if _is_list(names)):
        # Auxiliary branches may be run in training only.
        users = {**_users(layer, small, training=True), **users}
        groups = _groups(layer, users)
    seen = frozenset(key for key, names in groups.items() if _was_run(key, names, users))
    sizes, channels = ([int(part.shape[axis]) for part in maps.parts] for axis in (2, 1))
    return FedLayer(sizes, channels, groups, seen)


def _is_list(names: Children) -> bool:
    return all(name.isdigit() for name in names)


def _was_run(key: Tuple[str, str], names: Children, users: Dict[str, FrozenSet[int]]) -> bool:
    return any(_within(users, key[0] + name) is not None for name in names)


def _inputs_of(network: Any, layer: Any) -> _Maps:
    """Return what a layer gets from those above it for an image of noise; nothing if that fails."""
    import torch

    got: List[_Maps] = []

    def hook(_: Any, inputs: Any) -> None:
        listed = isinstance(inputs[0], (list, tuple))
        got.append(_Maps([part.detach().clone() for part in tensors(inputs)], listed))
        raise _Reached

    was_training = network.training
    handle = layer.register_forward_pre_hook(hook)
    shape = 1, image_channels(network), _SIZE, _SIZE
    image = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    try:
        with torch.no_grad():
            network.eval()(image)
    except Exception as error:
        if not isinstance(error, _Reached) or not all(part.ndim == 4 for part in got[0].parts):
            return _Maps([], True)
    finally:
        handle.remove()
        network.train(was_training)
    return got[0] if got else _Maps([], True)


def _users(layer: Any, maps: _Maps, training: bool) -> Dict[str, FrozenSet[int]]:
    """Return on which inputs each module within a layer depends; of those that are run."""
    try:
        # A copy: heads keep grids and anchors of what they were run on.
        probe = copy.deepcopy(layer).train(training)
        plain = _heard(probe, maps)
        found: Dict[str, FrozenSet[int]] = {name: frozenset() for name in plain}
        for number in range(len(maps.parts)):
            for name, got in _heard(probe, maps.disturbed(number)).items():
                if name in plain and not _equal(plain[name], got):
                    found[name] |= {number}
    except Exception:
        return {}
    return found


def _heard(layer: Any, maps: _Maps) -> Dict[str, List[Any]]:
    """Run a layer, and return what each module within it was given."""
    import torch

    heard: Dict[str, List[Any]] = {}

    def listen(name: str) -> Any:
        def hook(_: Any, inputs: Any) -> None:
            heard.setdefault(name, []).extend(part.detach().clone() for part in tensors(inputs))

        return hook

    handles = [
        module.register_forward_pre_hook(listen(name))
        for name, module in layer.named_modules()
        if name
    ]
    try:
        torch.manual_seed(0)
        with torch.no_grad():
            parts = [part.clone() for part in maps.parts]
            layer(parts if maps.listed else parts[0])
    finally:
        for handle in handles:
            handle.remove()
    return heard


def _equal(first: List[Any], second: List[Any]) -> bool:
    import torch

    return len(first) == len(second) and all(
        a.shape == b.shape and torch.equal(a, b) for a, b in zip(first, second)
    )


def _groups(layer: Any, users: Dict[str, FrozenSet[int]]) -> Dict[Tuple[str, str], Children]:
    groups: Dict[Tuple[str, str], Children] = {}
    for path, name in _children(layer, ""):
        numbers = _within(users, path + name)
        sole = next(iter(numbers)) if numbers is not None and len(numbers) == 1 else None
        groups.setdefault((path, _NUMBER.sub("#", name)), {})[name] = sole
    return groups


def _children(module: Any, path: str) -> Iterator[Tuple[str, str]]:
    """Yield every child with the name of its module: modules, and parameters that are counted."""
    for name in module._parameters:
        if name.isdigit():
            yield path, name
    for name, inner in module._modules.items():
        if inner is not None:
            yield path, name
            for item in _children(inner, path + name + "."):
                yield item


def _within(users: Dict[str, FrozenSet[int]], name: str) -> Optional[FrozenSet[int]]:
    """Return the inputs that a module or anything in it depends on; None where nothing was run."""
    if name in users:
        return users[name]
    parts = [numbers for inner, numbers in users.items() if inner.startswith(name + ".")]
    return frozenset().union(*parts) if parts else None
