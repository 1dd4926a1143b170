"""Puts the interpreter together: one machine for each evaluation."""

from __future__ import annotations

from collections.abc import Callable

from yamlmod.fork.read.builtin_functions import BUILTINS
from yamlmod.fork.read.calls import call, iterate
from yamlmod.fork.read.classes import attribute, set_attribute
from yamlmod.fork.read.expressions import EXPRESSIONS
from yamlmod.fork.read.imports import global_name
from yamlmod.fork.read.machine import Machine, MachineParts, NameSource
from yamlmod.fork.read.operators import binary
from yamlmod.fork.read.outside import outside
from yamlmod.fork.read.scopes import SourceFile
from yamlmod.fork.read.statements import STATEMENTS
from yamlmod.fork.read.subscripts import subscript
from yamlmod.fork.read.tensors import tensor_binary

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
