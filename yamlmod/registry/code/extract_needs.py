"""Extract a class and everything it needs of its file."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence
from dataclasses import dataclass

from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Place, Refusal
from yamlmod.registry.code.scopes import needed_names
from yamlmod.syntax_offsets import SyntaxOffsets

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
_IMPORTS = (ast.Import, ast.ImportFrom)
_BUILTINS = frozenset({*dir(builtins), "__file__", "__name__", "__class__"})


@dataclass(frozen=True)
class Cut:
    """The code, its imports, and the names it expects in the target file."""

    source: str
    code: str
    uses: tuple[str, ...]
    notes: tuple[str, ...]


def cut_out(text: str, shown: str, class_name: str) -> Cut:
    """Return a class with all that it needs of its file, transitively and in the file's order."""
    text, tree = _with_quoted_annotations(text, ast.parse(text))
    lines = text.split("\n")
    offsets = SyntaxOffsets(text)
    needs = [needed_names(_segment(offsets, node)) for node in tree.body]
    units = [
        _Unit(node, _bound(node), set().union(*needs[_on_its_lines(tree.body, at)]))
        for at, node in enumerate(tree.body)
    ]
    start = next(
        unit
        for unit in reversed(units)
        if isinstance(unit.node, ast.ClassDef) and unit.node.name == class_name
    )
    chosen, missing = _closure(units, start)
    imports, uses = _imports(shown, text, units, missing)
    body = [unit.node for unit in units if unit in chosen]
    code = _joined(lines, body)
    _refuse_torn(shown, code)
    source = "".join(f"{line}\n" for line in imports) + ("\n\n" if imports else "") + code
    return Cut(source, code, uses, tuple(_left_out(lines, units, chosen)))


@dataclass(frozen=True, eq=False)
class _Unit:
    node: ast.stmt
    binds: frozenset[str]
    needs: set[str]


def _closure(units: Sequence[_Unit], start: _Unit) -> tuple[set[_Unit], set[str]]:
    """Return the statements that the class needs, and the names that no statement binds."""
    chosen, missing, queue = {start}, set[str](), [start]
    while queue:
        for name in queue.pop().needs:
            binding = [u for u in units if name in u.binds and not isinstance(u.node, _IMPORTS)]
            if not binding:
                missing.add(name)
            for unit in binding:
                if unit not in chosen:
                    chosen.add(unit)
                    queue.append(unit)
    return chosen, missing - _BUILTINS


def _bound(node: ast.stmt) -> frozenset[str]:
    """Return what a statement defines; a statement that only acts on things defines nothing."""
    if isinstance(node, _DEFINITIONS):
        return frozenset({node.name})
    if isinstance(node, (ast.If, ast.Try, *_ASSIGNMENTS)) and not _is_main(node):
        found: set[str] = set()
        stack: list[ast.AST] = [node]
        while stack:
            one = stack.pop()
            if isinstance(one, _DEFINITIONS):
                found.add(one.name)
                continue
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                found.add(one.id)
            if isinstance(one, _IMPORTS):
                found |= {(a.asname or a.name).split(".")[0] for a in one.names}
            stack += ast.iter_child_nodes(one)
        return frozenset(found - {"__all__"})
    return frozenset()


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def _imports(
    shown: str, text: str, units: Sequence[_Unit], missing: set[str]
) -> tuple[list[str], tuple[str, ...]]:
    """Return an import line for each name that is imported, and the names that are not."""
    lines: list[str] = []
    left = set(missing)
    stars = []
    for node in (unit.node for unit in units):
        if not isinstance(node, _IMPORTS):
            continue
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            stars.append(node)
            continue
        for alias in node.names:
            name = (alias.asname or alias.name).split(".")[0]
            if name not in missing or (_is_common(node) and alias.asname in (None, alias.name)):
                continue
            left.discard(name)
            one: ast.stmt = ast.Import([alias])
            if isinstance(node, ast.ImportFrom):
                one = ast.ImportFrom(node.module, [alias], node.level)
            line = ast.unparse(one)
            if isinstance(node, ast.ImportFrom) and node.level:
                raise _relative(shown, text, node, name)
            lines += [line] if line not in lines else []
    for star in stars:
        if left and not _is_common(star):
            raise _star(shown, text, star, sorted(left))
    return lines, tuple(sorted(left))


def _is_common(node: ast.Import | ast.ImportFrom) -> bool:
    """Check whether an import refers to the target file of the code."""
    return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[-1] == "common"


