"""Choose the model YAML of a fork that is likely to be built fastest."""

from __future__ import annotations

from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.model.document import Document, parse_document
from yamlmod.usecases.located_fork import LocatedFork
from yamlmod.workspace.files import real_path
from yamlmod.workspace.search import model_yamls

# Heads that boxes alone do not train, and those that are trained by scripts of their own.
_NOT = ("segment", "pose", "obb", "world", "yoloe", "classify", "rtdetr", "kpt", "pretrain")


def smallest_model(located: LocatedFork) -> Path:
    """Return the detector with the fewest channels. Raises Refusal where there is none."""
    found: list[tuple[float, str]] = []
    for path, text in model_yamls(located.tree):
        try:
            document = parse_document(text, path)
        except Refusal:
            continue
        head = document.rows[-1].module.lower() if document.rows else ""
        if "detect" in head and not any(word in f"{path} {head}".lower() for word in _NOT):
            found.append((_weight(document), path))
    if not found:
        raise Refusal(
            "no-cfg",
            f"{located.shown} has no model YAML of a detector",
            hint="--cfg names the one to train",
        )
    return real_path(located.tree.root / min(found)[1])


def _weight(document: Document) -> float:
    data = document.settings
    scales = data.get("scales")
    first = next(iter(scales.values()), None) if isinstance(scales, dict) else None
    width = first[1] if isinstance(first, list) and len(first) > 1 else data.get("width_multiple")
    factor = width if isinstance(width, (int, float)) else 1.0
    numbers = (row.args[0] for row in document.rows if row.args)
    return factor * sum(number for number in numbers if isinstance(number, int))
