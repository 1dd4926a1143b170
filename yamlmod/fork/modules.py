"""Which file of the tree an import means, and how an import of a file is spelled."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from yamlmod.errors import Refusal
from yamlmod.fork.dialect import is_file
from yamlmod.fork.files import Files
from yamlmod.fork.python.bindings import statements
from yamlmod.fork.python.source import Source, read_source

# Never a folder of the fork, though `torch.nn` without its first word could be one (nn/).
_FOREIGN = frozenset({"torch", "torchvision", "timm", "tensorflow"})


def from_imports(source: Source) -> Iterator[ast.ImportFrom]:
    """Yield the `from` imports that run when the file is imported."""
    for node, _ in statements(source.tree):
        if isinstance(node, ast.ImportFrom):
            yield node


def written(node: ast.ImportFrom) -> str:
    """Return the module of an import as it is written, leading dots included."""
    return "." * node.level + (node.module or "")


def is_star(node: ast.ImportFrom) -> bool:
    """Return whether everything is imported."""
    return node.names[0].name == "*"


def file_of(files: Files, importer: str, module: str) -> str:
    """Return the file of the tree that an import in ``importer`` means, empty for none.

    An absolute name is looked up from every folder above the importer, as if it were on the path;
    where REPO is itself a package, the name begins with the package's own, which is left out.
    """
    dotted = module.lstrip(".")
    level = len(module) - len(dotted)
    parts = dotted.split(".") if dotted else []
    folder = PurePosixPath(importer).parent
    if level:
        for _ in range(level - 1):
            folder = folder.parent
        return _module_file(files, folder, parts)
    if not parts or parts[0] in _FOREIGN:
        return ""
    for above in (folder, *folder.parents):
        found = _module_file(files, above, parts)
        if found:
            return found
    return _module_file(files, PurePosixPath(), parts[1:]) if len(parts) > 1 else ""


def _module_file(files: Files, folder: PurePosixPath, parts: list[str]) -> str:
    path = folder.joinpath(*parts)
    if parts and is_file(files, f"{path}.py"):
        return f"{path}.py"
    init = str(path / "__init__.py")
    return init if is_file(files, init) else ""


def package_prefix(files: Files, parse: Source) -> str:
    """Return what stands before the names of modules beside the parse file, say ``models.``.

    It is read from an import that means a file of the same folder; empty where there is none.
    """
    folder = PurePosixPath(parse.path).parent
    for node in ast.walk(parse.tree):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        module = written(node)
        found = PurePosixPath(file_of(files, parse.path, module) or "/")
        if found.name == "__init__.py":
            found = found.parent
        if not found.is_relative_to(folder) or found == folder:
            continue
        return _without_last(module, len(found.relative_to(folder).parts))
    return _prefix_by_name(parse, folder.name)


def _without_last(module: str, count: int) -> str:
    dotted = module.lstrip(".")
    dots = module[: len(module) - len(dotted)]
    return dots + "".join(f"{part}." for part in dotted.split(".")[:-count])


def _prefix_by_name(parse: Source, folder: str) -> str:
    """Return the prefix by an import that names the folder, though its file is not there."""
    for node in ast.walk(parse.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = written(node).split(".")
            if len(parts) > 1 and parts[-2] == folder:
                return _without_last(written(node), 1)
    return ""


def defining_file(files: Files, source: Source, name: str, depth: int = 4) -> str:
    """Return the file that defines the class which a file calls ``name``, empty for none."""
    body = source.tree.body
    if any(isinstance(node, ast.ClassDef) and node.name == name for node in body):
        return source.path
    if not depth:
        return ""
    for node in reversed(list(from_imports(source))):
        alias = next((one for one in node.names if (one.asname or one.name) == name), None)
        if alias is None and not is_star(node):
            continue
        path = file_of(files, source.path, written(node))
        other = _readable(files, path) if path else None
        if other is None or other.path == source.path:
            continue
        wanted = name if alias is None else alias.name
        found = defining_file(files, other, wanted, depth - 1)
        if found:
            return found
    return ""


def _readable(files: Files, path: str) -> Source | None:
    try:
        return read_source(files, path)
    except Refusal:
        return None  # what Conv does not come through is none of our business
