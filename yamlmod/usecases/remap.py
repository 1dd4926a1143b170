"""What `remap` asks the worker, and how its answer reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yamlmod.errors import Refusal
from yamlmod.fork.audit.symptoms import of_kind, symptoms
from yamlmod.model.network import Network
from yamlmod.ops.layer_map import Following
from yamlmod.registry.catalogue import find
from yamlmod.runtime.yamlmod_worker.answers import RemapAnswer
from yamlmod.workspace.files import display, exists, real_path
from yamlmod.workspace.search import python_files
from yamlmod.workspace.tree import Tree

LAYER_NAME = re.compile(r"model\.(\d+)\.")


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
        "kind": "remap",
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
    layers = {int(match[1]) for name, _ in answer["new"] if (match := LAYER_NAME.match(name))}
    if any(layer >= len(new.document.rows) for layer in layers):
        raise Refusal("bad-answer", "the fork's process sent an invalid answer: no such layer")
