"""Take the text of a module's file apart."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import NamedTuple

from yamlmod.registry.code.digest import digest_of


class Parts(NamedTuple):
    """What a file of a module has: its imports, its code, and a hash of the code's syntax."""

    imports: tuple[str, ...]
    code: str
    digest: str


@lru_cache(maxsize=256)
def taken_apart(source: str) -> Parts:
    body = ast.parse(source).body
    imports = [node for node in body if isinstance(node, (ast.Import, ast.ImportFrom))]
    first = max((node.end_lineno or 0 for node in imports), default=0)
    code = "\n".join(source.split("\n")[first:]).strip("\n") + "\n"
    return Parts(tuple(ast.unparse(node) for node in imports), code, digest_of(code))
