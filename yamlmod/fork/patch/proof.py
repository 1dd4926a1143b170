"""Proves that a change of a Python file is exactly the planned one, by a route of its own.

The edits are text. Here both syntax trees lose every trace of the modules concerned: what is left
must be equal, and the difference of what was lost must be what the plan said, piece by piece.
"""

from __future__ import annotations

import ast
import tokenize
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from yamlmod.edits import apply_edits
from yamlmod.errors import Place, ProofFailedError, Refusal, YamlmodError
from yamlmod.fork.patch.kept_comments import keeps_comments
from yamlmod.fork.patch.plan import PatchChange
from yamlmod.fork.python.comma_list import class_name
from yamlmod.fork.python.source import Source, tree_of


def statement_keys(code: str) -> tuple[str, ...]:
    """Return the proof's keys for the top-level statements of a piece of code."""
    return tuple(f"statement {ast.dump(node)}" for node in ast.parse(code).body)


def imported(module: str, name: str) -> str:
    return f"imported {module} {name}"


def member(name: str) -> str:
    """Return the proof's key for a name in a literal collection."""
    return f"member {name}"


def widened(block: str) -> str:
    """Return the proof's key for a test of one class that became a test of several."""
    return f"widened {block}"


def exported(name: str) -> str:
    """Return the proof's key for a name in ``__all__``."""
    return f"exported {name}"


def branch(body: str) -> str:
    """Return the proof's key for a branch on a set of modules, by its body."""
    return "branch " + " ".join(ast.dump(node) for node in ast.parse(body).body)


def proven(source: Source, change: PatchChange, names: Iterable[str]) -> str:
    """Return the changed text; a ProofFailedError where it is not what was planned.

    ``names`` are the classes concerned: those whose traces both trees lose.
    """
    place = Place(source.shown)
    try:
        new_text = apply_edits(source.text, change.edits)
        new = tree_of(source.shown, new_text)
        compiled(source.shown, new)
    except YamlmodError as error:
        _refuse_uncompilable(source)
        raise ProofFailedError(
            f"the changed file is not valid Python: {error.message}", place=error.place
        ) from error
    except ValueError as error:
        raise ProofFailedError(f"the edits do not fit together: {error}", place=place) from error
    keys = (*change.adds, *change.drops)
    statements = {key for key in keys if key.startswith("statement ")}
    blocks = frozenset(key.split()[1] for key in keys if key.startswith("widened "))
    names = frozenset(names)
    # Erasing changes a tree, and that of the source is shared.
    is_named = any(name in source.text for name in names)
    old = tree_of(source.shown, source.text) if is_named else source.tree
    old_parts, new_parts = _parts(old, source.text), _parts(new, new_text)
    counts = [Counter(key for _, key in parts) for parts in (old_parts, new_parts)]
    same = {key for key, count in counts[0].items() if counts[1][key] == count}
    old_rest, old_lost = _without(old_parts, same, statements, _Eraser(names, blocks))
    new_rest, new_lost = _without(new_parts, same, statements, _Eraser(names, blocks))
    if old_rest != new_rest:
        raise ProofFailedError("the changed file differs outside the planned places", place=place)
    difference = _difference(new_lost, old_lost)
    planned = _difference(Counter(change.adds), Counter(change.drops))
    if difference != planned:
        wrong = sorted(set(difference.items()) ^ set(planned.items()))
        raise ProofFailedError(
            f"the changed file differs from the plan in {wrong[0][0][:120]}", place=place
        )
    try:
        kept = keeps_comments(source.text, new_text, change.edits)
    except (SyntaxError, tokenize.TokenError) as error:
        raise ProofFailedError(f"the comments cannot be compared: {error}", place=place) from error
    if not kept:
        raise ProofFailedError("a comment outside the planned places would change", place=place)
    return new_text


