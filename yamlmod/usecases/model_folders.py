"""Find the folders in which a fork keeps its model YAMLs, for a CFG given by its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from yamlmod.usecases.named_fork import NamedFork
from yamlmod.workspace.files import exists


def folders_of_fork(cfg: Path, fork: NamedFork | None) -> Sequence[Path]:
    """Return where else a CFG may be: with a REPO, where that has its YAMLs."""
    return () if fork is None or exists(cfg) else fork.located().cfg_folders()
