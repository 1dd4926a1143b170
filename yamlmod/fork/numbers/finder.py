"""Find layer numbers in a fork's code: parse function, model classes, heads, training."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

import yamlmod.fork.numbers.values  # noqa: F401  fills the table
from yamlmod.errors import YamlmodError
from yamlmod.fork.numbers.findings import LayerNumber
from yamlmod.fork.numbers.knowledge import FunctionCode, Knowledge, TooMuchCodeError
from yamlmod.fork.numbers.meanings import LAYERS, SAVE
from yamlmod.fork.numbers.scope import Scope, evaluate
from yamlmod.fork.numbers.walk import FunctionWalk
from yamlmod.fork.parser.parse_model import Function, FunctionNode
from yamlmod.fork.python.answers import Definition, class_in
from yamlmod.fork.python.import_graph import ImportGraph

_ROUNDS = 6
_TRAINING = (
    "train.py",
    "tools/train.py",
    "segment/train.py",
    "engine/trainer.py",
    "yolo/engine/trainer.py",
    "models/yolo/detect/train.py",
    "yolo/v8/detect/train.py",
)


def layer_numbers(
    graph: ImportGraph, parser: str, function: Function, heads: Iterable[str] = ()
) -> tuple[LayerNumber, ...]:
    """Return the constants that name layers, in the order of files and lines.

    ``parser`` is the file of the parse function, ``heads`` are names of head classes as YAMLs
    spell them. Code that is too large or too deep is looked through as far as it goes.
    """
    knowledge = Knowledge(graph, parser, function)
    with contextlib.suppress(TooMuchCodeError, RecursionError, YamlmodError):
        _look(knowledge, heads)
    return tuple(sorted(knowledge.found.values(), key=_order))


def _order(finding: LayerNumber) -> tuple[object, ...]:
    return (finding.place, finding.kind, finding.number, finding.bound, finding.operator)


def _look(knowledge: Knowledge, heads: Iterable[str]) -> None:
    knowledge.attributes.update({"model": LAYERS, "save": SAVE})
    knowledge.add_function(FunctionCode(knowledge.parser, knowledge.function.node))
    classes = _model_classes(knowledge)
    knowledge.classes |= {cls.name for cls in classes}
    for cls in classes:
        _add_class(knowledge, cls, "network")
    for head in heads:
        definition = class_in(knowledge.graph.denotes(knowledge.parser, head))
        if definition is not None and definition.name not in knowledge.classes:
            _add_class(knowledge, definition, "layer")
    _settle(knowledge, classes, ())
    scripts = list(_scripts(knowledge))
    if scripts:
        _settle(knowledge, classes, scripts)


def _settle(
    knowledge: Knowledge, classes: Sequence[Definition], scripts: Sequence[tuple[str, ast.Module]]
) -> None:
    """Look through everything until nothing new is learned."""
    for _ in range(_ROUNDS):
        knowledge.changed = False
        knowledge.found.clear()
        for cls in classes:
            _class_constants(knowledge, cls)
        for path, tree in scripts:
            _script(knowledge, path, tree)
        for code in list(knowledge.functions.values()):
            # One expression that is nested too deep does not hide what the others hold.
            with contextlib.suppress(RecursionError):
                FunctionWalk(knowledge, code).run()
        if not knowledge.changed:
            return


def _add_class(knowledge: Knowledge, definition: Definition, receiver: str) -> None:
    for node in _body(definition):
        if isinstance(node, FunctionNode):
            static = any(
                isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.decorator_list
            )
            code = FunctionCode(definition.path, node, "" if static else receiver)
            knowledge.add_function(code)
            if receiver == "network":
                knowledge.methods.setdefault(node.name, []).append(code)


def _body(definition: Definition) -> Sequence[ast.stmt]:
    return definition.node.body if isinstance(definition.node, ast.ClassDef) else ()


def _class_constants(knowledge: Knowledge, definition: Definition) -> None:
    scope = Scope(knowledge, definition.path)
    for node in _body(definition):
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        found = evaluate(scope, node.value)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Name):
                scope.names[target.id] = found
                knowledge.add_attribute(target.id, found)


def _model_classes(knowledge: Knowledge) -> list[Definition]:
    """Return the classes that call the parse function, their bases and the classes on them."""
    found: list[Definition] = []
    for path in _files(knowledge):
        source = knowledge.graph.source(path)
        if source is None:
            continue
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and _calls_parser(knowledge, path, node):
                found.append(Definition(path, "class", node.name, node.lineno, node))
        found += _with_relatives(knowledge, path, source.tree, found)
        if path == knowledge.parser:
            _add_builders(knowledge, path, source.tree)
    return list({(one.path, one.name): one for one in found}.values())


def _with_relatives(
    knowledge: Knowledge, path: str, tree: ast.Module, found: Sequence[Definition]
) -> list[Definition]:
    known = {(one.path, one.name) for one in found}
    more: list[Definition] = []
    waiting = list(found)
    while waiting:
        for base in knowledge.graph.bases(waiting.pop()):
            if isinstance(base, Definition) and (base.path, base.name) not in known:
                known.add((base.path, base.name))
                more.append(base)
                waiting.append(base)
    # In the order of the file: a class comes after its bases.
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and (path, node.name) not in known:
            own = Definition(path, "class", node.name, node.lineno, node)
            bases = [one for one in knowledge.graph.bases(own) if isinstance(one, Definition)]
            if any((one.path, one.name) in known for one in bases):
                known.add((path, node.name))
                more.append(own)
    return more


def _calls_parser(knowledge: Knowledge, path: str, node: ast.AST) -> bool:
    return any(
        isinstance(part, ast.Call) and knowledge.is_parser(path, part.func)
        for part in ast.walk(node)
    )


def _add_builders(knowledge: Knowledge, path: str, tree: ast.Module) -> None:
    """Look through plain functions that call the parse function too."""
    for node in tree.body:
        own = node is knowledge.function.node
        if isinstance(node, FunctionNode) and not own and _calls_parser(knowledge, path, node):
            knowledge.add_function(FunctionCode(path, node))


def _files(knowledge: Knowledge) -> Iterator[str]:
    """Yield the parse file, and those beside it that import the parse function from it."""
    yield knowledge.parser
    name = knowledge.function.node.name
    folder = PurePosixPath(knowledge.parser).parent
    for path in knowledge.graph.files.glob(str(folder / "*.py")):
        if path != knowledge.parser and name in knowledge.graph.modules.text(path):
            answer = knowledge.graph.denotes(path, name)
            if isinstance(answer, Definition) and answer.path == knowledge.parser:
                yield path


def _scripts(knowledge: Knowledge) -> Iterator[tuple[str, ast.Module]]:
    """Yield the fork's training code, where it is at a place that forks use."""
    parents = PurePosixPath(knowledge.parser).parents
    folders = list(parents)[1:3] if len(parents) > 1 else [PurePosixPath()]
    paths = [str(folder / name) for folder in folders for name in _TRAINING]
    for path in dict.fromkeys(paths):
        source = knowledge.graph.source(path) if knowledge.graph.files.is_file(path) else None
        if source is not None:
            yield path, source.tree


def _script(knowledge: Knowledge, path: str, tree: ast.Module) -> None:
    top = FunctionWalk(knowledge, FunctionCode(path, _no_function(tree)))
    top.run_module([node for node in tree.body if not isinstance(node, ast.ClassDef)])
    for part in tree.body:
        for node in part.body if isinstance(part, ast.ClassDef) else ():
            if isinstance(node, FunctionNode):
                FunctionWalk(knowledge, FunctionCode(path, node)).run()


def _no_function(tree: ast.Module) -> ast.FunctionDef:
    node = ast.parse("def _(): ...").body[0]
    assert isinstance(node, ast.FunctionDef)
    return node
