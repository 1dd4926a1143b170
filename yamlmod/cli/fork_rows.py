"""`insert --repo` and `replace --repo`: rows for a fork as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from yamlmod.cli.fitting import fork_name, insert_fitting, replace_fitting
from yamlmod.cli.repository import refuse_index_offset, spelling_of
from yamlmod.fork.locate import Fork, locate
from yamlmod.fork.read.network import ForkReader
from yamlmod.fork.read.opening import reader_of
from yamlmod.model.network import Network
from yamlmod.ops.insert import Request
from yamlmod.ops.outcome import Outcome
from yamlmod.workspace.files import Tree


def insert_in_fork(repo: Path, model: Network, request: Request) -> Outcome:
    """Insert rows of a class that the fork knows."""
    fork, reader = _opened(repo)
    word = request.module if request.template is None else request.template.name
    name = fork_name(reader, word)
    own = replace(request, module=name, template=None, verbatim=True, spelling=spelling_of(fork))
    return insert_fitting(reader, model, own)


def replace_in_fork(
    repo: Path, model: Network, layer: int, module: str, args: Sequence[Any] | None, force: bool
) -> Outcome:
    """Replace a row by one of a class that the fork knows."""
    _, reader = _opened(repo)
    return replace_fitting(reader, model, layer, fork_name(reader, module), args, force)


def _opened(repo: Path) -> tuple[Fork, ForkReader]:
    tree = Tree(repo)
    fork = locate(tree)
    refuse_index_offset(fork, tree)
    return fork, reader_of(fork)
