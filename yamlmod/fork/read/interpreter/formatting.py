"""f-strings: format the parts if their text is known."""

from __future__ import annotations

import ast
from collections.abc import Callable

from yamlmod.fork.read.interpreter.machine import MAX_TEXT, Machine
from yamlmod.fork.read.interpreter.operators import guarded, text_known
from yamlmod.fork.read.interpreter.scopes import Frame
from yamlmod.fork.read.interpreter.values import UnknownValue, Value


def joined(machine: Machine, node: ast.JoinedStr, frame: Frame) -> Value:
    """Evaluate an f-string."""
    parts = []
    unknown: UnknownValue | None = None
    for part in node.values:
        text = machine.evaluate(part, frame)
        if isinstance(text, UnknownValue):
            unknown = unknown or text
        else:
            parts.append(text)
    if unknown is not None:
        return unknown
    text = "".join(parts)
    return text if len(text) <= MAX_TEXT else machine.unknown("a long text", frame, node)


_texts: tuple[type[str], Callable[[object], str]] = (str, repr)


def formatted(machine: Machine, node: ast.FormattedValue, frame: Frame) -> Value:
    """Evaluate a replacement field."""
    value = machine.evaluate(node.value, frame)
    form = "" if node.format_spec is None else machine.evaluate(node.format_spec, frame)
    if isinstance(value, UnknownValue) or isinstance(form, UnknownValue):
        return value if isinstance(value, UnknownValue) else form
    if not text_known(value) or len(form) > 12:
        return UnknownValue("the text of an object")
    if node.conversion != -1:
        value = ascii(value) if node.conversion == 97 else _texts[node.conversion == 114](value)
    width = "".join(c for c in form.rpartition(".")[0] or form if c.isdigit())
    if width and int(width) > MAX_TEXT:
        return UnknownValue("a long text")
    return guarded(format, value, form)