def compiled(shown: str, tree: ast.Module) -> None:
    """Compile a tree, which finds what a parse alone lets through; nothing is run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(tree, shown, "exec", dont_inherit=True)
    except SyntaxError as error:
        place = Place(shown, error.lineno, error.offset)
        raise ProofFailedError(
            f"the new file does not compile: {error.msg}", place=place
        ) from error


def _refuse_uncompilable(source: Source) -> None:
    """Refuse a file that Python parses but does not compile, such as a `return` at its top."""
    try:
        compiled(source.shown, tree_of(source.shown, source.text))
    except ProofFailedError as error:
        place = error.place
        if (
            place is not None
            and place.line is not None
            and place.line <= len(source.offsets.starts)
        ):
            start = source.offsets.starts[place.line - 1]
            place = Place.at(source.shown, source.text, start)
        raise Refusal(
            "syntax-error",
            error.message.replace("the new file", "the file", 1),
            place=place,
            hint="yamlmod cannot edit a file that Python cannot compile; fix this first",
        ) from error


def proven_file(shown: str, text: str, code: str) -> str:
    """Return the text of a new file; a ProofFailedError where its tree is not that of ``code``."""
    tree = ast.parse(text)
    compiled(shown, tree)
    if ast.dump(tree) != ast.dump(ast.parse(code)):
        raise ProofFailedError("the new file is not the module's code", place=Place(shown))
    return text


def _difference(one: Counter[str], other: Counter[str]) -> dict[str, int]:
    counts = {key: one[key] - other[key] for key in {*one, *other}}
    return {key: count for key, count in counts.items() if count}


def _parts(tree: ast.Module, text: str) -> list[tuple[ast.stmt, str]]:
    """Return the top-level statements, each with its lines and where it is in them."""
    lines = text.split("\n")
    return [
        (
            statement,
            f"{statement.col_offset} {statement.end_col_offset} "
            + "\n".join(lines[statement.lineno - 1 : statement.end_lineno]),
        )
        for statement in tree.body
    ]


def _without(
    parts: Iterable[tuple[ast.stmt, str]],
    same: set[str],
    statements: set[str],
    eraser: _Eraser,
) -> tuple[list[str], Counter[str]]:
    """Return the statements without any trace of the names, and what was lost.

    Those whose lines are in ``same``, the old and the new text, stand for their equal trees.
    """
    names = eraser.names
    rest, lost = [], Counter[str]()
    for statement, key in parts:
        if key in same and not any(name in key for name in names):
            rest.append(key)
            continue
        dump = ast.dump(statement)
        if f"statement {dump}" in statements:
            lost[f"statement {dump}"] += 1
        elif any(f"'{name}'" in dump for name in names):
            rest += [ast.dump(node) for node in eraser.erased(statement)]
        else:
            rest.append(dump)
    return rest, lost + Counter(eraser.lost)


class _Eraser(ast.NodeTransformer):
    """Takes every trace of some modules out of a tree and lists what it took.

    ``blocks`` are those whose tests were widened: they are told by the first place in a collection.
    """

    def __init__(self, names: frozenset[str], blocks: frozenset[str]) -> None:
        self.names, self.blocks = names, blocks
        self.lost: list[str] = []

    def erased(self, statement: ast.stmt) -> list[ast.stmt]:
        """Return what is left of a top-level statement."""
        left = self.visit(statement)
        return left if isinstance(left, list) else [] if left is None else [left]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        """Take names out of imports; an import left empty goes."""
        module = "." * node.level + (node.module or "")
        node.names = [
            one
            for one in node.names
            if not self._lose(
                one.name if one.asname is None else "", lambda name: imported(module, name)
            )
        ]
        return node if node.names else None

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """Take names out of ``__all__``."""
        exports = any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        )
        if exports and isinstance(node.value, (ast.List, ast.Tuple)):
            node.value.elts = [
                elt
                for elt in node.value.elts
                if not self._lose(str(elt.value) if isinstance(elt, ast.Constant) else "", exported)
            ]
        return self.generic_visit(node)

    def visit_Set(self, node: ast.Set) -> ast.AST:
        """Take names out of a set."""
        return self._members(node)

    def visit_List(self, node: ast.List) -> ast.AST:
        """Take names out of a list."""
        return self._members(node)

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        """Take names out of a tuple."""
        return self._members(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Put a test of a block instead of one of it and others, where nothing else is left."""
        against = node.comparators[0]
        elts = list(against.elts) if isinstance(against, (ast.Set, ast.Tuple)) else []
        self.generic_visit(node)
        single = _SINGLE.get((type(node.ops[0]), type(against)))
        block = class_name(elts[0]) if elts else ""
        if (
            isinstance(against, (ast.Set, ast.Tuple))
            and (single and len(elts) > 1 and against.elts == elts[:1])
            and (block in self.blocks and len(node.ops) == 1)
        ):
            node.ops, node.comparators = [single()], against.elts
            self.lost.append(widened(block))
        return node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        """Put what follows instead of a branch on a set that is left empty."""
        self.generic_visit(node)
        test = node.test
        if (
            isinstance(test, ast.Compare)
            and isinstance(test.comparators[0], ast.Set)
            and not test.comparators[0].elts
        ):
            self.lost.append("branch " + " ".join(ast.dump(one) for one in node.body))
            return node.orelse
        return node

    def _members(self, node: ast.Set | ast.List | ast.Tuple) -> ast.AST:
        node.elts = [
            elt
            for elt in node.elts
            if not self._lose(elt.id if isinstance(elt, ast.Name) else "", member)
        ]
        return self.generic_visit(node)

    def _lose(self, name: str, key: Callable[[str], str]) -> bool:
        if name not in self.names:
            return False
        self.lost.append(key(name))
        return True


_SINGLE: Mapping[tuple[type[ast.cmpop], type[ast.expr]], type[ast.cmpop]] = {
    (ast.In, ast.Set): ast.Is,
    (ast.NotIn, ast.Set): ast.IsNot,
    (ast.In, ast.Tuple): ast.Eq,
    (ast.NotIn, ast.Tuple): ast.NotEq,
}
