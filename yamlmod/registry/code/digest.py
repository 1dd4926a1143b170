"""Hash code by its syntax, so that a formatter does not change the hash."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

_SCOPES = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# Positions are attributes, not fields. `kind` is the u of u"", `ctx` follows from the place.
_SKIPPED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


def digest_of(code: str) -> str:
    """Return a short hash of the code's syntax tree, the same on every Python that runs us."""
    import hashlib  # OpenSSL: 4 MB that only a fork's edits need

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(code)
    return hashlib.sha256(syntax(tree).encode()).hexdigest()[:16]


def syntax(node: ast.AST) -> str:
    """Return a tree as text; trees that differ only by what formatters change give the same.

    `ast.dump` will not do: its text differs between Python versions, and formatters indent
    docstrings anew and drop the parentheses of `del (a, b)`.
    """
    return "".join(_parts(node))


def _parts(node: ast.AST) -> Iterator[str]:
    doc = _docstring(node)
    yield f"({type(node).__name__}"
    for name, value in ast.iter_fields(node):
        if name in _SKIPPED or value is None or value == []:
            continue
        yield f" {name}="
        if isinstance(node, ast.Delete):
            yield from _deleted(node)
        elif name == "body" and doc is not None:
            yield f"[{doc!r} "
            for one in value[1:]:
                yield from _parts(one)
            yield "]"
        elif isinstance(node, ast.JoinedStr):
            yield from _joined(node)
        elif isinstance(value, list):
            yield "["
            for one in value:
                yield from _parts(one) if isinstance(one, ast.AST) else (repr(one), ",")
            yield "]"
        elif isinstance(value, ast.AST):
            yield from _parts(value)
        else:
            yield repr(value)
    yield ")"


def _docstring(node: ast.AST) -> str | None:
    """Return a docstring as its lines without the white space around them."""
    if not isinstance(node, _SCOPES):
        return None
    first = node.body[0] if node.body else None
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
        return None
    text = first.value.value
    return (
        "\n".join(line.strip() for line in text.strip().split("\n"))
        if isinstance(text, str)
        else None
    )


def _deleted(node: ast.Delete) -> Iterator[str]:
    for target in node.targets:
        inner = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
        for one in inner:
            yield from _parts(one)


def _joined(node: ast.JoinedStr) -> Iterator[str]:
    """Yield an f-string's parts; not every Python joins the neighbouring pieces of text."""
    text = ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
            continue
        yield repr(text)
        yield from _parts(part)
        text = ""
    yield repr(text)
