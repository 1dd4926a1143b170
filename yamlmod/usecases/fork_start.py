"""Find where the scripts of a fork are started, and by which names its code imports itself."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from yamlmod.fork.parser.locate import ForkFacts
from yamlmod.workspace.files import real_path
from yamlmod.workspace.tree import Tree


def top_names(fork: ForkFacts) -> list[str]:
    """Return the top-level names by which the fork's own code imports itself, and its kin."""
    first = fork.package_prefix.strip(".").split(".")[0] or PurePosixPath(fork.yolo).parts[0]
    return list(dict.fromkeys([first, "utils", "ultralytics", "yolov5", "pkg_resources"]))


def start_folder(tree: Tree, fork: ForkFacts) -> Path:
    """Return where the fork's scripts are started: in it, or above it where it is the package."""
    root = real_path(tree.root)
    itself = root.name == top_names(fork)[0] and (root / "__init__.py").is_file()
    return root.parent if itself else root
