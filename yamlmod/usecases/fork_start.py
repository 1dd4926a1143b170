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
    """Return where the fork's scripts are started: where its names for itself begin.

    That is above the repository where it is the package, and a folder of it where the fork is one
    of several things in there.
    """
    root = real_path(tree.root)
    if root.name == top_names(fork)[0] and (root / "__init__.py").is_file():
        return root.parent
    path = PurePosixPath(fork.yolo).with_suffix("").parts
    spelled = tuple(fork.spelled(fork.yolo).split("."))
    above = len(path) - len(spelled)
    return root.joinpath(*path[:above]) if spelled == path[max(above, 0) :] else root
