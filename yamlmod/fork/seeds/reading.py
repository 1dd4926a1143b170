"""Read a fork's training: does its seed reach the batches? Nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from yamlmod.errors import Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.python.answers import Definition
from yamlmod.fork.python.import_graph import ImportGraph
from yamlmod.fork.seeds.depends import SeedScope, Steps, any_of
from yamlmod.fork.seeds.loaders import (
    Generator,
    Loader,
    generator_of,
    loader_in,
    node_line,
    workers_of,
)
from yamlmod.fork.seeds.reach import FunctionNode
from yamlmod.fork.seeds.seeding import SOURCES, Seeded, by_source, seeded_in

Kind = Literal["option", "start", "generator", "workers", "loader"]
_NAMES = {"python": "Python", "numpy": "numpy", "torch": "torch"}


class SeedFact(NamedTuple):
    """One step from the seed to the batches; ``counts`` is None where the text does not say.

    ``code`` is the call that it speaks of, shortened.
    """

    kind: Kind
    path: str
    line: int
    counts: bool | None
    text: str
    code: str = ""


class SeedReading(NamedTuple):
    """What was read, and the nodes that a fix needs."""

    script: str
    facts: tuple[SeedFact, ...]
    takes_seed: bool
    training: SeedScope
    seeded: dict[str, Seeded]
    missing: tuple[str, ...]
    loader: Loader | None
    generator: Generator | None
    workers: list[Seeded] | None

    @property
    def counts(self) -> bool | None:
        """Whether the seed reaches every batch; None where the text does not say."""
        values = [fact.counts for fact in self.facts]
        return False if False in values else None if None in values else True


def read_seeds(files: Files, graph: ImportGraph, script: str) -> SeedReading:
    """Follow the seed from the options of a training to its loader.

    ``script`` is the training script, empty for ultralytics, which is started by name.
    """
    if not script:
        return _of_package(files, graph)
    source = graph.source(script)
    if source is None:
        raise Refusal(
            "no-such-file",
            f"{files.shown('.')} has no {script}, which trains",
            hint="--script names another one, such as train_dual.py",
        )
    options = _options(source.tree)
    takes = any("seed" in names for names in options.values())
    training, loader = _training(SeedScope(graph, script, Steps()), source.tree)
    seeded = _seeded_before(training, loader, source.tree)
    line = next((call.lineno for call, names in options.items() if "seed" in names), 1)
    option = SeedFact(
        "option",
        script,
        line,
        takes,
        f"{'has the' if takes else 'has no'} option --seed",
    )
    return _reading(script, option, training, seeded, loader)


def _of_package(files: Files, graph: ImportGraph) -> SeedReading:
    trainers = _found(files, "engine/trainer.py")
    builders = _found(files, "data/build.py")
    if not trainers or not builders:
        raise Refusal(
            "no-such-file", f"{files.shown('.')} has no engine/trainer.py or data/build.py"
        )
    trainer = trainers[0]
    method = _method(graph, trainer, "BaseTrainer", "__init__")
    training = SeedScope(graph, trainer, Steps(), method)
    seeded = by_source(seeded_in(training))
    defaults = [*_found(files, "cfg/default.yaml"), *_found(files, "configs/default.yaml")]
    settings = [path for path in defaults if "seed:" in (files.read(path) or "")]
    place = settings[0] if settings else trainer
    has = "has the setting seed" if settings else "has no setting seed"
    option = SeedFact("option", place, 1, bool(settings), has)
    function = _function(graph, builders[0], "build_dataloader")
    torch = seeded["torch"].counts if "torch" in seeded else None
    builder = SeedScope(graph, builders[0], Steps(), function, torch=torch)
    loader = loader_in(builder) if function else None
    return _reading(trainer, option, training, seeded, loader)


def _found(files: Files, path: str) -> list[str]:
    return [name for up in ("", "*/", "*/*/") for name in files.glob(up + path)]


def _function(graph: ImportGraph, path: str, name: str) -> FunctionNode | None:
    answer = graph.denotes(path, name)
    node = answer.node if isinstance(answer, Definition) else None
    return node if isinstance(node, FunctionNode) else None


def _method(graph: ImportGraph, path: str, owner: str, name: str) -> FunctionNode | None:
    answer = graph.denotes(path, owner)
    node = answer.node if isinstance(answer, Definition) else None
    for part in node.body if isinstance(node, ast.ClassDef) else ():
        if isinstance(part, FunctionNode) and part.name == name:
            return part
    return None


def _options(tree: ast.Module) -> dict[ast.Call, list[str]]:
    """Return the calls that add options to a parser, each with its names without dashes."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            words = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            if node.func.attr == "add_argument":
                found[node] = [str(word).lstrip("-") for word in words]
    return found


def _training(script: SeedScope, tree: ast.Module) -> tuple[SeedScope, Loader | None]:
    """Return the function of a script that makes the loader; the script itself where none does."""
    functions = [node for node in ast.walk(tree) if isinstance(node, FunctionNode)]
    found = None
    for function in sorted(functions, key=lambda node: node.lineno):
        scope = script._replace(function=function)
        loader = loader_in(scope)
        if loader is not None:
            seeds = by_source(seeded_in(scope))
            if seeds or found is None:
                found = scope
            if seeds:
                break
    if found is None:
        return script, loader_in(script)
    return found, loader_in(found)


