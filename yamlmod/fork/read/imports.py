"""Names of modules: import statements, and what a module's name is bound to, on demand."""

from __future__ import annotations

import ast

from yamlmod.fork.read.machine import Machine
from yamlmod.fork.read.scopes import Frame, Module, bound_names
from yamlmod.fork.read.values import (
    MISSING,
    ModuleValue,
    Raised,
    Unknown,
    Value,
)

_PLAIN = (ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def run_import(machine: Machine, node: ast.Import, frame: Frame) -> None:
    """Run `import a.b as c`."""
    for alias in node.names:
        bind_import(machine, alias, frame)


def bind_import(machine: Machine, alias: ast.alias, frame: Frame) -> None:
    """Bind what one part of an import statement names."""
    top = alias.name.partition(".")[0]
    dotted = alias.name if alias.asname else top
    found = machine.resolver.module_of(frame.module, dotted, 0)
    value = ModuleValue(found) if isinstance(found, Module) else machine.parts.outside(machine, found)
    frame.bind(alias.asname or top, value)


def run_import_from(machine: Machine, node: ast.ImportFrom, frame: Frame) -> None:
    """Run `from a import b`."""
    for alias in node.names:
        if alias.name != "*":
            frame.bind(alias.asname or alias.name, imported(machine, node, alias.name, frame.module))


def imported(machine: Machine, node: ast.ImportFrom, name: str, importer: Module) -> Value:
    """Return what `from ... import name` gives; raises an ImportError where a file has no such name."""
    dotted = node.module or ""
    source = machine.resolver.module_of(importer, dotted, node.level)
    if isinstance(source, str):
        below = machine.resolver.module_of(importer, f"{dotted}.{name}".strip("."), node.level)
        if isinstance(below, Module):
            return ModuleValue(below)
        return machine.parts.outside(machine, f"{source}.{name}")
    try:
        return global_name(machine, source, name, wide=False)
    except Raised as error:
        if error.kind is not NameError:
            raise
    below = machine.resolver.module_of(importer, f"{dotted}.{name}".strip("."), node.level)
    if isinstance(below, Module):
        return ModuleValue(below)
    return Unknown(f"{source.shown} has no {name}", name)


def global_name(machine: Machine, module: Module, name: str, wide: bool = True) -> Value:
    """Return what a module's name is bound to; ``wide``: builtins count, too."""
    found = module.names.get(name, MISSING)
    if found is MISSING:
        found = _bound(machine, module, name)
    if found is not MISSING:
        return machine.fresh(found)
    if name == "__name__":
        return module.dotted or "fork"
    if wide and name in machine.parts.builtins:
        return machine.parts.builtins[name]
    raise Raised(NameError, f"name '{name}' is not defined")


def _bound(machine: Machine, module: Module, name: str) -> Value:
    """Bind a name by the statements that bind it, the last one winning."""
    if name in module.pending:
        return Unknown(f"{module.shown} binds {name} in a circle", name)
    module.pending.add(name)
    try:
        statements = module.statements.get(name, [])
        holder = machine.resolver.star_holder(module, name)
        if holder is not None and not _after_stars(module, name, statements):
            if isinstance(holder, Unknown):
                module.names[name] = Unknown(holder.reason, name)
            else:
                module.names[name] = global_name(machine, holder, name, wide=False)
            statements = [s for s in statements if not _binds_plainly(s, name)]
        for statement in _from_last(statements, name):
            _execute(machine, module, statement, name)
    except Raised as error:
        module.names[name] = Unknown(f"{module.shown}:{error.line}: {error.name}: {error.message}", name)
    finally:
        module.pending.discard(name)
    return module.names.get(name, MISSING)


def _after_stars(module: Module, name: str, statements: list[ast.stmt]) -> bool:
    """Return whether the module's own binding comes behind its last star import."""
    own = [s.lineno for s in statements if name in _bound_by(s)]
    return bool(own) and (not module.stars or own[-1] > module.stars[-1].lineno)


def _bound_by(statement: ast.stmt) -> list[str]:
    return [name for node in ast.walk(statement) for name in bound_names(node)]


def _binds_plainly(statement: ast.stmt, name: str) -> bool:
    return isinstance(statement, _PLAIN) and name in _bound_by(statement)


def _from_last(statements: list[ast.stmt], name: str) -> list[ast.stmt]:
    """Return the statements that decide: the last plain binding, and what changes it afterwards."""
    for place in range(len(statements) - 1, -1, -1):
        statement = statements[place]
        if _binds_plainly(statement, name) and not _uses(statement, name):
            return statements[place:]
    return statements


def _uses(statement: ast.stmt, name: str) -> bool:
    if isinstance(statement, (ast.FunctionDef, ast.Import, ast.ImportFrom)):
        return False
    parts: list[ast.AST] = [statement]
    if isinstance(statement, ast.ClassDef):
        parts = [*statement.bases, *statement.decorator_list]
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        for part in parts
        for node in ast.walk(part)
    )


def _execute(machine: Machine, module: Module, statement: ast.stmt, name: str) -> None:
    if statement in module.done:
        return
    frame = Frame(module, module.names, title="<module>")
    if isinstance(statement, ast.ImportFrom):
        # One name alone: an import of fifty names need not resolve the others.
        for alias in statement.names:
            if (alias.asname or alias.name) == name:
                frame.bind(name, imported(machine, statement, alias.name, module))
        return
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            if (alias.asname or alias.name.partition(".")[0]) == name:
                bind_import(machine, alias, frame)
        return
    module.done.add(statement)
    if isinstance(statement, ast.Try):
        _try(machine, module, statement, name)
        return
    machine.run([statement], frame)


def _try(machine: Machine, module: Module, node: ast.Try, name: str) -> None:
    """Bind a name by a try statement of a module: the body holds, where it binds the name."""
    module.done.discard(node)
    for body in (node.body, node.orelse, *[handler.body for handler in node.handlers], node.finalbody):
        statements = [s for s in body if name in _bound_by(s)]
        if statements:
            for statement in _from_last(statements, name):
                _execute(machine, module, statement, name)
            return
    for statement in node.body:
        if name in ast.dump(statement):
            _execute(machine, module, statement, name)
