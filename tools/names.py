"""Compare what the import graph says about every name of a fork's modules with what Python says.

    python -m tools.names REPO... [--near] [--seconds 60] [--list wrong,failed,Unknown]

Each Python file below REPO is really imported, in another process that has torch and stand-ins
for the packages that are not installed. For every name of the module, and every name
that the graph expects there, the two are compared:

- right: the class, function, module or outside object that the graph names, by file, qualified
  name and lines, or by identity
- bound: a value (a constant, an instance) that is there as the graph says
- Unknown: the graph does not say
- wrong: anything else, among it a name that is only in one of the two

Files that fail to import are counted apart; a file that imports, though the graph sees a problem,
is wrong. Code of the repositories runs here: use a machine that may be lost. The network is cut off
where the system lets an unprivileged process do so.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import inspect
import os
import sys
import time
import types
from collections import Counter
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from tools.imported import Absent, StandIn, each_in_child, roots_of, version_of
from yamlmod.errors import YamlmodError
from yamlmod.fork.parser.candidates import choose
from yamlmod.fork.python.answers import Answer, Definition, Missing, OutsideTree, Unknown, shown
from yamlmod.fork.python.import_graph import ImportGraph
from yamlmod.fork.python.import_reach import ImportReach
from yamlmod.workspace.search import python_files
from yamlmod.workspace.tree import Tree

_SET_BY_PYTHON = {"__builtins__", "__cached__", "__doc__", "__file__", "__loader__", "__name__"}
_SET_BY_PYTHON |= {"__package__", "__spec__", "__path__", "__annotations__", "__warningregistry__"}
_AMISS = ("wrong", "failed", "by others")
_PATH, _FINDERS = tuple(sys.path), tuple(sys.meta_path)


@dataclass
class Outcome:
    """What came out for one file."""

    counts: Counter[str] = field(default_factory=Counter)
    lines: list[tuple[str, str]] = field(default_factory=list)

    def add(self, verdict: str, text: str = "") -> None:
        """Count a verdict; its text is for the list."""
        self.counts[verdict] += 1
        if text:
            self.lines.append((verdict, text))

    def take(self, other: Outcome) -> None:
        """Count what came out for another file as well."""
        self.counts += other.counts
        self.lines += other.lines


def judge(graph: ImportGraph, repo: Path, path: str, module: types.ModuleType) -> Outcome:
    """Compare all names of a module that has been imported."""
    outcome = Outcome()
    there = {name: value for name, value in vars(module).items() if name not in _SET_BY_PYTHON}
    expected = {name for name in graph.names(path).names if name not in _SET_BY_PYTHON}
    for name in sorted({*there, *expected}):
        answer = graph.denotes_in_module(path, name)
        text = f"{path} {name}: the graph says {shown(answer)}"
        if name in there:
            verdict, truth = compare(graph, repo, answer, there[name], path, name)
            outcome.add(verdict, f"{text}; Python says {truth}" if verdict != "right" else "")
        elif isinstance(answer, Unknown):
            outcome.add("Unknown", text)
        elif isinstance(answer, (Definition, OutsideTree)) and answer.conditional:
            outcome.add("conditional")
        elif not isinstance(answer, Missing):
            outcome.add("wrong", f"{text}; Python has no such name")
    return outcome


def compare(
    graph: ImportGraph, repo: Path, answer: Answer, value: Any, path: str, name: str
) -> tuple[str, str]:
    """Return the verdict on one name, and what Python says."""
    truth = told(value)
    if isinstance(answer, Unknown):
        return "Unknown", truth
    if isinstance(answer, Missing):
        # Others that were imported before may have made this a submodule of the package.
        is_submodule = isinstance(value, types.ModuleType) and path.endswith("__init__.py")
        return ("by others" if is_submodule else "wrong"), truth
    if isinstance(answer, OutsideTree):
        return ("right" if _outside(answer.dotted, value) else "wrong"), truth
    file = repo / answer.path
    if answer.kind == "module":
        where = getattr(value, "__file__", None) or next(iter(getattr(value, "__path__", [])), "")
        same = isinstance(value, types.ModuleType) and _same(where, file)
        return ("right" if same else "wrong"), truth
    if answer.kind in ("class", "function"):
        return _definition(answer, value, file), truth
    holders = [
        one for one in list(sys.modules.values()) if _same(getattr(one, "__file__", ""), file)
    ]
    held = any(vars(one).get(answer.name) is value for one in holders)
    return ("bound" if held else "wrong"), truth


def told(value: Any) -> str:
    """Return a value in a few words."""
    if isinstance(value, types.ModuleType):
        return f"module {value.__name__}"
    name = getattr(value, "__qualname__", None)
    return f"{value.__module__}.{name}" if name else f"a {type(value).__name__}"


def _outside(dotted: str, value: Any) -> bool:
    """Return whether a dotted path outside of the tree leads to the value."""
    if dotted.startswith("types.ModuleType."):
        return True
    first, *rest = dotted.split(".")
    try:
        found: Any = importlib.import_module(first)
    except ImportError:
        return False
    way = first
    for part in rest:
        way = f"{way}.{part}"
        try:
            found = getattr(found, part)
        except AttributeError:
            try:
                found = importlib.import_module(way)
            except ImportError:
                return False
    if found is value:
        return True
    # The fork may have put its own there since (`cv2.imshow = imshow`), and kept the old one.
    replaced = str(getattr(found, "__module__", "")).partition(".")[0] != first
    same = getattr(value, "__name__", "") == way.rpartition(".")[2]
    return same and (replaced or isinstance(value, StandIn))


def _definition(answer: Definition, value: Any, file: Path) -> str:
    decorated = bool(getattr(answer.node, "decorator_list", []))
    plain = inspect.unwrap(value) if callable(value) else value
    plain = getattr(plain, "func", plain) if type(plain).__name__ == "partial" else plain
    module = sys.modules.get(getattr(plain, "__module__", None) or "")
    same = _same(getattr(module, "__file__", ""), file)
    if same and getattr(plain, "__qualname__", "") == answer.name:
        return "right" if _inside(answer, plain) else "wrong"
    return "bound" if decorated else "wrong"


def _inside(answer: Definition, value: Any) -> bool:
    """Return whether the lines of the code are those of the node."""
    first, last = answer.line, getattr(answer.node, "end_lineno", 0)
    codes = [value] if inspect.isfunction(value) else list(vars(value).values())
    lines = [
        one.__code__.co_firstlineno
        for one in codes
        if inspect.isfunction(one) and _same(one.__code__.co_filename, inspect.getfile(value))
    ]
    if inspect.isfunction(value):
        return any(first - 30 <= line <= last for line in lines)
    return not lines or any(first <= line <= last for line in lines)


def _same(one: Any, other: Path) -> bool:
    return bool(one) and os.path.realpath(str(one)) == os.path.realpath(str(other))


def child(graph: ImportGraph, repo: Path, path: str) -> Outcome:
    """Import a file in this process, and compare."""
    roots, dotted = roots_of(repo, path, graph.modules.parser)
    # A script of the fork has its own folder, REPO mostly, before what is installed.
    front = roots[: roots.index(str(repo)) + 1]
    sys.path[:] = [*front, *_PATH, *roots]
    sys.meta_path[:] = [*_FINDERS, Absent(roots)]
    sys.argv[:] = [path]
    metadata.version = version_of
    problems = graph.import_problems(path)
    try:
        module = importlib.import_module(dotted)
    except BaseException as error:
        outcome = Outcome()
        named = " (the graph says so)" if problems else ""
        text = f"{path} fails{named}: {type(error).__name__}: {str(error)[:150]}"
        foreseen = problems or not isinstance(error, ImportError) or error.__traceback__ is None
        outcome.add("failed" if foreseen else "failed, ImportError not foreseen", text)
        return outcome
    if not _same(getattr(module, "__file__", ""), repo / path):
        outcome = Outcome()
        outcome.add("failed", f"{path}: {dotted} is {getattr(module, '__file__', '?')}")
        return outcome
    outcome = judge(graph, repo, path, module)
    if problems:
        outcome.add("wrong", f"{path} imports, and the graph says: {problems[0].why}")
    return outcome


def parser_of(tree: Tree) -> str:
    """Return the file of the fork's parse function, empty where there is none."""
    try:
        return choose(tree).function.source.path
    except YamlmodError:
        return ""