def _seeded_before(
    training: SeedScope, loader: Loader | None, tree: ast.Module
) -> dict[str, Seeded]:
    """Return what is seeded before the loader is made: by the callers, then by the training."""
    until = loader.start.lineno if loader and loader.start else 10**9
    seeded = seeded_in(training, until)
    name = training.function.name if training.function else ""
    callers = [None, *(node for node in ast.walk(tree) if isinstance(node, FunctionNode))]
    before: list[Seeded] = []
    for caller in callers:
        if caller is training.function:
            continue
        scope = training._replace(function=caller, parameters={})
        lines = [node_line(n) for n in scope.nodes if _calls(n, name)]
        if lines:
            before += [s for s in seeded_in(scope, min(lines)) if s.call.lineno < min(lines)]
    return by_source([*before, *seeded])


def _calls(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _reading(
    script: str,
    option: SeedFact,
    training: SeedScope,
    seeded: dict[str, Seeded],
    loader: Loader | None,
) -> SeedReading:
    torch = seeded["torch"].counts if "torch" in seeded else None
    missing = tuple(source for source in _drawn(training, loader) if source not in seeded)
    facts = [option, *_start_facts(script, seeded, missing)]
    if training.steps.are_used_up:  # then what was not met may be there all the same
        facts = [fact._replace(counts=fact.counts or None) for fact in facts]
        facts.append(SeedFact("start", script, 1, None, "it calls more code than is read"))
    generator, workers = None, None
    if loader is None:
        facts.append(SeedFact("loader", script, 1, None, "no loader with num_workers was found"))
    else:
        loader = _with_torch(loader, torch)
        generator = generator_of(loader)
        counts = torch if generator is None else generator.counts
        workers = workers_of(loader, counts)
        facts += _loader_facts(loader, generator, workers)
    return SeedReading(
        script,
        tuple(facts),
        bool(option.counts),
        training,
        seeded,
        missing,
        loader,
        generator,
        workers,
    )


def _with_torch(loader: Loader, torch: bool | None) -> Loader:
    return loader._replace(scope=loader.scope._replace(torch=torch))


def _drawn(training: SeedScope, loader: Loader | None) -> list[str]:
    """Return the sources that the loader's file, or one beside it, draws random numbers from."""
    if loader is None:
        return ["torch"]
    folder = PurePosixPath(loader.scope.path).parent
    files = training.graph.files
    paths = [loader.scope.path, *files.glob(str(folder / "*.py"))]
    texts = "\n".join(files.read(path) or "" for path in dict.fromkeys(paths))
    return [source for source in SOURCES if _DRAWS[source].search(texts)]


_DRAWS = {
    "python": re.compile(r"^\s*(import random\b|from random import)", re.MULTILINE),
    "numpy": re.compile(r"\b(np|numpy)\.random\b|from numpy import random"),
    "torch": re.compile(r""),
}


def _start_facts(script: str, seeded: dict[str, Seeded], missing: Sequence[str]) -> list[SeedFact]:
    facts = []
    if missing:
        text = f"nothing seeds {_joined(missing)} before the loader"
        facts.append(SeedFact("start", script, 1, False, text))
    calls: dict[tuple[str, int], list[Seeded]] = {}
    for part in seeded.values():
        calls.setdefault((part.scope.path, part.call.lineno), []).append(part)
    for (path, line), parts in calls.items():
        names = _joined(part.source for part in parts)
        counts = any_of(part.counts for part in parts)
        text = f"seeds {names}{_WORDS[counts]}"
        facts.append(SeedFact("start", path, line, counts, text, _short(parts[0].call)))
    return facts


_WORDS = {True: " from the seed", False: " with a constant", None: " with what is not known"}


def _loader_facts(
    loader: Loader, generator: Generator | None, workers: Sequence[Seeded] | None
) -> list[SeedFact]:
    path = loader.scope.path
    facts = []
    if generator is not None:
        line = generator.calls[-1].lineno if generator.calls else loader.call.lineno
        code = _short(generator.calls[-1]) if generator.calls else ""
        text = f"seeds the loader{_WORDS[generator.counts]}"
        facts.append(SeedFact("generator", path, line, generator.counts, text, code))
    if workers is not None and not workers:
        text = "worker_init_fn cannot be read"
        facts.append(SeedFact("workers", path, loader.call.lineno, None, text))
    for part in by_source(list(workers or ())).values():
        # What follows from the generator is the generator's own fact.
        follows = generator is not None and part.counts == generator.counts
        if part.counts is not True and not follows:
            text, code = f"seeds each worker{_WORDS[part.counts]}", _short(part.call)
            line = part.call.lineno
            facts.append(SeedFact("workers", part.scope.path, line, part.counts, text, code))
    return facts


def _joined(sources: Iterable[str]) -> str:
    *names, last = (_NAMES[source] for source in sources)
    return f"{', '.join(names)} and {last}" if names else last


def _short(call: ast.Call) -> str:
    text = ast.unparse(call)
    return text if len(text) <= 60 else f"{text[:57]}..."
