"""Say what comes after a write: commands that are ready to paste."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yamlmod.usecases.fork_classes import fork_of, missing_classes, quoted
from yamlmod.workspace.files import display, exists, real_path
from yamlmod.workspace.overlay_folder import MODELS, is_overlay, read_manifest

# The name of a file for all scales, before what tells its task: yolo11-seg.
_SCALED = re.compile(r"^(yolo(?:v|e-)?\d+)(?![nslmx])")


@dataclass(frozen=True)
class WrittenModel:
    """A model YAML that was written: what from, and which classes are new in it.

    ``moved`` tells that layers have other numbers than in ``source``.
    """

    source: Path
    path: Path
    modules: Sequence[str]
    moved: bool
    # One file for several scales: its checkpoints have the scale in their names.
    scale: str = ""

    @property
    def is_copy(self) -> bool:
        return real_path(self.source) != real_path(self.path)


def after_model(written: WrittenModel, repo: Path | None = None, target: str = "") -> list[str]:
    """Return the commands after a YAML was written: patch, verify, remap, train."""
    repo = repo or fork_of(written.path) or fork_of(written.source)
    if repo is None:
        return [f"yamlmod check {quoted(written.path)}"]
    # ultralytics takes the scale from the name: without one it builds the first of the file.
    path, source = (_scaled(file, written.scale) for file in (written.path, written.source))
    cfg, before = quoted(path), quoted(source)
    steps = []
    meant = f" --target {shlex.quote(target)}" if target else ""
    lost = missing_classes(repo, written.modules, target)
    if lost:
        steps.append(f"yamlmod patch {quoted(repo)} {' '.join(lost)}{meant} -w")
    base = f" --base {before}" if written.is_copy else ""
    steps.append(f"yamlmod verify {quoted(repo)} {cfg}{base}{meant}")
    weights = _weights(written)
    if written.is_copy and written.moved:
        out = f"{path.stem}.pt"
        steps.append(
            f"yamlmod remap {shlex.quote(weights)} --repo {quoted(repo)} --from "
            f"{before} --to {cfg} -o {shlex.quote(out)}{meant}"
        )
        weights = out
    return [*steps, *train_command(repo, path, weights)]


def after_patch(repo: Path, modules: Sequence[str]) -> list[str]:
    """Return the commands after classes were put into a fork."""
    return [
        f"yamlmod add {module} --repo {quoted(repo)} --cfg CFG.yaml --after P3 -o NEW.yaml"
        for module in modules[:1]
    ] + [f"yamlmod status {quoted(repo)}"]


def train_command(repo: Path, cfg: Path, weights: str) -> list[str]:
    """Return how the family of a fork trains a YAML, nothing where that is not known."""
    if is_overlay(repo):
        return _overlay_train_command(repo, cfg, weights)
    script = repo / "train.py"
    if exists(script):
        return [f"python {quoted(script)} --cfg {quoted(cfg)} --weights {shlex.quote(weights)}"]
    if exists(repo / "nn" / "tasks.py"):
        return [f"yolo train model={quoted(cfg)} pretrained={shlex.quote(weights)}"]
    return []


def _overlay_train_command(overlay: Path, cfg: Path, weights: str) -> list[str]:
    start = f"yamlmod exec --overlay {quoted(overlay)}"
    package = read_manifest(overlay).package
    if package == "ultralytics":
        name = cfg.name if cfg.parent == overlay / MODELS else display(cfg)
        words = f"model={shlex.quote(name)} pretrained={shlex.quote(weights)}"
        return [f"{start} yolo train {words} data=DATA.yaml"]
    train = f"python -m {package}.train"
    return [f"{start} {train} --cfg {quoted(cfg)} --weights {shlex.quote(weights)}"]


def after_remap(repo: Path, cfg: Path, weights: Path, bare: bool) -> list[str]:
    """Return the command that trains with new weights; ``bare``: torch refuses their pickle."""
    steps = train_command(repo, cfg, display(weights))
    name = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1"
    if not bare or not steps:
        return steps
    return [f"set {name}", *steps] if os.name == "nt" else [f"{name} {step}" for step in steps]


def _scaled(path: Path, scale: str) -> Path:
    """Return the path by which a file is built at a scale; its own where the name takes none."""
    stem = _SCALED.sub(rf"\g<1>{scale}", path.stem, count=1)
    return path.with_name(stem + path.suffix)


def _weights(written: WrittenModel) -> str:
    """Return the checkpoint of a YAML: one that is there, else its usual name."""
    source = written.source
    name = f"{_scaled(source, written.scale).stem}.pt"
    beside = (Path(name), source.with_name(name), source.parent.parent / name)
    return next((display(path) for path in beside if exists(path)), name)
