"""Print the answer of `remap`, as text and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from yamlmod.errors import one_of
from yamlmod.model.network import Network
from yamlmod.runtime.yamlmod_worker.answers import IdentityAnswer
from yamlmod.usecases.fork_run import told_of_run
from yamlmod.usecases.remap import LAYER_NAME, Remapped
from yamlmod.workspace.files import display


def report(remapped: Remapped) -> Iterator[str]:
    """Yield the lines of the answer."""
    answer, new, out = remapped.answer, remapped.model, remapped.output
    tensors, parameters = answer["tensors"], answer["parameters"]
    share = _Share(parameters)
    yield f"{answer['form']} checkpoint, {answer['source']}: {share.of([tensors, parameters])}"
    for note in answer["notes"]:
        yield f"note: {note}"
    if remapped.sizes:
        yield f"warning: {remapped.sizes}"
    yield f"right    {share.of(answer['right'])}"
    yield f"dropped  {_groups(answer['dropped'], bool(remapped.sizes))}"
    yield f"new      {_new(answer['new'], new)}"
    for a, b in remapped.layers.moved:
        yield f"moved    layer {a} is layer {b} now"
    stock = answer["stock"]
    yield f"Loading by name and shape alone would have put {share.of(stock['right'])} right,"
    layers = one_of([str(layer) for layer in stock["wrong_layers"]])
    into = f" (those of the old layers {layers})" if layers else ""
    yield f"and {share.of(stock['wrong'])} into a wrong layer{into}."
    yield from _identity(answer["identity"])
    yield from told_of_run(answer)
    if out is None:
        return
    yield from _transfers(remapped, out)
    if remapped.bare_loads:
        places = one_of(remapped.bare_loads, 3)
        yield (
            f"set TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 for it: {places} calls torch.load "
            f"bare, and torch {answer['torch']} then refuses a checkpoint that holds a network"
        )
    if remapped.following:
        yield "next:"
        yield from (f"  {line}" for line in remapped.following)


def _transfers(remapped: Remapped, out: Path) -> Iterator[str]:
    """Yield what train.py will say, for each number of classes that its data set may have."""
    cfg = remapped.cfg or remapped.model.document.shown
    train = _train(remapped.trains, out, cfg)
    for classes, done, total in remapped.answer["transfers"]:
        of = "" if classes is None else f" (nc of the data set: {classes})"
        yield f"`{train}` will say: Transferred {done}/{total}{of}"
    if remapped.classes is None:
        yield "for a data set of another nc, --nc N gives the line"


def _train(trains: bool, out: Path, cfg: str) -> str:
    if trains:
        return f"train.py --weights {display(out)} --cfg {cfg}"
    return f"yolo train model={cfg} pretrained={display(out)}"


class _Share:
    """Writes counts of tensors with their share of the parameters."""

    def __init__(self, parameters: int) -> None:
        self.parameters = parameters

    def of(self, count: Sequence[int]) -> str:
        tensors, parameters = count
        share = 100 * parameters / self.parameters if self.parameters else 0.0
        return f"{tensors} tensors, {parameters:,} parameters ({share:.1f} %)"


def _groups(dropped: Sequence[Sequence[Any]], sizes: bool) -> str:
    """Return what was dropped, by its reasons; in files of other ``sizes`` all shapes are one."""
    if not dropped:
        return "none"
    reasons: dict[str, list[str]] = {}
    for name, reason, _ in dropped:
        other = sizes and reason.startswith("its shape is")
        reasons.setdefault("other shapes now" if other else reason, []).append(name)
    return "; ".join(f"{one_of(names, 3)}: {reason}" for reason, names in reasons.items())


def _new(names: Sequence[Sequence[Any]], model: Network) -> str:
    if not names:
        return "none"
    layers: dict[str, int] = {}
    for name, size in names:
        match = LAYER_NAME.match(name)
        key = f"{match[1]} {model.document.rows[int(match[1])].module}" if match else name
        layers[key] = layers.get(key, 0) + size
    text = one_of([f"layer {key}" for key in layers], 6)
    return f"{len(names)} tensors, {sum(layers.values()):,} values: {text}"


def _identity(found: IdentityAnswer | None) -> Iterator[str]:
    if found is None:
        return
    for one in found["cannot"]:
        yield f"cannot start as the identity: layer {one}"
    if found["compared"]:
        error = found["error"]
        yield f"the outputs equal the pretrained network's: largest difference {error:.1e}"
    else:
        yield f"the outputs were not compared: {found['reason']}"


def remap_data(remapped: Remapped, interrupted: bool = False) -> dict[str, Any]:
    """Return the whole answer as data."""
    layers = remapped.layers
    return {
        "command": "remap",
        "repo": remapped.repo,
        "ran": [remapped.interpreter],
        "protection": remapped.protection.as_data(),
        "interrupted": interrupted,
        "output": None if remapped.output is None else str(remapped.output),
        "pairs": [list(pair) for pair in layers.pairs],
        "sizes": remapped.sizes,
        "moved": layers.moved,
        "added": layers.added,
        "removed": layers.removed,
        "environment": {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"} if remapped.bare_loads else {},
        "next": list(remapped.following),
        **remapped.answer,
    }
