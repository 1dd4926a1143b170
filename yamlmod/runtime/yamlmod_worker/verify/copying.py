"""Check copies of a network: deepcopy (the EMA), pickle (the checkpoint), fused (deployment)."""

from __future__ import annotations

import copy
import inspect
import io
from typing import Any, Dict, List

from ..building.builder import Builder
from ..tensors import difference
from .network import BuiltNetwork, Failed, Skipped, run, run_with_head

_SAME = 1e-6
_FUSED = 1e-4  # folding a norm into its convolution rounds every weight once more


def take_twin(net: BuiltNetwork) -> None:
    """Copy the network as it is between two steps of training: then forks write checkpoints.

    A layer that keeps a tensor of the last pass cannot be copied then, and can later.
    """
    try:
        net.twin = copy.deepcopy(net.module)
    except Exception as error:
        net.twin = error


def check_deepcopy(net: BuiltNetwork) -> str:
    """Compare the copy of the network, as every fork's EMA makes one."""
    if net.twin is None:
        take_twin(net)
    twin, net.twin = net.twin, None
    if isinstance(twin, Exception):
        raise twin
    return _compare(net, twin)


def check_pickle(net: BuiltNetwork, builder: Builder) -> str:
    """Write the network as an object and read it back, as checkpoints do."""
    file = io.BytesIO()
    builder.save(net.module, file)
    size = file.tell()
    file.seek(0)
    known = inspect.signature(builder.load).parameters
    options: Dict[str, Any] = {"weights_only": False} if "weights_only" in known else {}
    text = _compare(net, builder.load(file, **options))
    return "{}, {:.1f} MB".format(text, size / 1e6)


def _compare(net: BuiltNetwork, other: Any) -> str:
    import torch

    mine, theirs = net.module.state_dict(), other.state_dict()
    if list(mine) != list(theirs):
        raise Failed("the copy has other tensors")
    odd = [name for name, value in mine.items() if not torch.equal(value, theirs[name])]
    if odd:
        raise Failed("the copy's {} differs".format(odd[0]))
    error = difference(net.answer(net.small), run(other, net.image(net.small)))
    if not error <= _SAME:
        raise Failed("the copy's outputs differ by {:.1e} of the largest".format(error))
    net.spare.append(other)
    return "the same weights and outputs"


def check_fuse(net: BuiltNetwork) -> str:
    """Fuse the network as the fork does, and compare what comes out."""
    if not hasattr(net.module, "fuse"):
        raise Skipped("the fork's Model has no fuse()")
    before: List[Any] = []
    after: List[Any] = []
    image = net.image(net.small)
    # What is fused is read from a checkpoint, whose weights are not trained any more.
    fused = net.copy().eval().requires_grad_(False)
    plain = run_with_head(fused, image, before)
    options = {"verbose": False} if "verbose" in inspect.signature(fused.fuse).parameters else {}
    fused = fused.fuse(**options) or fused
    outputs = run_with_head(fused, image, after)
    # The boxes of an untrained network hardly depend on what the head gets: both are compared.
    body, error = difference(before, after), difference(plain, outputs)
    if body > _FUSED:
        raise Failed(
            "after fuse() what the head gets differs by {:.1e} of the largest".format(body)
        )
    if error <= _FUSED:
        return "outputs equal to {:.0e}".format(max(body, error, 1e-7))
    reshaped = [tensor.shape for tensor in plain] != [tensor.shape for tensor in outputs]
    if reshaped or _chooses(fused.model[-1]):
        # Some heads drop their training half when they are fused, others keep the best boxes
        # only: of two that are alike, the last bit decides.
        return "what the head gets is equal to {:.0e}".format(max(body, 1e-7))
    raise Failed("after fuse() the outputs differ by {:.1e} of the largest".format(error))


def _chooses(head: Any) -> bool:
    return bool(getattr(head, "end2end", False)) or hasattr(head, "num_queries")
