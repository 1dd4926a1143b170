"""Import statements, and names of modules bound on demand by the import graph."""

from __future__ import annotations

import ast
from functools import lru_cache

from yamlmod.fork.python import answers
from yamlmod.fork.python.modules import Elsewhere
from yamlmod.fork.python.modules import ModuleFile as ModulePlace
from yamlmod.fork.read.interpreter.machine import Machine
from yamlmod.fork.read.interpreter.scopes import Frame, ModuleScope, bound_names
from yamlmod.fork.read.interpreter.values import MISSING, ModuleValue, Raised, UnknownValue, Value

_PLAIN = (ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
# Packages whose star import brings names of builtins (`sum`, `abs`, `round`).
_SHADOWS = frozenset(
    [
        *("builtins", "cupy", "jax", "math", "numpy", "operator", "paddle", "pylab", "scipy"),
        *("sympy", "tensorflow", "torch"),
    ]
)
# Words among args, which parse functions try as names first.
_WORDS = frozenset(["nearest", "bilinear", "bicubic", "linear", "area", "trilinear"])
_DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


def run_import(machine: Machine, node: ast.Import, frame: Frame) -> None:
    """Run `import a.b as c`."""
    for alias in node.names:
        top = alias.name.partition(".")[0]
        dotted = alias.name if alias.asname else top
        frame.bind(alias.asname or top, import_module(machine, frame.module, dotted, 0))


def import_module(machine: Machine, importer: ModuleScope, dotted: str, level: int) -> Value:
    place = machine.graph.find(importer.path, dotted, level)
    if isinstance(place, ModulePlace):
        module = None if place.is_folder else machine.module(place.path)
        return UnknownValue(f"the folder {place.path}") if module is None else ModuleValue(module)
    if isinstance(place, Elsewhere):
        return machine.parts.outside(machine, place.dotted)
    raise Raised(ImportError, place.why)


def run_import_from(machine: Machine, node: ast.ImportFrom, frame: Frame) -> None:
    """Run `from a import b`."""
    for alias in node.names:
        if alias.name != "*":
            frame.bind(
                alias.asname or alias.name, imported(machine, node, alias.name, frame.module)
            )


def imported(machine: Machine, node: ast.ImportFrom, name: str, importer: ModuleScope) -> Value:
    """Return what `from ... import name` gives; raises the ImportError that Python would."""
    dotted = node.module or ""
    source = import_module(machine, importer, dotted, node.level)
    if isinstance(source, ModuleValue):
        try:
            return global_name(machine, source.module, name, wide=False)
        except Raised as error:
            if error.kind is not NameError:
                raise
        below = machine.graph.find(importer.path, f"{dotted}.{name}".strip("."), node.level)
        if isinstance(below, ModulePlace):
            return import_module(machine, importer, f"{dotted}.{name}".strip("."), node.level)
        raise Raised(ImportError, f"cannot import name '{name}' from '{source.module.path}'")
    return machine.attribute(source, name)


def global_name(machine: Machine, module: ModuleScope, name: str, wide: bool = True) -> Value:
    """Return what a module's name is bound to; ``wide``: builtins count, too."""
    found = module.names.get(name, MISSING)
    if found is MISSING and name not in module.missing:
        found = _bound(machine, module, name)
        if found is MISSING:
            module.missing.add(name)
    if found is not MISSING:
        return machine.fresh(found)
    if name == "__name__":
        return "fork"
    if wide and name in machine.parts.builtins:
        return machine.parts.builtins[name]
    raise Raised(NameError, f"name '{name}' is not defined")


def _bound(machine: Machine, module: ModuleScope, name: str) -> Value:
    """Bind a name to what the import graph says it denotes."""
    if name in module.pending:
        return UnknownValue(f"{module.shown} binds {name} in a circle", name)
    module.pending.add(name)
    try:
        found = _denoted(machine, module, name)
    except Raised as error:
        where = f"{error.path or module.shown}:{error.line}"
        found = UnknownValue(f"{where}: {error.name}: {error.message}", name)
    finally:
        module.pending.discard(name)
    if found is not MISSING:
        module.names[name] = found
    return found


def _denoted(machine: Machine, module: ModuleScope, name: str) -> Value:
    answer = module.source.denoted.get(name)
    if answer is None:
        answer = module.source.denoted[name] = machine.graph.denotes_in_module(module.path, name)
    if isinstance(answer, answers.OutsideTree):
        top, _, rest = answer.dotted.partition(".")
        if top == "builtins" and rest in machine.parts.builtins:
            return machine.parts.builtins[rest]
        return _named(machine.parts.outside(machine, answer.dotted), name)
    if isinstance(answer, answers.Missing):
        return MISSING if answer.error == "NameError" else UnknownValue(answer.why, name)
    if isinstance(answer, answers.Unknown):
        plain = name in machine.parts.builtins or name in _WORDS
        plain = plain and _keeps_builtins(machine, module)
        return MISSING if plain else UnknownValue(answer.reason, name)
    return _defined(machine, module, name, answer)


def _keeps_builtins(machine: Machine, module: ModuleScope) -> bool:
    """Check whether a module is open only to packages that name nothing as Python's builtins."""
    names = machine.graph.names(module.path)
    if any(beyond.partition(".")[0] in _SHADOWS for beyond in names.beyond):
        return False
    return all(
        reason.endswith(tuple(f" {beyond}" for beyond in names.beyond)) for reason in names.open
    )


def _named(value: Value, name: str) -> Value:
    return UnknownValue(value.reason, name) if isinstance(value, UnknownValue) else value


def _defined(machine: Machine, module: ModuleScope, name: str, answer: answers.Definition) -> Value:
    home = machine.module(answer.path)
    if home is None:
        return UnknownValue(f"{answer.path} cannot be read", name)
    if answer.kind == "module":
        return ModuleValue(home)
    first, *members = answer.name.split(".")
    if home is not module or first != name:
        value = global_name(machine, home, first)
        for member in members:
            value = machine.attribute(value, member)
        return value
    if members:
        return UnknownValue(f"{name} is bound to {answer.name}", name)
    if isinstance(answer.node, _DEFINITIONS):
        _execute(machine, home, answer.node, name)
        changes = [s for s in home.source.statements.get(name, []) if s.lineno > answer.node.lineno]
    else:
        changes = _from_last(home.source.statements.get(name, []), name, answer.line)
    for statement in changes:
        _execute(machine, home, statement, name)
    if name in home.names:
        return home.names[name]
    return UnknownValue(f"how {home.shown} binds {name}", name)


@lru_cache(maxsize=20_000)
def _bound_by(statement: ast.stmt) -> frozenset[str]:
    return frozenset(name for node in ast.walk(statement) for name in bound_names(node))


def _binds_plainly(statement: ast.stmt, name: str) -> bool:
    return isinstance(statement, _PLAIN) and name in _bound_by(statement)


def _from_last(statements: list[ast.stmt], name: str, line: int) -> list[ast.stmt]:
    """Return the statements that decide: the binding at ``line``, and what changes it later."""
    for place in range(len(statements) - 1, -1, -1):
        statement = statements[place]
        last = statement.end_lineno or statement.lineno
        if statement.lineno <= line <= last and not _uses(statement, name):
            return statements[place:]
        if _binds_plainly(statement, name) and not _uses(statement, name):
            return statements[place:]
    return statements


def _uses(statement: ast.stmt, name: str) -> bool:
    return name in _loads(statement)


@lru_cache(maxsize=20_000)
def _loads(statement: ast.stmt) -> frozenset[str]:
    nodes = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    return frozenset(node.id for node in nodes if isinstance(node.ctx, ast.Load))


def _execute(machine: Machine, module: ModuleScope, statement: ast.stmt, name: str) -> None:
    if statement in module.done or isinstance(statement, (ast.Import, ast.ImportFrom)):
        return
    frame = Frame(module, module.names, title="<module>")
    module.done.add(statement)
    if isinstance(statement, ast.Try):
        _try(machine, module, statement, name)
        return
    if isinstance(statement, ast.If) and "__main__" in ast.dump(statement.test):
        return
    machine.run([statement], frame)


def _try(machine: Machine, module: ModuleScope, node: ast.Try, name: str) -> None:
    """Bind a name by a try statement of a module: the body holds, where it binds the name."""
    module.done.discard(node)
    handlers = [handler.body for handler in node.handlers]
    for body in (node.body, node.orelse, *handlers, node.finalbody):
        statements = [s for s in body if name in _bound_by(s)]
        if statements:
            for statement in statements:
                _execute(machine, module, statement, name)
            return
