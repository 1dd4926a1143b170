"""Read the defaults of a constructor, as args that a branch may expect in the row."""

from __future__ import annotations

import ast
from typing import Any

from yamlmod.fork.python.answers import class_in
from yamlmod.fork.read.network import ForkReader
from yamlmod.registry.code.repeats import repeats_at
from yamlmod.registry.code.signature import constructor_of

_LONGEST = 2


def default_tails(reader: ForkReader, name: str) -> list[list[Any]]:
    """Return the first defaults after the channels and the repeats: one, then two of them."""
    answer = class_in(reader.graph.denotes(reader.parser, name))
    if answer is None or not isinstance(answer.node, ast.ClassDef):
        return []
    init = constructor_of(answer.node, {})
    if init is None:
        return []
    given = init.args.defaults
    names = [*init.args.posonlyargs, *init.args.args][1:]
    if len(names) - len(given) == 2 and given and repeats_at(init, 2) == "yes":
        given = given[1:]
    values: list[Any] = []
    for node in given[:_LONGEST]:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, (bool, int, float)):
            break
        values.append(node.value)
    return [values[:count] for count in range(1, len(values) + 1)]