def _relative(shown: str, text: str, node: ast.ImportFrom, name: str) -> Refusal:
    return Refusal(
        "relative-import",
        f"{name} comes from a file beside this one (`{ast.unparse(node)}`), which the fork lacks",
        place=_place(shown, text, node),
        hint=f"move the definition of {name} to {shown}, or import it by an absolute name",
    )


def _star(shown: str, text: str, node: ast.ImportFrom, names: Sequence[str]) -> Refusal:
    return Refusal(
        "star-import",
        f"`{ast.unparse(node)}` does not show whether it imports {', '.join(names)}",
        place=_place(shown, text, node),
        hint=f"write from {node.module} import {', '.join(names)}",
    )


def _place(shown: str, text: str, node: ast.stmt) -> Place:
    offsets = SyntaxOffsets(text)
    return Place.at(shown, text, offsets.start(node), offsets.end(node))


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, _DEFINITIONS) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _segment(offsets: SyntaxOffsets, node: ast.stmt) -> str:
    """Return a statement as it is written, without what shares a line with it."""
    decorated = isinstance(node, _DEFINITIONS) and node.decorator_list
    start = offsets.at(_first_line(node), 0) if decorated else offsets.start(node)
    return offsets.text[start : offsets.end(node)] + "\n"


def _on_its_lines(nodes: Sequence[ast.stmt], at: int) -> slice:
    """Return which statements stand on the lines of one, and so go where it goes."""
    first = last = at
    while first and (nodes[first - 1].end_lineno or 0) >= _first_line(nodes[at]):
        first -= 1
    while last + 1 < len(nodes) and nodes[last + 1].lineno <= (nodes[at].end_lineno or 0):
        last += 1
    return slice(first, last + 1)


def _joined(lines: Sequence[str], nodes: Sequence[ast.stmt]) -> str:
    """Return the statements' lines with the comments right above them, as far apart as usual."""
    pieces: list[str] = []
    last = 0
    for node in nodes:
        first = _first_line(node)
        if first <= last:  # shares a line with the one before
            continue
        while first - 1 > last and lines[first - 2].startswith("#"):
            first -= 1
        text = "\n".join(lines[first - 1 : node.end_lineno])
        close = pieces and first == last + 1
        pieces.append(("\n" if close else "\n\n\n" if pieces else "") + text)
        last = node.end_lineno or first
    return "".join(pieces) + "\n"


def _refuse_torn(shown: str, code: str) -> None:
    """Refuse lines that are only a part of a statement which starts behind another."""
    try:
        ast.parse(code)
    except SyntaxError as error:
        raise Refusal(
            "shared-line",
            "a statement that the class needs shares a line with one that goes on below it",
            place=Place(shown),
            hint="give each statement lines of its own",
        ) from error


def _left_out(lines: Sequence[str], units: Sequence[_Unit], chosen: set[_Unit]) -> list[str]:
    """Note the statements with an effect on import; unused definitions are dropped silently."""
    notes = []
    for unit in units:
        if unit not in chosen and _acts(unit.node):
            what = lines[unit.node.lineno - 1].strip()[:60]
            notes.append(f"line {unit.node.lineno}, `{what}`, runs on import and is not copied")
    return notes


def _acts(node: ast.stmt) -> bool:
    """Check whether a statement does something on import beyond giving things their names."""
    if isinstance(node, (*_DEFINITIONS, *_IMPORTS, ast.Pass)) or _is_main(node):
        return False
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return False
    return not isinstance(node, (ast.If, ast.Try, *_ASSIGNMENTS)) or any(
        isinstance(part, ast.Call)
        or (isinstance(part, (ast.Attribute, ast.Subscript)) and isinstance(part.ctx, ast.Store))
        for part in ast.walk(node)
    )


def _with_quoted_annotations(text: str, tree: ast.Module) -> tuple[str, ast.Module]:
    """Quote annotations where the file puts off their evaluation, which the fork's may not."""
    future = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(one.name == "annotations" for one in node.names)
        for node in tree.body
    )
    if not future:
        return text, tree
    offsets = SyntaxOffsets(text)
    edits = []
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            one = getattr(node, name, None)
            if isinstance(one, ast.expr) and not isinstance(one, ast.Constant):
                edits.append(Edit(offsets.start(one), offsets.end(one), repr(ast.unparse(one))))
    text = apply_edits(text, edits)
    return text, ast.parse(text)