def near(tree: Tree, graph: ImportGraph) -> list[str]:
    """Return the parse file and what it may come to import."""
    reach = ImportReach(tree, graph.modules)
    found, waiting = [graph.modules.parser], [graph.modules.parser]
    while waiting:
        for path in sorted(reach.imported(waiting.pop())):
            if path not in found:
                found.append(path)
                waiting.append(path)
    return found


def run(repo: Path, seconds: float, only_near: bool) -> Outcome:
    """Compare all files of a repository.

    First all in one process, which is fast; then those by themselves for which something was
    amiss, since what others imported before them may be the reason.
    """
    tree = Tree(repo)
    graph = ImportGraph(tree, parser_of(tree))
    everything = not (only_near and graph.modules.parser)
    paths = [path for path, _ in python_files(tree)] if everything else near(tree, graph)

    def work(path: str) -> Outcome:
        return child(graph, repo, path)

    total = Outcome()
    again = []
    for path, outcome in each_in_child(work, paths, seconds):
        if outcome is None or any(one.startswith(_AMISS) for one in outcome.counts):
            again.append(path)
        else:
            total.take(outcome)
    for path in again:
        for _, outcome in each_in_child(work, [path], seconds):
            if outcome is None:
                outcome = Outcome()
                outcome.add("failed", f"{path}: the process ended, or took more than {seconds} s")
            total.take(outcome)
    total.counts["files"] = len(paths)
    return total


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tools.names", description=__doc__)
    parser.add_argument("repo", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=60, help="for one file")
    parser.add_argument("--list", default="wrong", help="the verdicts whose names are printed")
    parser.add_argument("--near", action="store_true", help="only what the parse file imports")
    options = parser.parse_args()
    with contextlib.suppress(ImportError):
        import torch

        torch.set_num_threads(1)
    everything: Counter[str] = Counter()
    for repo in options.repo:
        started = time.monotonic()
        outcome = run(repo.resolve(), options.seconds, options.near)
        counts = ", ".join(f"{count} {name}" for name, count in sorted(outcome.counts.items()))
        print(f"{repo}: {counts} ({time.monotonic() - started:.0f} s)", flush=True)
        for verdict, text in outcome.lines:
            if verdict.startswith(tuple(options.list.split(","))):
                print(f"  {verdict}: {text}", flush=True)
        everything += outcome.counts
    print("all:", ", ".join(f"{count} {name}" for name, count in sorted(everything.items())))
    return 1 if everything["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
