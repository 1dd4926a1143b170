"""A machine over made-up files, for tests of single constructs."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Any

from yamlmod.fork.python.import_graph import ImportGraph
from yamlmod.fork.read.assembly import new_machine
from yamlmod.fork.read.machine import Machine
from yamlmod.fork.read.scopes import SourceFile


class MemoryFiles:
    """Files in a dictionary, as the fork room takes them."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    def read(self, path: str) -> str | None:
        return self.texts.get(path)

    def shown(self, path: str) -> str:
        return path

    def is_file(self, path: str) -> bool:
        return path in self.texts

    def is_folder(self, path: str) -> bool:
        return any(name.startswith(f"{path.rstrip('/')}/") for name in self.texts)

    def place(self) -> str:
        return "/r"

    def glob(self, pattern: str) -> list[str]:
        plain = pattern.replace("[[]", "[")
        return sorted(
            p for p in self.texts if fnmatch(p, plain) and p.count("/") == plain.count("/")
        )


def machine_of(texts: dict[str, str]) -> Machine:
    """Return a machine that reads these files."""
    graph = ImportGraph(MemoryFiles(texts), "m.py")

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
