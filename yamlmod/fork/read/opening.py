"""Open a reader for a located fork, as it is or after a planned change."""

from __future__ import annotations

from collections.abc import Mapping

from yamlmod.fork.files import Files
from yamlmod.fork.parser.locate import ForkFacts, graph_of
from yamlmod.fork.python.modules import Modules
from yamlmod.fork.python.overlay import Overlay
from yamlmod.fork.read.network import ForkReader


def reader_of(fork: ForkFacts) -> ForkReader:
    """Return the reader of a fork as it was located."""
    return ForkReader(graph_of(fork.modules), fork.yolo, fork.function.name)


def reader_with(files: Files, fork: ForkFacts, texts: Mapping[str, str | None]) -> ForkReader:
    """Return the reader of a fork as it will be with a plan's texts; None takes a file away."""
    graph = graph_of(Modules(Overlay(files, texts), fork.yolo))
    return ForkReader(graph, fork.yolo, fork.function.name)
