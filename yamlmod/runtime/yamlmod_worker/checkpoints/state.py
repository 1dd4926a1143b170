"""Find the network's state in a checkpoint: names and tensors, nothing else."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from ..refused import Refused, bad, shown
from .checkpoint import Checkpoint
from .inert import Thing
from .keys import HashedKey
from .meanings import Tensor

_DEEPEST = 60  # modules within modules
_MOST = 100_000  # modules and tensors; a malicious file can name one module very often
_LONGEST_NAME = 200
_FILE = "the file itself"
_TENSOR = 800  # bytes of memory for a tensor's name, its place in a table, and copies of both
_MOST_EPOCHS = 1_000_000_000
# What is removed from the names where all begin in this way.
_WRAPPERS = (("module.", "module."), ("_orig_mod.", "_orig_mod."), ("model.", "model.model."))


class State(NamedTuple):
    """The tensors by name, where they were found, and what else the checkpoint said of itself."""

    tensors: Dict[str, Tensor]
    source: str
    notes: List[str]
    classes: Optional[int]
    names: Any


def find_state(checkpoint: Checkpoint) -> State:
    """Return the state of the network that a checkpoint holds. Raises Refused where it has none."""
    root, notes = checkpoint.root, []  # type: Any, List[str]
    network, source = root, _FILE
    if isinstance(root, dict) and not _is_state(root):
        network, source = _choose(root)
        epoch = root.get("epoch")
        if isinstance(epoch, int) and 0 <= epoch < _MOST_EPOCHS:
            notes.append("saved in epoch {}; training with it starts at 0".format(epoch))
        if root.get("optimizer") is not None:
            notes.append("the optimizer's state is dropped: it belongs to the old layers")
    if isinstance(network, Thing):
        pairs = _walk(network, "", (), [_MOST])
    elif _is_state(network):
        pairs = ((key, value) for key, value in network.items() if isinstance(value, Tensor))
    else:
        raise bad("{} is neither a network nor a state dict".format(_named(source)))
    tensors: Dict[str, Tensor] = {}
    for name, tensor in pairs:
        if len(name) > _LONGEST_NAME or not name.isprintable():
            raise bad("it has a tensor of the name {}".format(shown(name)))
        checkpoint.room.spend(_TENSOR)
        checkpoint.check(tensor)
        tensors[name] = tensor
    tensors = _plain_names(tensors, notes)
    if not tensors:
        raise bad("{} has no tensors".format(_named(source)))
    kinds = sorted({t.dtype for t in tensors.values() if t.is_float})
    if kinds and kinds != ["float32"]:
        notes.append("its numbers are {}".format(" and ".join(kinds)))
    classes, names = _classes(network)
    rows = max([t.shape[0] for t in tensors.values() if t.shape], default=0)
    if classes is not None and not 0 < classes <= rows:
        raise bad(
            "it declares {} classes, but its largest tensor has {} rows".format(
                shown(str(classes)), rows
            )
        )
    return State(tensors, source, notes, classes, names)


def _named(source: str) -> str:
    return source if source == _FILE else "its " + source


def _plain_names(tensors: Dict[str, Tensor], notes: List[str]) -> Dict[str, Tensor]:
    """Name the tensors as the fork's own network does: `model.0.conv.weight`."""
    for prefix, sign in _WRAPPERS:
        if tensors and all(name.startswith(sign) for name in tensors):
            tensors = {name[len(prefix) :]: value for name, value in tensors.items()}
            notes.append("the wrapper's prefix `{}` is removed from the names".format(prefix))
    if tensors and all(name.partition(".")[0].isdigit() for name in tensors):
        tensors = {"model." + name: value for name, value in tensors.items()}
        notes.append("the prefix `model.` is added to the names, which are those of its layers")
    return tensors


def _is_state(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and any(isinstance(item, Tensor) for item in value.values())
        and all(isinstance(key, str) for key in value)
    )


def _choose(root: Dict[Any, Any]) -> Tuple[Any, str]:
    for key in ("ema", "model", "state_dict", "model_state_dict"):
        candidate = root.get(key)
        if isinstance(candidate, (tuple, list)) and candidate:
            candidate = candidate[
                0
            ]  # YOLOv5 before 5.0: the averaged network and its count of updates
        if isinstance(candidate, Thing) and _modules(candidate) is None:
            inner = candidate.attribute("ema")  # a whole ModelEMA
            candidate = inner if isinstance(inner, Thing) else candidate
        if isinstance(candidate, Thing) and _modules(candidate) is not None:
            return candidate, "`{}`".format(key)
        if _is_state(candidate):
            return candidate, "`{}`".format(key)
    keys = ", ".join(shown(key) for key in sorted(k for k in root if isinstance(k, str))[:8])
    raise bad(
        "it holds no network: neither `ema`, `model` nor a state dict among {}".format(
            keys or "nothing"
        )
    )


def _modules(network: Thing) -> Optional[Dict[Any, Any]]:
    modules = network.attribute("_modules")
    return modules if isinstance(modules, dict) else None


def _walk(
    module: Thing, prefix: str, above: Tuple[int, ...], budget: List[int]
) -> Iterator[Tuple[str, Tensor]]:
    """Yield the names and tensors of a network's state dict, as torch would name them."""
    if len(above) > _DEEPEST or id(module) in above:
        raise bad("its modules contain each other in a cycle")
    absent = _members(module.attribute("_non_persistent_buffers_set"), budget)
    for table in ("_parameters", "_buffers"):
        held = module.attribute(table)
        for name, value in held.items() if isinstance(held, dict) else ():
            _spend(budget, prefix + name if type(name) is str else "")
            if isinstance(value, Tensor) and type(name) is str and name not in absent:
                yield prefix + name, value
    for name, inner in (_modules(module) or {}).items():
        _spend(budget, prefix + name if type(name) is str else "")
        if isinstance(inner, Thing) and type(name) is str:
            for item in _walk(inner, prefix + name + ".", (*above, id(module)), budget):
                yield item


def _spend(budget: List[int], name: str) -> None:
    budget[0] -= 1
    if budget[0] < 0:
        raise _too_many()
    if len(name) > _LONGEST_NAME:
        raise bad("it has a name of {} characters".format(len(name)))


def _too_many() -> Refused:
    return bad("it names more than {} modules and tensors".format(_MOST))


def _members(value: Any, budget: List[int]) -> Set[str]:
    """Return the texts of a set: of an inert `set(...)`, or as newer pickles write it."""
    if isinstance(value, Thing):
        value = value.args[0] if isinstance(value.args, tuple) and value.args else value.items
    if not isinstance(value, list):
        return set()
    budget[0] -= len(value)
    if budget[0] < 0:
        raise _too_many()
    return {item for item in value if isinstance(item, str)}


def _classes(network: Any) -> Tuple[Optional[int], Any]:
    """Return the number and the names of the classes that the network was trained on."""
    if not isinstance(network, Thing):
        return None, None
    data = network.attribute("yaml")
    count = data.get("nc") if isinstance(data, dict) else None
    number = count if type(count) is int else None
    return number, _class_names(network.attribute("names"))


def _class_names(names: Any) -> Any:
    """Return the names of the classes, a list or a dict by number as the network has them."""
    if isinstance(names, list):
        return names if all(isinstance(name, str) for name in names) else None
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        return None
    pairs = [(key.value if type(key) is HashedKey else key, name) for key, name in names.items()]
    # Numbers that only count, in whatever order: others could collide as keys.
    if any(type(number) is not int or not 0 <= number <= len(pairs) for number, _ in pairs):
        return None
    return dict(sorted(pairs))
