"""Draw the rooms of the package from its imports, into docs/architecture.md and its Chinese page.

    python -m tools.house            write the picture
    python -m tools.house --check    exit with 1 where it is out of date

An arrow means "imports". One that follows from others (cli to model, as cli imports ops, and ops
imports model) is left out of the picture.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PACKAGE = ROOT / "yamlmod"
PAGES = tuple(ROOT / "docs" / name for name in ("architecture.md", "architecture.zh-CN.md"))
_BEGIN, _END = "<!-- rooms: begin -->\n", "<!-- rooms: end -->\n"
# Everybody may stand on it, so its arrows would only hide the others.
_GROUND = frozenset(
    {"edits", "errors", "folders", "programs", "safe_text", "syntax_offsets", "yaml_words"}
)

Imports = Mapping[str, frozenset[str]]


@cache
def file_imports(typing_too: bool = False) -> Imports:
    """Return which files of the package each file imports, at its top or inside a function.

    Names are dotted modules. Imports under TYPE_CHECKING count only with ``typing_too``.
    """
    modules = {_module(path): path for path in _PACKAGE.rglob("*.py")}
    return {
        name: frozenset(_imported(path, name, modules, typing_too)) - {name}
        for name, path in modules.items()
    }


def room_imports() -> Imports:
    """Return which rooms each room imports, the ground left out."""
    rooms: dict[str, set[str]] = {}
    for name, targets in file_imports(typing_too=True).items():
        room = _room(name)
        rooms.setdefault(room, set()).update(_room(target) for target in targets)
    return {
        room: frozenset(targets - _GROUND - {room, "", "__main__"})
        for room, targets in rooms.items()
        if room and room not in _GROUND and room != "__main__"
    }


def circle(imports: Imports) -> list[str]:
    """Return modules that import each other in a circle, none where there is no such circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def picture(imports: Imports) -> str:
    """Return the rooms as a Mermaid graph, without the arrows that follow from others."""
    lines = ["```mermaid", "graph TD"]
    for room in sorted(imports):
        lines += [f"    {room} --> {target}" for target in sorted(_direct(room, imports))]
    lines += [f"    {room}" for room in sorted(imports) if not _joined(room, imports)]
    return "\n".join([*lines, "```"]) + "\n"


def _direct(room: str, imports: Imports) -> Iterator[str]:
    for target in imports[room]:
        others = imports[room] - {target}
        if not any(target in _reachable(other, imports) for other in others):
            yield target


def _reachable(room: str, imports: Imports) -> set[str]:
    seen: set[str] = set()
    waiting = [room]
    while waiting:
        for target in imports.get(waiting.pop(), ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def _joined(room: str, imports: Imports) -> bool:
    return bool(imports[room]) or any(room in targets for targets in imports.values())


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(module: str) -> str:
    return module.partition(".")[2].partition(".")[0]


def _imported(
    path: Path, module: str, modules: Mapping[str, Path], typing_too: bool
) -> Iterator[str]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in _statements(ast.parse(path.read_text(encoding="utf-8")), typing_too):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                parts = parts[: len(parts) - node.level + 1]
                base = ".".join([*parts, *([node.module] if node.module else [])])
            for alias in node.names:
                name = f"{base}.{alias.name}"
                if name in modules or base in modules:
                    yield name if name in modules else base


def _statements(tree: ast.AST, typing_too: bool) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        children: Iterable[ast.AST] = ast.iter_child_nodes(node)
        if isinstance(node, ast.If) and not typing_too and "TYPE_CHECKING" in ast.dump(node.test):
            children = node.orelse
        waiting += children


def main() -> int:
    """Write the picture, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    drawn = picture(room_imports())
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        before, _, rest = text.partition(_BEGIN)
        new = f"{before}{_BEGIN}{drawn}{_END}{rest.partition(_END)[2]}"
        if options.check and new != text:
            sys.stderr.write("the picture of the rooms is out of date; run python -m tools.house\n")
            return 1
        if new != text:
            page.write_text(new, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
