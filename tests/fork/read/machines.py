"""A machine over made-up files, for tests of single constructs."""

from __future__ import annotations

from typing import Any

from tests.fork.memory import Memory
from yamlmod.fork.python.import_graph import ImportGraph
from yamlmod.fork.read.interpreter.assembly import new_machine
from yamlmod.fork.read.interpreter.machine import Machine
from yamlmod.fork.read.interpreter.scopes import SourceFile


def machine_of(texts: dict[str, str]) -> Machine:
    """Return a machine that reads these files."""
    graph = ImportGraph(Memory(texts, "/r", ""), "m.py")

    def read(path: str) -> SourceFile | None:
        source = graph.source(path)
        return None if source is None else SourceFile(path, path, source.tree)

    return new_machine(graph, read)


def call(text: str, name: str = "f", *args: Any, **others: str) -> Any:
    """Return what a function of the file `m.py` gives, by the interpreter."""
    machine = machine_of({"m.py": text, **{f"{key}.py": value for key, value in others.items()}})
    module = machine.module("m.py")
    assert module is not None
    function = machine.parts.global_name(machine, module, name)
    return machine.call(function, list(args))
