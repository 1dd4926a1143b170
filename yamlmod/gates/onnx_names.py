"""Find the module of an ONNX node from exporters' names and metadata."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from yamlmod.gates.places import join, join_whole
from yamlmod.safe_text import visible_line

_PREFIX = "pkg.torch.onnx."
_LONGEST = 20_000
# /model.4/m/m.0/cv1/act/Sigmoid; merging two models puts a word in front.
_SCOPED = re.compile(r"(?:\w*_)?(/.*)")


def clean(text: str) -> str:
    """Return a name with its control characters escaped: it comes from an untrusted file."""
    text = visible_line(text)
    return text if len(text) <= 300 else text[:297] + "..."


def path_of(node: Any, classes: dict[str, str]) -> str | None:
    """Return the module of a NodeProto, None where nothing tells; learns classes on the way."""
    told = {one.key: one.value for one in getattr(node, "metadata_props", ())}
    scopes = _words(told.get(_PREFIX + "name_scopes", ""))
    if scopes:
        kinds = _words(told.get(_PREFIX + "class_hierarchy", ""))
        inner = [clean(scope) for scope in scopes[:-1]]  # the last one is the operation itself
        if len(kinds) == len(scopes):
            _learn(inner, kinds, classes)
        return join_whole([one for one in inner if one])
    for name in (node.name, *node.output):
        match = _SCOPED.fullmatch(name)
        if match:
            return join([clean(one) for one in match[1].split("/")[1:-1] if one])
    return None


def short_class(name: str) -> str:
    """Return the name of a class as a model YAML would spell it."""
    last = name.rpartition(".")[2]
    return f"nn.{last}" if name.startswith("torch.nn.") else last


def _learn(scopes: Sequence[str], kinds: Sequence[str], classes: dict[str, str]) -> None:
    path = ""
    for scope, kind in zip(scopes, kinds, strict=False):
        if scope:
            path = join_whole([path, scope]) if path else scope
            classes.setdefault(path, clean(short_class(kind)))


def _words(text: str) -> list[str]:
    """Return a Python list of strings that is in a text; nothing where it is none."""
    if not text or len(text) > _LONGEST:
        return []
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []
    whole = isinstance(found, list) and all(isinstance(one, str) for one in found)
    return found if whole else []
