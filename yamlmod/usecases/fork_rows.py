"""`insert --repo` and `replace --repo`: rows for a fork as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.fork.parser.locate import Fork, locate, source_of
from yamlmod.fork.read.opening import reader_of
from yamlmod.model.network import Network
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.outcome import Outcome
from yamlmod.usecases.fit_args import fork_name, insert_fitting, replace_fitting
from yamlmod.usecases.index_offset import offset_as_cause, refuse_index_offset, spelling_of
from yamlmod.usecases.layer_numbers import layer_number_warnings
from yamlmod.workspace.tree import Tree


class ForkWords(NamedTuple):
    """The words of a command that say which parse function is meant."""

    repo: Path
    target: str = ""
    dialect: str = ""


def insert_in_fork(words: ForkWords, model: Network, request: Request) -> Outcome:
    """Insert rows of a class that the fork knows."""
    tree = Tree(words.repo)
    fork = _located(tree, words, model)
    reader = reader_of(fork)
    word = request.module if request.template is None else request.template.name
    name = fork_name(reader, word)
    own = replace(request, module=name, template=None, verbatim=True, spelling=spelling_of(fork))
    with offset_as_cause(fork, tree, model, own):
        outcome = insert_fitting(reader, model, own)
    return _checked(tree, fork, outcome)


def replace_in_fork(
    words: ForkWords,
    model: Network,
    layer: int,
    module: str,
    args: Sequence[Any] | None,
    force: bool,
) -> Outcome:
    """Replace a row by one of a class that the fork knows."""
    tree = Tree(words.repo)
    fork = _located(tree, words, model)
    reader = reader_of(fork)
    outcome = replace_fitting(reader, model, layer, fork_name(reader, module), args, force)
    return _checked(tree, fork, outcome)


def _located(tree: Tree, words: ForkWords, model: Network) -> Fork:
    fork = locate(tree, words.target, words.dialect)
    source_of(tree, fork.common)  # one that Python cannot read is said so, with its place
    refuse_index_offset(fork, tree, model.document.text, model.document.shown)
    return fork


def _checked(tree: Tree, fork: Fork, outcome: Outcome) -> Outcome:
    """Refuse a result whose layers are numbered in another way, or whose outputs go missing."""
    refuse_index_offset(fork, tree, outcome.text, outcome.model.document.shown)
    numbers = layer_number_warnings(tree, fork, outcome)
    return replace(outcome, warnings=(*outcome.warnings, *numbers))
