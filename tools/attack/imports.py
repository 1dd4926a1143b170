"""Made-up packages full of star imports, aliases, ``__all__`` and circles, against Python itself.

Each package is really imported, once from every module of it, in a process of its own; every name
of every namespace is compared with what the import graph says when it is asked from that module.
An import that fails must be one that the graph foresees, and no other.
"""

from __future__ import annotations

import importlib
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fork.memory import Memory
from tools.attack.report import Budget, Report
from yamlmod.fork.python.answers import Answer, Definition, OutsideTree, Unknown, shown
from yamlmod.fork.python.import_graph import ImportGraph

CASES = 300
SECONDS = 12.0
_BATCH = 50
_NAMES = ("A", "B", "C", "D", "_P", "one", "two", "three")
_RUNNER = """\
import importlib, json, os, sys, types
root = sys.argv[1]

def told(value):
    if isinstance(value, types.ModuleType):
        path = getattr(value, "__file__", None) or list(getattr(value, "__path__", [""]))[0]
        if path.startswith(root):
            return os.path.relpath(path, root).partition(os.sep)[2].replace(os.sep, "/")
        return "outside " + value.__name__
    if isinstance(value, str):
        return value
    if isinstance(value, types.FunctionType) and value.__code__.co_filename.startswith(root):
        path = os.path.relpath(value.__code__.co_filename, root).partition(os.sep)[2]
        return path.replace(os.sep, "/") + ":%d" % value.__code__.co_firstlineno
    if isinstance(value, type) and hasattr(value, "at"):
        return vars(value)["at"]
    return "outside %s.%s" % (value.__module__, value.__qualname__)

answers = []
before = set(sys.modules)
for case, dotted in json.load(sys.stdin):
    folder = os.path.join(root, case)
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(dotted)
        names = {n: told(v) for n, v in vars(module).items() if not n.startswith("__")}
        answers.append(["", names])
    except Exception as error:
        answers.append([type(error).__name__ + ": " + str(error), {}])
    sys.path.remove(folder)
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("pkg", "one", "two", "three"):
            del sys.modules[name]
json.dump(answers, sys.stdout)
"""


class Package:
    """One made-up package, as texts by path."""

    def __init__(self, dice: random.Random):
        self.dice = dice
        self.modules = list(dice.sample(("one", "two", "three"), dice.randint(1, 3)))
        self.modules += dice.sample(("sub/one", "sub/four", "sub/__init__"), dice.randint(0, 3))
        self.modules.append("__init__")
        if any(one.startswith("sub/") for one in self.modules) and dice.random() < 0.8:
            self.modules.append("sub/__init__")
        self.modules = list(dict.fromkeys(self.modules))
        dice.shuffle(self.modules)
        # What each file binds so far, so that most imports find what they ask for.
        self.known: dict[str, list[str]] = {f"pkg/{one}.py": [] for one in self.modules}
        self.texts = {path: self._module(path) for path in self.known}

    def dotted(self, path: str) -> str:
        """Return the name that a file is imported by."""
        return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def _module(self, path: str) -> str:
        lines: list[str] = []
        for _ in range(self.dice.randint(1, 6)):
            lines += self._statement(path, len(lines) + 1)
        return "\n".join(lines) + "\n"

    def _name(self) -> str:
        return self.dice.choice(_NAMES[:5] if self.dice.random() < 0.9 else _NAMES)

    def _bind(self, path: str, line: int, indent: str = "") -> str:
        at = f'"{path}:{line}"'
        name = self._name()
        self.known[path].append(name)
        return indent + self.dice.choice(
            (f"class {name}: at = {at}", f"def {name}(): pass", f"{name} = {at}")
        )

    def _module_name(self, path: str, other: str) -> str:
        """Return a module as an import in a file names it."""
        if self.dice.random() < 0.02:
            other = "gone"
        parts = other.removesuffix("/__init__").split("/")
        parts = [] if other == "__init__" else parts
        if self.dice.random() < 0.5:
            return ".".join(["pkg", *parts])
        return "." * path.count("/") + ".".join(parts)

    def _import(self, path: str, indent: str = "") -> str:
        other = self.dice.choice(self.modules)
        module = self._module_name(path, other)
        roll = self.dice.random()
        if roll < 0.35:
            self.known[path] += self.known[f"pkg/{other}.py"]
            return f"{indent}from {module} import *"
        known = self.known[f"pkg/{other}.py"]
        if roll < 0.75 and (known or self.dice.random() < 0.1):
            pick = self.dice.choice(known or _NAMES)
            alias = self._name() if self.dice.random() < 0.25 else ""
            self.known[path].append(alias or pick)
            return f"{indent}from {module} import {pick}" + (f" as {alias}" if alias else "")
        if roll < 0.85 and not module.startswith("."):
            as_ = f" as {self._name()}" if self.dice.random() < 0.6 else ""
            return f"{indent}import {module}{as_}"
        if roll < 0.92:
            inner = [one for one in self.modules if "/" not in one and one != "__init__"] or ["one"]
            return f"{indent}from pkg import {self.dice.choice(inner)}"
        outside = ("import json", "import os.path", "from json import dumps as A", "import os as B")
        return indent + self.dice.choice(outside)

    def _statement(self, path: str, line: int) -> list[str]:
        roll = self.dice.random()
        if roll < 0.32:
            return [self._bind(path, line)]
        if roll < 0.72:
            return [self._import(path)]
        if roll < 0.8:
            known = [*self.known[path]] if self.dice.random() < 0.9 else [*_NAMES]
            names = self.dice.sample(known, min(len(known), self.dice.randint(0, 3)))
            sign = self.dice.choice(("=", "=", "+="))
            before = ["__all__ = []"] if sign == "+=" else []
            return [*before, f"__all__ {sign} {names!r}"]
        if roll < 0.84:
            name = self._name()
            value = self.dice.choice(self.known[path] or [self._name()])
            self.known[path].append(name)
            return [f"{name} = {value}"]
        if roll < 0.87:
            name = self._name()
            return [
                f'{name} = "{path}:{line}"',
                f"del {self.dice.choice((name, *self.known[path]))}",
            ]
        if roll < 0.93:
            handler = self.dice.choice(("ImportError", "Exception", "ImportError"))
            tried = self._import(path, "    ")
            fallback = self.dice.choice(("    pass", self._bind(path, line + 3, "    ")))
            # Whether the standard library has a name is not for the graph to say.
            inside = "pkg" in tried or "from ." in tried
            return ["try:", tried, f"except {handler}:", fallback if inside else "    pass"]
        test = self.dice.choice(("True", "False", "0", "__name__ == '__main__'"))
        return [f"if {test}:", self._bind(path, line + 1, "    ")]


