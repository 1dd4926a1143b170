"""Assemble the interpreter: one machine for each evaluation."""

from __future__ import annotations

from collections.abc import Callable

from yamlmod.fork.read.interpreter.builtin_functions import BUILTINS
from yamlmod.fork.read.interpreter.calls import call, iterate
from yamlmod.fork.read.interpreter.classes import attribute, set_attribute
from yamlmod.fork.read.interpreter.expressions import EXPRESSIONS
from yamlmod.fork.read.interpreter.imports import global_name
from yamlmod.fork.read.interpreter.machine import Machine, MachineParts, NameSource
from yamlmod.fork.read.interpreter.operators import binary
from yamlmod.fork.read.interpreter.outside import outside
from yamlmod.fork.read.interpreter.scopes import SourceFile
from yamlmod.fork.read.interpreter.statements import STATEMENTS
from yamlmod.fork.read.interpreter.subscripts import subscript
from yamlmod.fork.read.torch_rules.tensors import tensor_binary

_PARTS = MachineParts(
    expressions=EXPRESSIONS,
    statements=STATEMENTS,
    call=call,
    attribute=attribute,
    set_attribute=set_attribute,
    iterate=iterate,
    global_name=global_name,
    binary=lambda machine, sign, left, right: binary(machine, sign, left, right, tensor_binary),
    subscript=subscript,
    builtins=BUILTINS,
    outside=outside,
)


def new_machine(graph: NameSource, read: Callable[[str], SourceFile | None]) -> Machine:
    """Return a machine with fresh classes: the next file does not see what one changes in them."""
    return Machine(_PARTS, graph, read)
