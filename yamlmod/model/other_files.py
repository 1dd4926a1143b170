"""Tell what a YAML is that is no model YAML: a dataset, a training configuration, a recipe."""

from __future__ import annotations

from collections.abc import Iterable

_GIVE = "give the model YAML: it has `backbone:` and `head:`, lists of [from, number, module, args]"
_TRAINING = {
    "lr0", "lrf", "momentum", "weight_decay", "warmup_epochs", "hsv_h", "mosaic", "epochs", "imgsz",
    "optimizer", "patience", "save_dir",
}  # fmt: skip


def described(keys: Iterable[str]) -> tuple[str, str] | None:
    """Return what a file with these top-level keys is, and what to give instead; None: unknown."""
    names = set(keys)
    if {"yamlmod", "edits"} <= names:
        return "it is a recipe of yamlmod", "`yamlmod apply RECIPE CFG` runs it"
    if {"study", "base"} <= names:
        return "it is a study", "`yamlmod study plan FILE -o DIR` compiles it"
    if names & {"train", "val"} and names & {"names", "nc", "path", "test", "download"}:
        return "it is a dataset YAML (train, val, names)", _GIVE
    if len(names & _TRAINING) >= 3:
        return "it is a training configuration (learning rate, epochs, augmentation)", _GIVE
    return None
