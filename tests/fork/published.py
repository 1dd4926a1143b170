"""The published forks, each located and read once for the tests that change nothing in it."""

from __future__ import annotations

from functools import lru_cache

from tools.real_forks import fork_folder
from yamlmod.fork.parser.locate import ForkFacts, locate
from yamlmod.workspace.tree import Tree


@lru_cache(maxsize=2)
def published(spec: str) -> tuple[Tree, ForkFacts]:
    """Return a fork, with what an earlier test of the same worker has parsed of it."""
    tree = Tree(fork_folder(spec))
    return tree, locate(tree)
