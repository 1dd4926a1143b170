"""Choose the model YAML of a fork that is likely to be built fastest."""

from __future__ import annotations

import re
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.model.document import parse_document
from yamlmod.usecases.located_fork import LocatedFork
from yamlmod.workspace.files import real_path
from yamlmod.workspace.search import model_yamls

# Heads that boxes alone do not train, and those that are trained by scripts of their own.
_NOT = ("segment", "pose", "obb", "world", "yoloe", "classify", "rtdetr", "kpt", "pretrain")


# What a row's first argument is in most files: its channels.
_CHANNELS = re.compile(r",\s*\[\s*(\d+)")
_WIDTH = re.compile(r"^width_multiple:\s*([\d.]+)|^\s+\w+:\s*\[[\d.]+,\s*([\d.]+)", re.MULTILINE)


def smallest_model(located: LocatedFork) -> Path:
    """Return the detector with the fewest channels. Raises Refusal where there is none."""
    found = ((_weight(text), path, text) for path, text in model_yamls(located.tree))
    for _, path, text in sorted(found):  # by their texts: to parse all of them takes its time
        if _is_detector(path, text):
            return real_path(located.tree.root / path)
    raise Refusal(
        "no-cfg",
        f"{located.shown} has no model YAML of a detector",
        hint="--cfg names the one to train",
    )


def _weight(text: str) -> float:
    width = _WIDTH.search(text)
    factor = float(width[1] or width[2]) if width else 1.0
    return factor * sum(float(number[1]) for number in _CHANNELS.finditer(text))


def _is_detector(path: str, text: str) -> bool:
    try:
        rows = parse_document(text, path).rows
    except Refusal:
        return False
    head = rows[-1].module.lower() if rows else ""
    return "detect" in head and not any(word in f"{path} {head}".lower() for word in _NOT)
