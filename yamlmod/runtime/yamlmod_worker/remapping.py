"""Carries weights over: every tensor into the layer that its own became, and OUT written."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from .building import Builder
from .checkpoints import Checkpoint, open_checkpoint
from .identity import start_as_identity
from .refused import Refused, bad
from .stand_ins import is_stand_in
from .state import State, find_state

_LAYER = re.compile(r"model\.(\d+)\.(.+)")
_EXCLUDED = "anchor"  # train.py leaves these to the YAML where --cfg is given


class Moved(NamedTuple):
    """Where a tensor of the checkpoint goes: its name in the new network, or why to none."""

    name: str
    target: Optional[str]
    reason: str


def answer(question: Dict[str, Any], _: Any) -> Dict[str, Any]:
    """Answer a whole remap: read, build, map, load, check, write, and tell."""
    checkpoint = open_checkpoint(question["weights"])
    state = find_state(checkpoint)
    tensors = dict(checkpoint.read(state.tensors))
    builder = Builder(question)
    builder.open()
    head = question["head"]
    old = builder.build(question["from"], state.classes, head)
    new = builder.build(question["to"], state.classes, head)
    for network, cfg, count in ((old, "from", "old_layers"), (new, "to", "new_layers")):
        _count(network, question[cfg], question[count])
    notes = [*state.notes, *_compare_base(old, tensors, question)]
    pairs = {int(a): int(b) for a, b in question["pairs"]}
    wanted = {name: tuple(value.shape) for name, value in new.state_dict().items()}
    moved = [_move(name, tuple(value.shape), pairs, wanted) for name, value in tensors.items()]
    loaded = {one.target: tensors[one.name] for one in moved if one.target is not None}
    new.load_state_dict(loaded, strict=False)
    _load_base(old, tensors)
    identity = None
    if question["identity"] is not None:
        identity = start_as_identity(old, new, question["identity"])
    kept = _parameters(old)
    found: Dict[str, Any] = {
        "form": checkpoint.form,
        "source": state.source,
        "notes": notes,
        "classes": state.classes,
        "tensors": len(tensors),
        "parameters": sum(tensors[name].numel() for name in tensors if name in kept),
        "right": _count_of([one.name for one in moved if one.target], tensors, kept),
        "dropped": [[one.name, one.reason, tensors[one.name].numel()]
                    for one in moved if one.target is None],
        "new": [[name, _size(wanted[name])] for name in wanted if name not in loaded],
        "stock": _stock(tensors, wanted, pairs, kept),
        "expected": _transferred(loaded, wanted),
        "identity": identity,
    }  # fmt: skip
    if question["out"] is not None:
        _write(builder.save, new, state, tensors, question["out"])
    return {**found, **builder.told()}


def _count(network: Any, cfg: str, rows: int) -> None:
    layers = len(getattr(network, "model", ()))
    if layers != rows:
        raise Refused(
            "other-layers",
            "{} has {} rows, and the fork builds {} layers from it".format(cfg, rows, layers),
            "where a row is not a layer, weights cannot follow their rows",
        )


def _compare_base(old: Any, tensors: Dict[str, Any], question: Dict[str, Any]) -> List[str]:
    """Refuse a --from that is not the network of the checkpoint; its head may differ."""
    base = {name: tuple(value.shape) for name, value in old.state_dict().items()}
    head = "model.{}.".format(question["old_layers"] - 1)
    odd = [name for name, value in tensors.items() if base.get(name) != tuple(value.shape)]
    lost = [name for name in base if name not in tensors]
    body = [name for name in odd if not name.startswith(head)]
    if body:
        name = body[0]
        there = "{} there, {} here".format(list(tensors[name].shape), list(base.get(name, ())))
        raise Refused(
            "other-base",
            "the checkpoint is not of {}: {} of its {} tensors are not in that network, "
            "first {} ({})".format(
                question["from"], len(body), len(tensors), name,
                there if name in base else "no such tensor",
            ),
            "give as --from the model YAML that the weights were trained with",
        )  # fmt: skip
    notes = []
    if odd:
        notes.append("{} tensors of the head differ from those of --from".format(len(odd)))
    if lost:
        notes.append("the checkpoint lacks {} tensors of --from: {}{}".format(
            len(lost), ", ".join(lost[:3]), "..." if len(lost) > 3 else ""))  # fmt: skip
    return notes


def _load_base(old: Any, tensors: Dict[str, Any]) -> None:
    shapes = {name: value.shape for name, value in old.state_dict().items()}
    fitting = {name: value for name, value in tensors.items() if shapes.get(name) == value.shape}
    old.load_state_dict(fitting, strict=False)


def _move(
    name: str, shape: Tuple[int, ...], pairs: Dict[int, int], wanted: Dict[str, Tuple[int, ...]]
) -> Moved:
    match = _LAYER.match(name)
    target = name
    if match:
        layer = pairs.get(int(match.group(1)))
        if layer is None:
            return Moved(name, None, "its layer was removed")
        target = "model.{}.{}".format(layer, match.group(2))
    if target not in wanted:
        return Moved(name, None, "the layer has no such tensor now")
    if wanted[target] != shape:
        return Moved(name, None, "its shape is {} now".format(list(wanted[target])))
    return Moved(name, target, "")


def _stock(
    tensors: Dict[str, Any],
    wanted: Dict[str, Tuple[int, ...]],
    pairs: Dict[int, int],
    kept: Any,
) -> Dict[str, Any]:
    """Return what loading by name and shape alone would do: right, and into wrong layers."""
    right, wrong, layers = [], [], {}  # type: List[str], List[str], Dict[int, int]
    for name, value in tensors.items():
        if _EXCLUDED in name or wanted.get(name) != tuple(value.shape):
            continue
        match = _LAYER.match(name)
        layer = int(match.group(1)) if match else None
        if layer is None or pairs.get(layer) == layer:
            right.append(name)
        else:
            wrong.append(name)
            layers[layer] = layers.get(layer, 0) + 1
    return {
        "right": _count_of(right, tensors, kept),
        "wrong": _count_of(wrong, tensors, kept),
        "wrong_layers": sorted(layers),
    }


def _count_of(names: List[str], tensors: Dict[str, Any], kept: Any) -> List[int]:
    """Return how many tensors these are, and how many parameters are in them."""
    return [len(names), sum(tensors[name].numel() for name in names if name in kept)]


def _transferred(loaded: Dict[Any, Any], wanted: Dict[str, Any]) -> List[int]:
    """Return the two numbers that train.py will print behind `Transferred`.

    It loads OUT, the whole new network, and so transfers all but what it excludes by name.
    """
    return [sum(_EXCLUDED not in name for name in wanted), len(wanted)]


def _parameters(network: Any) -> Any:
    return {name for name, _ in network.named_parameters()}


def _size(shape: Tuple[int, ...]) -> int:
    count = 1
    for value in shape:
        count *= value
    return count


# Writing.


def _write(save: Any, new: Any, state: State, tensors: Dict[str, Any], out: str) -> None:
    """Write the checkpoint beside OUT, read it back, and only then put it in OUT's place."""
    import torch

    floats = {value.dtype for value in tensors.values() if value.is_floating_point()}
    if floats == {torch.float16}:
        new.half()
    if state.names is not None and len(state.names) == (state.classes or len(state.names)):
        new.names = state.names
    new.eval()
    for parameter in new.parameters():
        parameter.requires_grad = False
    content = {
        "epoch": -1,
        "best_fitness": None,
        "model": new,
        "ema": None,
        "updates": None,
        "optimizer": None,
        "wandb_id": None,
        "train_args": {},
        "date": None,
    }
    try:
        # Of OUT's own name, which torch writes into the file: the same run, the same bytes.
        folder = tempfile.mkdtemp(prefix=".yamlmod-", dir=os.path.dirname(out))
        draft = os.path.join(folder, os.path.basename(out))
        try:
            save(content, draft)
            _prove(draft, new)
            os.replace(draft, out)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        message = "{} cannot be written: {}".format(out, error.strerror or error)
        raise Refused("unwritable", message) from None


def _prove(draft: str, new: Any) -> None:
    """Read the file back as data, and compare every tensor."""
    import torch

    written: Checkpoint = open_checkpoint(draft)
    stood = sorted({name.module for name in written.names if is_stand_in(name.module)})
    if stood:
        raise Refused(
            "stand-in-kept",
            "the network holds objects of missing packages: {}".format(", ".join(stood)),
            "install them for the Python that --python names",
        )
    found = find_state(written).tensors
    wanted = new.state_dict()
    same = list(found) == list(wanted) and all(
        value.dtype == wanted[name].dtype and torch.equal(value, wanted[name])
        for name, value in written.read(found)
    )
    if not same:
        raise bad("what was written does not read back as it was; nothing was kept")
