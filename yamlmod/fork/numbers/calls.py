"""Evaluate calls with respect to layers and constants."""

from __future__ import annotations

import ast
from collections.abc import Callable

from yamlmod.fork.numbers.knowledge import FunctionCode
from yamlmod.fork.numbers.meanings import (
    INDEX,
    LAYER,
    LAYERS,
    NETWORK,
    NOTHING,
    SAVE,
    Meaning,
    Meanings,
    collection,
    each,
    elements,
    has,
    holder,
    joined,
    numbers_in,
    of_kind,
)
from yamlmod.fork.numbers.scope import Scope, evaluate
from yamlmod.fork.numbers.uses import formatted, index, save_numbers
from yamlmod.fork.parser.parse_model import FunctionNode

_Arguments = list[Meanings]
_SAME = frozenset(
    {"sorted", "list", "set", "tuple", "frozenset", "iter", "int", "deepcopy", "copy", "Sequential"}
)
_PUTS = frozenset({"append", "extend", "insert", "add", "update"})
_TAKES = frozenset({"pop", "get", "__getitem__", "get_submodule", "__delitem__", "__setitem__"})
_ITSELF = frozenset({"to", "half", "float", "eval", "train", "cuda", "cpu", "fuse", "copy"})
_FREEZES = "freeze"


def call(scope: Scope, node: ast.Call) -> Meanings:
    arguments = [evaluate(scope, _plain(arg)) for arg in node.args]
    keywords = {keyword.arg or "": evaluate(scope, keyword.value) for keyword in node.keywords}
    _freeze(scope, node, keywords)
    if scope.knowledge.is_parser(scope.path, node.func):
        found = scope.knowledge.returned.get(scope.knowledge.function.node, NOTHING)
        return _finished(found) or collection([LAYERS, SAVE])
    if isinstance(node.func, ast.Attribute):
        return _method(scope, node, node.func, arguments, keywords)
    if isinstance(node.func, ast.Name):
        return _function(scope, node, node.func, arguments, keywords)
    evaluate(scope, node.func)
    _getter(scope, node.func, arguments)
    return NOTHING


def _finished(found: Meanings) -> Meanings:
    """Return what the parse function gives, where its list of layers does not grow any more."""
    return joined(
        collection(LAYERS if has(part, "layers") else part for part in one.items)
        for one in of_kind(found, "tuple")
    )


def _plain(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Starred) else node


def _function(
    scope: Scope,
    node: ast.Call,
    name: ast.Name,
    arguments: _Arguments,
    keywords: dict[str, Meanings],
) -> Meanings:
    first = arguments[0] if arguments else NOTHING
    builtin = _BUILTINS.get(name.id)
    if builtin is not None and name.id not in scope.names:
        return builtin(scope, node, arguments)
    if name.id in _SAME:
        if name.id in ("list", "dict") and not arguments:
            return _new(scope, node)
        return first
    if name.id in ("dict", "OrderedDict", "defaultdict"):
        return _new(scope, node)
    return _into(scope, name, arguments, keywords)


def _new(scope: Scope, node: ast.expr) -> Meanings:
    return frozenset({Meaning("list", name=f"{scope.path}:{node.lineno}:{node.col_offset}")})


def _enumerate(scope: Scope, node: ast.Call, arguments: _Arguments) -> Meanings:
    first = arguments[0] if arguments else NOTHING
    start = of_kind(arguments[1], "number") if len(arguments) > 1 else []
    begins = (not node.keywords and len(arguments) == 1) or [one.number for one in start] == [0]
    whole = any(one.kind == "layers" and not one.name for one in first)
    wrapped = any(one.kind == "each" and one.name == "whole" for one in first)
    position = INDEX if begins and (whole or wrapped) else NOTHING
    return each(collection([position, elements(first)]))


def _zip(scope: Scope, node: ast.Call, arguments: _Arguments) -> Meanings:
    whole = any(one.kind == "layers" and not one.name for one in joined(arguments))
    element = collection([elements(argument) for argument in arguments])
    return holder("each", [element], "whole" if whole else "")


def _reversed(scope: Scope, node: ast.Call, arguments: _Arguments) -> Meanings:
    return each(elements(arguments[0])) if arguments else NOTHING


def _range(scope: Scope, node: ast.Call, arguments: _Arguments) -> Meanings:
    """Return the limits; a range over the layers gives their numbers."""
    if len(arguments) == 1 and _is_length_of_layers(scope, node.args[0]):
        return each(INDEX)
    limits = [one for part in arguments[:2] for one in of_kind(part, "number")]
    if len(arguments) == 1 or len(limits) == 2:
        return each(frozenset(Meaning("limit", m.number, m.place, m.end) for m in limits))
    return NOTHING


