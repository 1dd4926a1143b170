"""Comprehensions and lazy generator expressions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from yamlmod.fork.read.interpreter.assignment import assign
from yamlmod.fork.read.interpreter.machine import MAX_ITEMS, Expression, Machine
from yamlmod.fork.read.interpreter.operators import guarded
from yamlmod.fork.read.interpreter.scopes import Frame
from yamlmod.fork.read.interpreter.shortcuts import counts
from yamlmod.fork.read.interpreter.values import (
    Lazy,
    LimitError,
    UnknownItemsError,
    UnknownValue,
    Value,
    deep_unknown,
)


class _UnknownSourceError(Exception):
    """A source or a condition of a comprehension is not known."""

    def __init__(self, unknown: UnknownValue) -> None:
        super().__init__(unknown.reason)
        self.unknown = unknown


def _frames(
    machine: Machine,
    generators: list[ast.comprehension],
    frame: Frame,
    first: Iterator[Value] | None = None,
) -> Iterator[Frame]:
    """Yield the inner frame once for each turn of the loops."""
    if not generators:
        yield frame
        return
    generator, *rest = generators
    source = first
    if source is None:
        found = machine.iterate(machine.evaluate(generator.iter, frame))
        if isinstance(found, UnknownValue):
            raise _UnknownSourceError(found)
        source = found
    for item in source:
        assign(machine, generator.target, item, frame)
        if _all_hold(machine, generator.ifs, frame):
            yield from _frames(machine, rest, frame)


def _all_hold(machine: Machine, tests: list[ast.expr], frame: Frame) -> bool:
    for test in tests:
        truth = machine.truth(machine.evaluate(test, frame))
        if isinstance(truth, UnknownValue):
            raise _UnknownSourceError(truth)
        if not truth:
            return False
    return True


def _inner(frame: Frame) -> Frame:
    # A comprehension in a class body does not see the names of the class, but for its source.
    parent = frame.parent if frame.title == "<class>" else frame
    inner = Frame(frame.module, {}, parent or frame, title="<comprehension>")
    inner.owner, inner.receiver, inner.line = frame.owner, frame.receiver, frame.line
    return inner


def _source(
    machine: Machine,
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    frame: Frame,
) -> Iterator[Value] | UnknownValue:
    return machine.iterate(machine.evaluate(node.generators[0].iter, frame))


def _list(machine: Machine, node: ast.ListComp | ast.SetComp, frame: Frame) -> Value:
    source = _source(machine, node, frame)
    if isinstance(source, UnknownValue):
        return source
    out: list[Value] = []
    try:
        for inner in _frames(machine, node.generators, _inner(frame), source):
            out.append(machine.evaluate(node.elt, inner))
            if len(out) > MAX_ITEMS:
                raise LimitError(f"a list of more than {MAX_ITEMS:,} elements")
    except (_UnknownSourceError, UnknownItemsError) as error:
        return error.unknown
    return out


def _set(machine: Machine, node: ast.SetComp, frame: Frame) -> Value:
    found = _list(machine, node, frame)
    return found if isinstance(found, UnknownValue) else guarded(set, found)


def _dict(machine: Machine, node: ast.DictComp, frame: Frame) -> Value:
    source = _source(machine, node, frame)
    if isinstance(source, UnknownValue):
        return source
    out: dict[Value, Value] = {}
    try:
        for inner in _frames(machine, node.generators, _inner(frame), source):
            key = machine.evaluate(node.key, inner)
            if (unknown := deep_unknown(key)) is not None:
                return unknown
            value = machine.evaluate(node.value, inner)
            bad = guarded(hash, key)
            if isinstance(bad, UnknownValue) or len(out) > MAX_ITEMS:
                return UnknownValue("a dict that is not interpreted")
            out[key] = value
    except (_UnknownSourceError, UnknownItemsError) as error:
        return error.unknown
    return out


def _generator(machine: Machine, node: ast.GeneratorExp, frame: Frame) -> Value:
    source = _source(machine, node, frame)
    if isinstance(source, UnknownValue):
        return source
    numbers = counts(node, source)
    if numbers is not None:
        return Lazy(iter(numbers))
    inner = _inner(frame)

    def items() -> Iterator[Value]:
        try:
            for turn in _frames(machine, node.generators, inner, source):
                yield machine.evaluate(node.elt, turn)
        except _UnknownSourceError as error:
            raise UnknownItemsError(error.unknown) from None

    return Lazy(items())


COMPREHENSIONS: Mapping[type, Expression] = {
    ast.ListComp: _list,
    ast.SetComp: _set,
    ast.DictComp: _dict,
    ast.GeneratorExp: _generator,
}
