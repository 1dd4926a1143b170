"""What `remap` asks the worker, and how its answer reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from yamlmod.cli.running import told_of_run
from yamlmod.errors import Refusal, one_of
from yamlmod.fork.symptoms import of_kind, symptoms
from yamlmod.model.network import Network
from yamlmod.ops.follow import Following
from yamlmod.registry.catalogue import find
from yamlmod.runtime.answers import IdentityAnswer, RemapAnswer
from yamlmod.workspace.files import display, exists, real_path
from yamlmod.workspace.search import python_files
from yamlmod.workspace.tree import Tree

_LAYER = re.compile(r"model\.(\d+)\.")


def check_paths(weights: Path, out: Path | None, force: bool) -> None:
    """Refuse weights that are not there, and an OUT that must not be written."""
    if not exists(weights) or not weights.is_file():
        raise Refusal("no-such-file", f"there is no file {display(weights)}")
    if out is None:
        return
    if real_path(out) == real_path(weights):
        raise Refusal("same-file", "-o names the weights themselves; give another file")
    if not out.absolute().parent.is_dir():
        raise Refusal("no-such-folder", f"there is no folder {display(out.absolute().parent)}")
    if out.is_dir():
        raise Refusal("is-folder", f"{display(out)} is a folder, and a file is needed")
    if exists(out) and not force:
        raise Refusal("file-exists", f"{display(out)} exists already", hint="--force overwrites it")


def question(
    models: tuple[Network, Network],
    cfgs: tuple[Path, Path],
    found: Following,
    identity: bool,
) -> dict[str, Any]:
    """Return what the worker has to know of both models."""
    old, new = (model.document.rows for model in models)
    classes = models[0].document.settings.get("nc")
    return {
        "kind": "remapping",
        "from": str(real_path(cfgs[0])),
        "to": str(real_path(cfgs[1])),
        "old_layers": len(old),
        "new_layers": len(new),
        "head": new[-1].module,
        "classes": classes if isinstance(classes, int) else None,
        "pairs": [list(pair) for pair in found.pairs],
        "identity": identity_wanted(models[1], found) if identity else None,
    }


def identity_wanted(new: Network, found: Following) -> dict[str, Any]:
    """Return how each new layer starts as the identity, and which cannot and why."""
    fills: dict[str, Mapping[str, float]] = {}
    cannot: list[str] = []
    for layer in found.added:
        name = new.document.rows[layer].module
        template = find(name)
        if template is not None and template.identity:
            fills[str(layer)] = dict(template.identity)
        elif template is not None:
            why = template.limits.get("identity", "its template names no such start")
            cannot.append(f"{layer} {name}: {why}")
        else:
            cannot.append(f"{layer} {name}: it is not of the registry")
    reason = found.difference
    if cannot and not reason:
        reason = "a new layer cannot start as the identity"
    return {"fills": fills, "cannot": cannot, "reason": reason}


def bare_loads(tree: Tree, torch: str) -> list[str]:
    """Return where the fork loads checkpoints in a way that this torch refuses."""
    release = tuple(int(part) for part in re.findall(r"\d+", torch.split("+")[0])[:2])
    if release < (2, 6):
        return []
    found = of_kind(symptoms(dict(python_files(tree))), "torch-load")
    return [f"{one.path}:{one.line}" for one in found]


def check_answer(answer: RemapAnswer, new: Network) -> None:
    """Refuse an answer that speaks of layers that the new YAML does not have."""
    layers = {int(match[1]) for name, _ in answer["new"] if (match := _LAYER.match(name))}
    if any(layer >= len(new.document.rows) for layer in layers):
        raise Refusal("bad-answer", "the fork's process sent an invalid answer: no such layer")


def report(
    answer: RemapAnswer,
    found: Following,
    new: Network,
    loads: Sequence[str],
    out: Path | None,
    trains: bool,
) -> Iterator[str]:
    """Yield the lines of the answer; ``trains`` says that the fork has a train.py."""
    tensors, parameters = answer["tensors"], answer["parameters"]
    share = _Share(parameters)
    yield f"{answer['form']} checkpoint, {answer['source']}: {share.of([tensors, parameters])}"
    for note in answer["notes"]:
        yield f"note: {note}"
    yield f"right    {share.of(answer['right'])}"
    yield f"dropped  {_groups(answer['dropped'])}"
    yield f"new      {_new(answer['new'], new)}"
    for a, b in found.moved:
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
    done, total = answer["expected"]
    yield f"`{_train(trains, out, new)}` will say: Transferred {done}/{total}"
    if loads:
        yield (
            f"set TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 for it: {one_of(loads, 3)} calls torch.load "
            f"bare, and torch {answer['torch']} then refuses a checkpoint that holds a network"
        )


def _train(trains: bool, out: Path, new: Network) -> str:
    cfg = new.document.shown
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


def _groups(dropped: Sequence[Sequence[Any]]) -> str:
    if not dropped:
        return "none"
    reasons: dict[str, list[str]] = {}
    for name, reason, _ in dropped:
        reasons.setdefault(reason, []).append(name)
    return "; ".join(f"{one_of(names, 3)}: {reason}" for reason, names in reasons.items())


def _new(names: Sequence[Sequence[Any]], model: Network) -> str:
    if not names:
        return "none"
    layers: dict[str, int] = {}
    for name, size in names:
        match = _LAYER.match(name)
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
