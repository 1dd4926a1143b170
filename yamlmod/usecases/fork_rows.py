"""`insert --repo` and `replace --repo`: rows for a fork as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yamlmod.fork.parser.locate import source_of
from yamlmod.fork.read.network import ForkReader
from yamlmod.fork.read.opening import reader_of
from yamlmod.model.network import Network
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.outcome import Outcome
from yamlmod.usecases.fit_args import fork_name, insert_fitting
from yamlmod.usecases.fit_rows import replace_rows
from yamlmod.usecases.index_offset import offset_as_cause, refuse_index_offset, spelling_of
from yamlmod.usecases.layer_numbers import layer_number_warnings
from yamlmod.usecases.located_fork import LocatedFork


def insert_in_fork(located: LocatedFork, model: Network, request: Request) -> Outcome:
    reader = _reader(located, model)
    word = request.module if request.template is None else request.template.name
    name = fork_name(reader, word)
    spelling = spelling_of(located.fork)
    own = request._replace(module=name, template=None, verbatim=True, spelling=spelling)
    with offset_as_cause(located, model, own, reader):
        outcome = insert_fitting(reader, model, own)
    return _checked(located, outcome, reader)


def replace_in_fork(
    located: LocatedFork,
    model: Network,
    layers: Sequence[int],
    module: str,
    args: Sequence[Any] | None,
    force: bool,
    number: int | None = None,
) -> Outcome:
    """Replace rows by those of a class that the fork knows."""
    reader = _reader(located, model)
    name = fork_name(reader, module)
    outcome = replace_rows(reader, model, layers, name, args, force, number)
    return _checked(located, outcome, reader)


def _reader(located: LocatedFork, model: Network) -> ForkReader:
    # A file that Python cannot read is refused here, with its place.
    source_of(located.tree, located.fork.common)
    reader = reader_of(located.fork)
    refuse_index_offset(located, model.document.text, model.document.shown, reader)
    return reader


def _checked(located: LocatedFork, outcome: Outcome, reader: ForkReader) -> Outcome:
    """Refuse a result whose layers are numbered in another way, or whose outputs go missing."""
    refuse_index_offset(located, outcome.text, outcome.model.document.shown, reader)
    numbers = layer_number_warnings(located, outcome, reader, reader)
    return outcome._replace(warnings=(*outcome.warnings, *numbers))