def attack(budget: Budget) -> Report:
    """Compare packages until the budget is spent."""
    report = Report()
    done = 0
    while not budget.spent(done):
        count = min(_BATCH, budget.cases - done)
        seeds = [budget.seed * 1_000_000 + done + one for one in range(count)]
        _batch(report, {seed: Package(random.Random(seed)) for seed in seeds})
        done += count
    return report


def _batch(report: Report, packages: dict[int, Package]) -> None:
    questions = [(str(seed), path) for seed, one in packages.items() for path in one.texts]
    with tempfile.TemporaryDirectory() as folder:
        for seed, package in packages.items():
            for path, text in package.texts.items():
                file = Path(folder, str(seed), path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
        asked = [(case, packages[int(case)].dotted(path)) for case, path in questions]
        runner = [sys.executable, "-B", "-c", _RUNNER, folder]
        done = subprocess.run(
            runner, input=json.dumps(asked), capture_output=True, text=True, check=True
        )
    for (case, path), (error, names) in zip(questions, json.loads(done.stdout), strict=True):
        package = packages[int(case)]
        for outcome, problem in compare(package, path, error, names):
            if problem:
                texts = "".join(f"\n--- {p}\n{t}" for p, t in package.texts.items())
                report.fail(f"seed {case}, {path}: {problem}{texts}")
            else:
                report.add(outcome)


def compare(
    package: Package, path: str, error: str, names: dict[str, str]
) -> list[tuple[str, str]]:
    """Return (outcome, problem) for each name of one module; the problem is empty mostly."""
    graph = ImportGraph(Memory(package.texts))
    problems = graph.import_problems(path)
    if error:
        is_import = error.startswith(("ImportError", "ModuleNotFoundError"))
        # Names that a statement other than an import lacks are no matter of the walk.
        foreseen = bool(problems) or not is_import
        return [("import fails", "" if foreseen else f"not foreseen: {error}")]
    if problems:
        return [("", f"it imports, and the graph says {problems[0]}")]
    outcomes = []
    for name in sorted({*names, *graph.names(path).names}):
        if name.startswith("__"):
            continue
        answer = graph.denotes_in_module(path, name)
        outcomes.append(_verdict(name, answer, names.get(name, "")))
    return outcomes


def _verdict(name: str, answer: Answer, truth: str) -> tuple[str, str]:
    if isinstance(answer, Unknown):
        return "Unknown", ""
    said = _said(answer)
    conditional = isinstance(answer, (Definition, OutsideTree)) and answer.conditional
    if said == truth or (conditional and not truth):
        return "right", ""
    return "", f"{name} is {truth or 'not there'}, and the graph says {shown(answer)}"


def _said(answer: Answer) -> str:
    if isinstance(answer, Definition):
        return answer.path if answer.kind == "module" else f"{answer.path}:{answer.line}"
    if isinstance(answer, OutsideTree):
        first, *rest = answer.dotted.split(".")
        value = importlib.import_module(first)
        for part in rest:
            value = getattr(value, part)
        name = getattr(value, "__qualname__", "")
        return f"outside {value.__module__}.{name}" if name else f"outside {value.__name__}"
    return ""
