"""Opens a fork for questions about model YAMLs; each process opens it once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from yamlmod.fork.parser.locate import locate
from yamlmod.fork.read.answers import NetworkReading
from yamlmod.fork.read.network import ForkReader
from yamlmod.fork.read.opening import reader_of
from yamlmod.fork.read.problems import answer, scales_of
from yamlmod.model.build_answer import BuildAnswer
from yamlmod.usecases.installed import open_tree


@dataclass(frozen=True)
class ForkQuestions:
    """A fork that can be asked what it makes of a YAML; it goes to other processes as a path."""

    repo: str

    def __call__(self, data: Mapping[str, Any]) -> BuildAnswer:
        return answer(_opened(self.repo), data)


def built_layers(repo: Path, data: Mapping[str, Any]) -> dict[str, NetworkReading]:
    """Return what a fork makes of a YAML, by the names of its scales."""
    reader = _opened(str(repo))
    return {scale: reader.read(data, scale) for scale in scales_of(data)}


@lru_cache(maxsize=2)
def _opened(repo: str) -> ForkReader:
    tree = open_tree(Path(repo))
    return reader_of(locate(tree))
