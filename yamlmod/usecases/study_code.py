"""The frozen copy of a fork's code: with the texts of an overlay, and patch files by git."""

from __future__ import annotations

import subprocess
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.programs import find_program
from yamlmod.study.freeze import freeze
from yamlmod.workspace import disk
from yamlmod.workspace.files import display
from yamlmod.workspace.overlay_tree import OverlayTree
from yamlmod.workspace.tree import Tree

_SECONDS = 60


def freeze_tree(tree: Tree, code: Path, leave: Path) -> None:
    """Copy the code of a fork to ``code``, as its overlay leaves it where it has one."""
    freeze(tree.root, code, leave)
    if isinstance(tree, OverlayTree):
        for path in tree.manifest.files:
            disk.write_draft(code / path, tree.files[path].raw)


def apply_patch_file(patch: Path, code: Path) -> None:
    """Apply a patch made by `git diff` or `diff -ru`. Raises Refusal where it does not fit.

    git refuses a path that leads out of the folder.
    """
    git = find_program("git")
    if git is None:
        raise Refusal("no-git", f"{display(patch)} is applied by git, which is not installed")
    # In a folder above which there may be a repository: without the ceiling its paths would count.
    command = [git, "apply", "--whitespace=nowarn", str(patch.resolve())]
    environment = {"GIT_CEILING_DIRECTORIES": str(code.parent), "LC_ALL": "C"}
    done = subprocess.run(
        command,
        cwd=code,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        raise Refusal(
            "patch-does-not-fit",
            f"{display(patch)} cannot be applied to the fork's code: {reason[:300]}",
            hint="make it in the fork with `git diff > FILE.patch`",
        )
