"""Choose the fork of a command: the one that is named, else the one around CFG or here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.registry.settings import settings
from yamlmod.workspace.files import display, real_path
from yamlmod.workspace.near_fork import near_fork


class RepoChoice(NamedTuple):
    """A fork, and how it was found where the command did not name it."""

    path: Path
    why: str = ""

    @property
    def notes(self) -> list[str]:
        return [f"REPO is {display(self.path)} ({self.why})"] if self.why else []


def choose_repo(
    given: Path | None, cfgs: Sequence[Path] = (), form: str = "--repo REPO"
) -> RepoChoice:
    """Return the fork that is meant. Raises Refusal where none is named or around."""
    if given is not None:
        return RepoChoice(given)
    defaults = settings()
    if defaults.repo is not None:
        return RepoChoice(defaults.repo, f"`repo` in {defaults.shown}")
    fork = near_fork(*cfgs)
    if fork is not None:
        root = real_path(fork)
        around = any(real_path(cfg).is_relative_to(root) for cfg in cfgs if cfg.is_file())
        return RepoChoice(fork, "the fork of CFG" if around else "the fork here")
    raise Refusal(
        "no-repo",
        "no fork is named, and there is none around the model YAML or in the current folder",
        hint=f"name the folder that holds models/yolo.py, or nn/tasks.py: {form}",
    )
