"""Transfer weights to an edited model: every tensor to the layer that its own became."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.fork.audit.symptoms import of_kind, symptoms
from yamlmod.model.network import Network
from yamlmod.ops.joint_inputs import changed_inputs
from yamlmod.ops.layer_map import Following, follow
from yamlmod.registry.catalogue import find
from yamlmod.runtime.protection import Protection
from yamlmod.runtime.yamlmod_worker.answers import RemapAnswer, RemapPart
from yamlmod.usecases.fork_run import PATIENT, Announce, Run, announced, draft_of, keep_draft
from yamlmod.usecases.interrupted import Interrupted
from yamlmod.usecases.model_file import Target
from yamlmod.usecases.network_size import named_scale, network_size, size_difference
from yamlmod.usecases.new_file import refuse_taken
from yamlmod.usecases.next_steps import after_remap
from yamlmod.usecases.shown import ShownAsTable
from yamlmod.workspace.files import display, exists, real_path
from yamlmod.workspace.search import python_files
from yamlmod.workspace.tree import Tree

LAYER_NAME = re.compile(r"model\.(\d+)\.")


@dataclass(frozen=True, repr=False)
class Remapped(ShownAsTable):
    """What was carried over, and what loading by name alone would have done.

    ``bare_loads`` are places of the fork that cannot load the result without
    TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD; ``trains`` says that it has a train.py. ``sizes`` is a
    sentence where the two files are of another width or depth, else empty.
    """

    repo: str
    interpreter: str
    protection: Protection
    layers: Following
    sizes: str
    model: Network
    output: Path | None
    answer: RemapAnswer
    bare_loads: tuple[str, ...]
    trains: bool
    classes: int | None = None
    # The edited YAML by the name that the fork builds it from: with its scale.
    cfg: str = ""
    # The command that trains with OUT, ready to paste.
    following: tuple[str, ...] = ()

    def title(self) -> str:
        right, total = self.answer["right"], self.answer["tensors"]
        written = "" if self.output is None else f", written to {display(self.output)}"
        return f"{right[0]} of {total} tensors carried over{written}"

    def headers(self) -> Sequence[str]:
        return ("", "tensors", "parameters")

    def rows(self) -> list[list[object]]:
        answer = self.answer
        new = answer["new"]
        return [
            ["carried over", *answer["right"]],
            ["dropped", len(answer["dropped"]), sum(size for *_, size in answer["dropped"])],
            ["new", len(new), sum(size for _, size in new)],
            ["in a wrong layer, if loaded by name", *answer["stock"]["wrong"]],
        ]


def remap(
    run: Run,
    weights: Path,
    before: Path,
    after: Path,
    output: Path | None = None,
    *,
    identity: bool = False,
    force: bool = False,
    classes: int | None = None,
    seconds: float = 300.0,
    announce: Announce | None = None,
) -> Remapped:
    """Build both networks with the fork's code and carry the weights over; write ``output``.

    ``classes`` is the number in the data set, for what train.py will say of it.
    """
    _check_paths(weights, output, force)
    targets = [run.open_model(cfg) for cfg in (before, after)]
    old, new = (target.model for target in targets)
    layers = follow(old, new)
    question = _question((old, new), (targets[0].cfg, targets[1].cfg), layers, identity)
    question |= run.where
    question["data_classes"] = classes
    question["weights"] = str(real_path(weights))
    moved = RemapSoFar(announce, output)
    missing = ""
    with draft_of(output) as draft, run.worker(PATIENT, draft=draft, announce=announce) as worker:
        question["out"] = None if draft is None else str(draft)
        try:
            with _scale_as_cause(targets[0]):
                answer = worker.ask(question, seconds, RemapAnswer, RemapPart, moved.part)
        except KeyboardInterrupt:
            if moved.answer is None:
                raise
            answer, missing = moved.answer, moved.missing()
            output = moved.written
        _check_answer(answer, new)
        if output is not None:
            keep_draft(draft, output)
        protection = worker.protection
    bare_loads = tuple(_bare_loads(run.tree, answer["torch"]))
    remapped = Remapped(
        repo=run.tree.shown("."),
        interpreter=run.interpreter.path,
        protection=protection,
        layers=layers,
        sizes=size_difference(targets[0], targets[1]),
        model=new,
        output=output,
        answer=answer,
        bare_loads=bare_loads,
        trains=bool(run.tree.glob("train.py")),
        classes=classes,
        cfg=display(targets[1].cfg),
        following=()
        if output is None
        else tuple(after_remap(run.tree.root, targets[1].cfg, output, bool(bare_loads))),
    )
    if missing:
        raise Interrupted(remapped, missing)
    return remapped


class RemapSoFar:
    """What the worker told of a remap before it was done."""

    def __init__(self, announce: Announce | None, output: Path | None) -> None:
        self.announce, self.output = announce, output
        self.answer: RemapAnswer | None = None
        self.written: Path | None = None

    def part(self, message: RemapPart) -> None:
        """Take one message."""
        if "begun" in message:
            announced(self.announce, message["begun"])
        if "answer" in message:
            self.answer = message["answer"]
            if self.announce is not None:
                right, tensors = self.answer["right"][0], self.answer["tensors"]
                self.announce(f"{right} of {tensors} tensors have their layers")
        if message.get("written"):
            self.written = self.output

    def missing(self) -> str:
        """Return what an interrupted answer lacks."""
        if self.output is not None and self.written is None:
            return f"{display(self.output)} was not written"
        return "what train.py will transfer was not counted"


def _check_paths(weights: Path, out: Path | None, force: bool) -> None:
    """Refuse weights that are not there, and an OUT that must not be written."""
    if not exists(weights) or not weights.is_file():
        raise Refusal("no-such-file", f"there is no file {display(weights)}")
    if out is None:
        return
    if real_path(out) == real_path(weights):
        raise Refusal("same-file", "-o names the weights themselves; give another file")
    refuse_taken(out, force)


def _question(
    models: tuple[Network, Network],
    cfgs: tuple[Path, Path],
    found: Following,
    identity: bool,
) -> dict[str, Any]:
    """Return what the worker has to know of both models."""
    old, new = (model.document.rows for model in models)
    own, wanted = (model.document.settings.get("nc") for model in models)
    return {
        "kind": "remap",
        "from": str(real_path(cfgs[0])),
        "to": str(real_path(cfgs[1])),
        "old_layers": len(old),
        "new_layers": len(new),
        "head": new[-1].module,
        "classes": own if isinstance(own, int) else None,
        "new_classes": wanted if isinstance(wanted, int) else None,
        "joints": [joint.as_data() for joint in changed_inputs(*models, found)],
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


@contextlib.contextmanager
def _scale_as_cause(base: Target) -> Iterator[None]:
    """Add to the refusal of weights of another network that --from names no scale."""
    try:
        yield
    except Refusal as error:
        if error.code != "other-base" or named_scale(base):
            raise
        own = network_size(base)
        if not own.scale:
            raise
        hint = f"{error.hint}; without a scale in its name it is built as {own.scale}"
        raise Refusal(error.code, error.message, place=error.place, hint=hint) from None


def _bare_loads(tree: Tree, torch: str) -> list[str]:
    """Return where the fork loads checkpoints in a way that this torch refuses."""
    release = tuple(int(part) for part in re.findall(r"\d+", torch.split("+")[0])[:2])
    if release < (2, 6):
        return []
    found = of_kind(symptoms(dict(python_files(tree))), "torch-load")
    return [f"{one.path}:{one.line}" for one in found]


def _check_answer(answer: RemapAnswer, new: Network) -> None:
    """Refuse an answer that speaks of layers that the new YAML does not have."""
    layers = {int(match[1]) for name, _ in answer["new"] if (match := LAYER_NAME.match(name))}
    if any(layer >= len(new.document.rows) for layer in layers):
        raise Refusal("bad-answer", "the fork's process sent an invalid answer: no such layer")
