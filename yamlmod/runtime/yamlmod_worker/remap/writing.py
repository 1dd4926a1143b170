"""Load a checkpoint's tensors into a network, and write the network as the fork loads it."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any, Callable, Dict, NamedTuple, Optional

from ..building.stand_ins import is_stand_in
from ..checkpoints.checkpoint import Checkpoint, open_checkpoint
from ..checkpoints.meanings import Tensor
from ..checkpoints.state import State, find_state
from ..refused import Refused, bad
from .moving import MovedTensor, Rows
from .names import weights_of


class CarriedState(NamedTuple):
    """A checkpoint, the state it holds, and what of it goes where in the new network."""

    checkpoint: Checkpoint
    state: State
    carried: Dict[str, MovedTensor]

    @property
    def tensors(self) -> Dict[str, Tensor]:
        """Return the tensors by their names in the new network."""
        return {name: self.state.tensors[item.name] for name, item in self.carried.items()}


def load(
    network: Any,
    checkpoint: Checkpoint,
    tensors: Dict[str, Tensor],
    moved: Optional[Dict[str, MovedTensor]] = None,
) -> None:
    """Load tensors by the names that the network holds them under, one at a time.

    Of a tensor that has rows for branches, ``moved`` says which row becomes which.
    """
    import torch

    weights = weights_of(network)
    with torch.no_grad():
        for name, value in checkpoint.read(tensors):
            rows = None if moved is None else moved[name].rows
            if rows is None:
                weights[name].copy_(value)
            else:
                for old, new in rows:
                    weights[name][new].copy_(value[old])


def write(save: Callable[..., None], new: Any, source: CarriedState, out: str) -> None:
    """Write the checkpoint beside OUT, read it back, and only then put it in OUT's place."""
    state = source.state
    if {tensor.dtype for tensor in state.tensors.values() if tensor.is_float} == {"float16"}:
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
            _save(save, content, draft)
            _prove(draft, new, source)
            os.replace(draft, out)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        message = "{} cannot be written: {}".format(out, error.strerror or error)
        raise Refused("unwritable", message) from None


def _save(save: Callable[..., None], content: Dict[str, Any], draft: str) -> None:
    try:
        save(content, draft)
    except RuntimeError as error:
        # What torch's writer of archives says on a full disk, which is no OSError.
        if "inline_container" not in str(error) and "PytorchStreamWriter" not in str(error):
            raise
        raise OSError("only a part of it was written to the disk") from None


def _prove(draft: str, new: Any, source: CarriedState) -> None:
    """Read the file back as data: every tensor is the network's, and the checkpoint's own."""
    written = open_checkpoint(draft)
    stood = sorted({name.module for name in written.names if is_stand_in(name.module)})
    if stood:
        raise Refused(
            "stand-in-kept",
            "the network holds objects of missing packages: {}".format(", ".join(stood)),
            "install them for the Python that --python names",
        )
    tensors = find_state(written).tensors
    wanted = weights_of(new)
    carried = written.read({name: tensors[name] for name in source.carried if name in tensors})
    items = source.carried.values()
    same = (
        list(tensors) == list(wanted)
        and all(_equal(value, wanted[name]) for name, value in written.read(tensors))
        and all(
            _equal_rows(value, original.to(value.dtype), item.rows)
            for (_, value), (_, original), item in zip(
                carried, source.checkpoint.read(source.tensors), items
            )
        )
    )
    if not same:
        raise bad("the written file differs when read back; it was not kept")


def _equal_rows(value: Any, original: Any, rows: Optional[Rows]) -> bool:
    if rows is None:
        return _equal(value, original)
    return all(_equal(value[new], original[old]) for old, new in rows)


def _equal(first: Any, second: Any) -> bool:
    """Whether two tensors are the same; NaN equals NaN."""
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    return bool(((first == second) | ((first != first) & (second != second))).all())
