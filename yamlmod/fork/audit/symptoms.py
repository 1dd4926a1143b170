"""Find code in a fork that fails with newer package versions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from yamlmod.errors import Refusal
from yamlmod.fork.python.source import parse


@dataclass(frozen=True)
class Symptom:
    """A place in the fork that depends on a package's version; ``kind`` names the rule."""

    kind: str
    path: str
    line: int


def symptoms(paths: Mapping[str, str]) -> list[Symptom]:
    """Return the places in the files (path to text), in order."""
    found: list[Symptom] = []
    for path, text in sorted(paths.items()):
        rules = [(kind, rule) for kind, (word, rule) in _RULES.items() if word in text]
        tree = _tree(path, text) if rules else None
        if tree is not None:
            for node in ast.walk(tree):
                line = getattr(node, "lineno", 0)
                found += [Symptom(kind, path, line) for kind, rule in rules if rule(node)]
    return found


def unused_parameters_allowed(paths: Mapping[str, str]) -> bool:
    """Check whether the fork asks DDP to look for parameters without a gradient."""
    for path, text in paths.items():
        tree = _tree(path, text) if "find_unused_parameters" in text else None
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.keyword) and node.arg == "find_unused_parameters":
                return not (isinstance(node.value, ast.Constant) and node.value.value is False)
    return False


def _loads(node: ast.AST) -> bool:
    """A torch.load that leaves weights_only to torch: True from torch 2.6 on."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "load"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "torch"
        and not any(keyword.arg in ("weights_only", None) for keyword in node.keywords)
    )


def _imports_pkg_resources(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(name.name.split(".")[0] == "pkg_resources" for name in node.names)
    return isinstance(node, ast.ImportFrom) and node.module == "pkg_resources"


_RULES: Mapping[str, tuple[str, Callable[[ast.AST], bool]]] = {
    "torch-load": ("torch.load", _loads),
    "pkg-resources": ("pkg_resources", _imports_pkg_resources),
}


def _tree(path: str, text: str) -> ast.Module | None:
    try:
        return parse(path, path, text).tree
    except Refusal:
        return None


def of_kind(found: list[Symptom], kind: str) -> Iterator[Symptom]:
    return (one for one in found if one.kind == kind)
