"""Name the command that adds a class, where a network fails because the fork has none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from yamlmod.model.network import Network
from yamlmod.registry.catalogue import find
from yamlmod.usecases.fork_classes import quoted
from yamlmod.usecases.fork_run import Run

_NO_NAME = re.compile(r"(?:NameError: name|KeyError:) '(\w+)'")


class FailedCheck(Protocol):
    @property
    def reason(self) -> str: ...


def missing_hints(failed: Iterable[FailedCheck], model: Network, run: Run) -> list[str]:
    """Return what to run for each class that a check did not find and a row names."""
    modules = {row.module for row in model.document.rows}
    names = [name for check in failed for name in _NO_NAME.findall(check.reason)]
    return [_hint(name, run) for name in dict.fromkeys(names) if name in modules]


def _hint(name: str, run: Run) -> str:
    word = name if find(name) is not None else f"FILE.py:{name}"
    return f"the fork has no class {name}: `yamlmod patch {quoted(run.tree.root)} {word} -w`"
