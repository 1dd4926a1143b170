"""Find the folders in which a fork keeps its model YAMLs, for a CFG given by its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from yamlmod.workspace.files import exists


def folders_of_fork(cfg: Path, repo: Path | None) -> Sequence[Path]:
    """Return where else a CFG may be: with a REPO, where that has its YAMLs."""
    if repo is None or exists(cfg):
        return ()
    # The fork room is large: only those who ask for a fork pay for it.
    from yamlmod.usecases.located_fork import open_fork

    return open_fork(repo).cfg_folders()
