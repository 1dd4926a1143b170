"""Opens a fork for questions about model YAMLs; each process opens it once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from yamlmod.fork.read.answers import NetworkReading
from yamlmod.fork.read.network import ForkReader
from yamlmod.fork.read.opening import reader_of
from yamlmod.fork.read.problems import answer, scales_of
from yamlmod.model.build_answer import BuildAnswer
from yamlmod.usecases.named_fork import NamedFork


@dataclass(frozen=True)
class ForkQuestions:
    """A fork that can be asked what it makes of a YAML; it goes to other processes by its name."""

    fork: NamedFork

    def __call__(self, data: Mapping[str, Any]) -> BuildAnswer:
        return answer(_opened(self.fork), data)


def built_layers(fork: NamedFork, data: Mapping[str, Any]) -> dict[str, NetworkReading]:
    """Return what a fork makes of a YAML, by the names of its scales."""
    reader = _opened(fork)
    return {scale: reader.read(data, scale) for scale in scales_of(data)}


@lru_cache(maxsize=2)
def _opened(fork: NamedFork) -> ForkReader:
    return reader_of(fork.located().fork)
