"""Transfer weights, matching each tensor to its layer's new index."""

from __future__ import annotations

import gc
import math
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ..answers import Count, RemapAnswer, Stock
from ..building.builder import Builder, builder_for
from ..checkpoints.checkpoint import open_checkpoint
from ..checkpoints.meanings import Tensor
from ..checkpoints.state import State, find_state
from ..profile.allocator import give_memory_back
from ..refused import Refused
from ..tensors import carried_name, layer_of
from ..verify.identity import outputs, start_as_identity
from .classes import check_classes, check_layers, extra_classes
from .writing import CarriedState, load, write

_EXCLUDED = "anchor"  # train.py leaves these to the YAML where --cfg is given


class MovedTensor(NamedTuple):
    """A tensor of the checkpoint: its name in the new network, or why it has none."""

    name: str
    target: Optional[str]
    reason: str


def answer(question: Dict[str, Any], _: Any) -> RemapAnswer:
    """Answer a whole remap: read, build, map, load, check, write, and report.

    Only one of the networks is in memory at a time, and of the checkpoint what is being loaded.
    """
    give_memory_back()
    checkpoint = open_checkpoint(question["weights"])
    state = find_state(checkpoint)
    tensors = state.tensors
    head = "model.{}.".format(question["old_layers"] - 1)
    check_layers(tensors, question["old_layers"], question["from"])
    more = extra_classes(state, question.get("classes"), head)
    builder = builder_for(question)
    if more:
        _prove_classes(builder, question, state, head)
    old = _build(builder, question, "from", "old_layers", state.classes)
    notes = [*state.notes, *_compare_base(old, tensors, question)]
    kept = _parameters(old)
    identity = question["identity"]
    base: List[Any] = []
    if identity is not None and not identity["reason"]:
        load(old, checkpoint, _fitting(tensors, _shapes(old)))
        base = outputs(old)
    del old
    gc.collect()
    new = _build(builder, question, "to", "new_layers", state.classes)
    pairs = {int(a): int(b) for a, b in question["pairs"]}
    wanted = _shapes(new)
    moved = [_move(name, item.shape, pairs, wanted) for name, item in tensors.items()]
    carried = {item.target: tensors[item.name] for item in moved if item.target is not None}
    load(new, checkpoint, carried)
    started = None if identity is None else start_as_identity(new, identity, base)
    result: RemapAnswer = {
        "form": checkpoint.form,
        "source": state.source,
        "notes": notes,
        "classes": state.classes,
        "tensors": len(tensors),
        "parameters": sum(tensors[name].numel for name in tensors if name in kept),
        "right": _count_of([item.name for item in moved if item.target], tensors, kept),
        "dropped": [(item.name, item.reason, tensors[item.name].numel)
                    for item in moved if item.target is None],
        "new": [(name, math.prod(wanted[name])) for name in wanted if name not in carried],
        "stock": _stock(tensors, wanted, pairs, kept),
        "expected": _transferred(wanted),
        "identity": started,
        **builder.run_report(),
    }  # fmt: skip
    if question["out"] is not None:
        write(builder.save, new, CarriedState(checkpoint, state, carried), question["out"])
    return result


def _prove_classes(builder: Builder, question: Dict[str, Any], state: State, head: str) -> None:
    """Compare with the network of --from as it is, before one of more classes is built."""

    def build(classes: Optional[int]) -> Dict[str, Tuple[int, ...]]:
        network = _build(builder, question, "from", "old_layers", classes)
        if classes is None:
            _compare_base(network, state.tensors, question)
        return _shapes(network)

    check_classes(state, question.get("classes"), head, build(None), build)
    gc.collect()


def _build(
    builder: Builder, question: Dict[str, Any], cfg: str, count: str, classes: Optional[int]
) -> Any:
    import torch

    with torch.no_grad():  # the strides are found by a forward pass, which would keep all it saw
        network = builder.build(question[cfg], classes, question["head"])
    _count(network, question[cfg], question[count])
    return network


def _shapes(network: Any) -> Dict[str, Tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


def _fitting(tensors: Dict[str, Tensor], shapes: Dict[str, Tuple[int, ...]]) -> Dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if shapes.get(name) == tensor.shape}


def _count(network: Any, cfg: str, rows: int) -> None:
    layers = len(getattr(network, "model", ()))
    if layers != rows:
        raise Refused(
            "other-layers",
            "{} has {} rows, but the fork builds {} layers from it".format(cfg, rows, layers),
            "where a row is not a layer, weights cannot follow their rows",
        )


def _compare_base(old: Any, tensors: Dict[str, Tensor], question: Dict[str, Any]) -> List[str]:
    """Refuse a --from that is not the network of the checkpoint; its head may differ."""
    base = _shapes(old)
    head = "model.{}.".format(question["old_layers"] - 1)
    odd = [name for name, value in tensors.items() if base.get(name) != value.shape]
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


def _move(
    name: str, shape: Tuple[int, ...], pairs: Dict[int, int], wanted: Dict[str, Tuple[int, ...]]
) -> MovedTensor:
    target = carried_name(name, pairs)
    if target is None:
        return MovedTensor(name, None, "its layer was removed")
    if target not in wanted:
        return MovedTensor(name, None, "the layer has no such tensor now")
    if wanted[target] != shape:
        return MovedTensor(name, None, "its shape is {} now".format(list(wanted[target])))
    return MovedTensor(name, target, "")


def _stock(
    tensors: Dict[str, Tensor],
    wanted: Dict[str, Tuple[int, ...]],
    pairs: Dict[int, int],
    kept: Any,
) -> Stock:
    """Return the result of loading by name and shape only: right, and into wrong layers."""
    right, wrong, layers = [], [], {}  # type: List[str], List[str], Dict[int, int]
    for name, value in tensors.items():
        if _EXCLUDED in name or wanted.get(name) != value.shape:
            continue
        layer = layer_of(name)
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


def _count_of(names: List[str], tensors: Dict[str, Tensor], kept: Any) -> Count:
    """Return how many tensors these are, and how many parameters are in them."""
    return len(names), sum(tensors[name].numel for name in names if name in kept)


def _transferred(wanted: Dict[str, Any]) -> Tuple[int, int]:
    """Return the two numbers that train.py will print after `Transferred`.

    It loads OUT, the whole new network, and so transfers all but what it excludes by name.
    """
    return sum(_EXCLUDED not in name for name in wanted), len(wanted)


def _parameters(network: Any) -> Any:
    return {name for name, _ in network.named_parameters()}
