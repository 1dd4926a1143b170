"""Transfer weights, matching each tensor to its layer's new index."""

from __future__ import annotations

import gc
from typing import Any, Callable, Dict, List, Optional, Tuple

from ..answers import RemapAnswer, RemapPart
from ..building.builder import Builder, builder_for
from ..checkpoints.checkpoint import open_checkpoint
from ..checkpoints.meanings import Tensor
from ..checkpoints.state import State, find_state
from ..profile.allocator import give_memory_back
from ..refused import Refused
from ..verify.identity import outputs, start_as_identity
from .branches import Branches, Joint
from .classes import check_classes, check_layers, extra_classes
from .inputs import FedLayer, fed_layer
from .moving import Moves, loaded_by_name
from .names import own_names, shapes_of
from .transfers import Transfer, state_shapes, transfer, wanted_classes
from .writing import CarriedState, load, write


def answer(question: Dict[str, Any], tell: Callable[[RemapPart], None]) -> RemapAnswer:
    """Answer a whole remap: read, build, map, load, check, write, and report.

    Only one of the networks is in memory at a time, and of the checkpoint what is being loaded. For
    a data set of other classes there is another one at the end.
    """
    give_memory_back()
    tell({"begun": "reading the checkpoint"})
    checkpoint = open_checkpoint(question["weights"])
    state = find_state(checkpoint)
    head = "model.{}.".format(question["old_layers"] - 1)
    check_layers(state.tensors, question["old_layers"], question["from"])
    more = extra_classes(state, question.get("classes"), head)
    builder = builder_for(question)
    tell({"begun": "building the network of --from"})
    if more:
        _prove_classes(builder, question, state, head)
    old = _build(builder, question, "from", "old_layers", state.classes)
    state = state._replace(tensors=own_names(old, state.tensors))
    tensors = state.tensors
    notes = [*state.notes, *_compare_base(old, tensors, question)]
    kept = _parameters(old)
    joints = [_joint(item) for item in question["joints"]]
    before = [fed_layer(old, joint.old, len(joint.sources)) for joint in joints]
    identity = question["identity"]
    base: List[Any] = []
    if identity is not None and not identity["reason"]:
        load(old, checkpoint, _fitting(tensors, shapes_of(old)))
        base = outputs(old)
    del old
    gc.collect()
    tell({"begun": "building the network of --to"})
    new = _build(builder, question, "to", "new_layers", state.classes)
    branches = _branches(new, joints, before)
    pairs = {int(a): int(b) for a, b in question["pairs"]}
    moves = Moves(tensors, shapes_of(new), pairs, branches)
    load(new, checkpoint, {name: tensors[item.name] for name, item in moves.carried.items()},
         moves.carried)  # fmt: skip
    started = None if identity is None else start_as_identity(new, identity, base)
    found: RemapAnswer = {
        "form": checkpoint.form,
        "source": state.source,
        "notes": notes,
        "classes": state.classes,
        "tensors": len(tensors),
        "parameters": sum(tensors[name].numel for name in tensors if name in kept),
        "right": moves.right(kept),
        "dropped": moves.dropped(),
        "new": moves.new(),
        "stock": moves.stock(kept),
        "expected": (0, 0),
        "transfers": [],
        "identity": started,
        **builder.run_report(),
    }
    tell({"answer": found})
    if question["out"] is not None:
        tell({"begun": "writing and reading back"})
        write(builder.save, new, CarriedState(checkpoint, state, moves.carried), question["out"])
        tell({"written": True})
    tell({"begun": "counting what train.py will transfer"})
    transfers = _transfers(builder, question, state.classes, new)
    return {
        **found,
        "expected": transfers[0][1:],
        "transfers": transfers,
        **builder.run_report(),
    }


def _joint(item: Dict[str, Any]) -> Joint:
    before, after = item["strides"]
    layers = item["old"], item["new"], item["reads"]
    return Joint(*layers, item["sources"], item["origins"], (before, after))


def _branches(new: Any, joints: List[Joint], before: List[FedLayer]) -> List[Branches]:
    return [
        Branches(joint, fed, fed_layer(new, joint.new, len(joint.origins)))
        for joint, fed in zip(joints, before)
    ]


def _transfers(
    builder: Builder, question: Dict[str, Any], own: Optional[int], new: Any
) -> List[Transfer]:
    """Return what train.py will transfer from OUT, for each number of classes that matters.

    train.py builds the network with the data set's number, and loads that from OUT.
    """
    own = own or question["new_classes"]
    found: List[Transfer] = []
    for classes in wanted_classes(own, question["new_classes"], question["data_classes"]):
        if classes == own:
            counts = loaded_by_name(state_shapes(new), state_shapes(new))
        else:
            network = _build(builder, question, "to", "new_layers", classes)
            counts = transfer(builder.names, new, network)
        found.append((classes, *counts))
    return found


def _prove_classes(builder: Builder, question: Dict[str, Any], state: State, head: str) -> None:
    """Compare with the network of --from as it is, before one of more classes is built."""

    def build(classes: Optional[int]) -> Dict[str, Tuple[int, ...]]:
        network = _build(builder, question, "from", "old_layers", classes)
        if classes is None:
            _compare_base(network, own_names(network, state.tensors), question)
        return shapes_of(network)

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
    base = shapes_of(old)
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


def _parameters(network: Any) -> Any:
    return {name for name, _ in network.named_parameters()}