def _is_length_of_layers(scope: Scope, node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    return (
        node.func.id == "len" and bool(node.args) and has(evaluate(scope, node.args[0]), "layers")
    )


def _getattr(scope: Scope, node: ast.Call, arguments: _Arguments) -> Meanings:
    if len(node.args) < 2 or not isinstance(node.args[1], ast.Constant):
        return NOTHING
    name = node.args[1].value
    if not isinstance(name, str):
        return NOTHING
    holder: ast.expr
    if name.isidentifier():
        holder = ast.Attribute(node.args[0], name, ast.Load())
    else:
        holder = ast.Subscript(node.args[0], node.args[1], ast.Load())
    return evaluate(scope, ast.copy_location(holder, node))


def _super(scope: Scope, node: ast.Call, arguments: _Arguments) -> Meanings:
    return NETWORK


_BUILTINS: dict[str, Callable[[Scope, ast.Call, _Arguments], Meanings]] = {
    "enumerate": _enumerate,
    "zip": _zip,
    "reversed": _reversed,
    "range": _range,
    "getattr": _getattr,
    "super": _super,
}


def _method(
    scope: Scope,
    node: ast.Call,
    function: ast.Attribute,
    arguments: _Arguments,
    keywords: dict[str, Meanings],
) -> Meanings:
    holder = evaluate(scope, function.value)
    name = function.attr
    if name in _PUTS and has(holder, "save"):
        save_numbers(scope, joined(arguments[1:] if name == "insert" else arguments))
    if name in _TAKES and arguments:
        return _taken(scope, node, holder, arguments)
    if name == "insert" and has(holder, "layers") and arguments:
        index(scope, holder, arguments[0])
    if name == "format" and isinstance(function.value, ast.Constant):
        formatted(scope, str(function.value.value).partition("{")[0], joined(arguments))
    views = _views(holder, name)
    if views is not None:
        return views
    if has(holder, "network"):
        return _of_network(scope, name, holder, arguments, keywords)
    if name in _SAME and arguments:
        return arguments[0]
    return _into(scope, function, arguments, keywords)


def _taken(scope: Scope, node: ast.Call, holder: Meanings, arguments: _Arguments) -> Meanings:
    if not holder:
        return NOTHING
    text = node.args[0]
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        first = text.value.partition(".")[0]
        text = ast.copy_location(ast.Constant(first), text)
    base = node.func.value if isinstance(node.func, ast.Attribute) else node.func
    return evaluate(scope, ast.copy_location(ast.Subscript(base, text, ast.Load()), node))


def _views(holder: Meanings, name: str) -> Meanings | None:
    """Return what `items`, `values`, `keys`, `children` and their like give."""
    tables = of_kind(holder, "table")
    if tables and name in ("items", "values", "keys"):
        keys = joined(table.items[0] for table in tables)
        values = joined(table.items[1] for table in tables)
        return each({"items": collection([keys, values]), "values": values}.get(name, keys))
    if has(holder, "layers") and name in ("children", "values"):
        return frozenset(one for one in holder if one.kind == "layers")
    if has(holder, "layers") and name in ("named_children", "items"):
        return each(collection([NOTHING, LAYER]))
    return None


def _of_network(
    scope: Scope,
    name: str,
    holder: Meanings,
    arguments: _Arguments,
    keywords: dict[str, Meanings],
) -> Meanings:
    if name in _ITSELF:
        return holder
    methods = scope.knowledge.methods.get(name, [])
    for code in methods:
        skipped = 0 if _is_static(code.node) else 1
        give(scope, code, arguments, keywords, skipped)
    return joined(scope.knowledge.returned.get(code.node, NOTHING) for code in methods)


def _is_static(node: FunctionNode) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.decorator_list)


def _into(
    scope: Scope, name: ast.expr, arguments: _Arguments, keywords: dict[str, Meanings]
) -> Meanings:
    """Follow a call into a function of the tree, where it is given layers, outputs or numbers."""
    given = joined([*arguments, *keywords.values()])
    last = name.id if isinstance(name, ast.Name) else getattr(name, "attr", "")
    if last in scope.knowledge.classes:
        return NETWORK
    if not any(m.kind in ("network", "layers", "save", "index", "source") for m in given) and not (
        {m.name for m in of_kind(given, "list")} & scope.knowledge.lists.keys()
    ):
        return NOTHING
    if isinstance(name, ast.Name) and name.id in scope.names:
        return NOTHING
    definition = scope.knowledge.definition(scope.path, name)
    node = definition.node if definition is not None else None
    if definition is None or not isinstance(node, FunctionNode):
        # `de_parallel(model)` and its like give back what they are given.
        return NETWORK if len(arguments) == 1 and has(arguments[0], "network") else NOTHING
    code = scope.knowledge.functions.get(node) or FunctionCode(definition.path, node)
    scope.knowledge.add_function(code)
    give(scope, code, arguments, keywords, 0)
    return scope.knowledge.returned.get(node, NOTHING)


def give(
    scope: Scope,
    code: FunctionCode,
    arguments: _Arguments,
    keywords: dict[str, Meanings],
    skipped: int,
) -> None:
    """Hand arguments over to a function's parameters."""
    spec = code.node.args
    names = [argument.arg for argument in (*spec.posonlyargs, *spec.args)][skipped:]
    for name, found in [*zip(names, arguments, strict=False), *keywords.items()]:
        if found and name in {*names, *(argument.arg for argument in spec.kwonlyargs)}:
            scope.knowledge.add_argument(code, name, found)


def _freeze(scope: Scope, node: ast.Call, keywords: dict[str, Meanings]) -> None:
    """Report the layers that an option or an argument freezes."""
    words = [
        arg.value
        for arg in node.args
        if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
    ]
    function = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    value = keywords.get(_FREEZES, NOTHING)
    if function == "add_argument" and any(_FREEZES in word for word in words):
        value = keywords.get("default", NOTHING)
    numbers = [one for one in numbers_in(value) if one.number > 0]
    alone = len(numbers) == 1
    for number in numbers:
        # One number is a count of layers: `--freeze 10`.
        scope.knowledge.report("name", number, bound=alone)


def _getter(scope: Scope, function: ast.expr, arguments: _Arguments) -> None:
    """Report the constants of `itemgetter(17, 20)(y)`."""
    if not isinstance(function, ast.Call) or not arguments:
        return
    last = function.func.attr if isinstance(function.func, ast.Attribute) else ""
    last = last or getattr(function.func, "id", "")
    if last == "itemgetter":
        for arg in function.args:
            index(scope, arguments[0], evaluate(scope, arg))
