"""Proves that a change of a Python file is exactly the planned one, by a route of its own.

The edits are text. Here both syntax trees lose every trace of the modules concerned: what is left
must be equal, and the difference of what was lost must be what the plan said, piece by piece.
"""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Place, ProofFailedError, Refusal, YamlmodError
from yamlmod.fork.patch.plan import PatchChange
from yamlmod.fork.python.source import Source, tree_of


def statement_keys(code: str) -> tuple[str, ...]:
    """Return the proof's keys for the top-level statements of a piece of code."""
    return tuple(f"statement {ast.dump(node)}" for node in ast.parse(code).body)


def imported(module: str, name: str) -> str:
    return f"imported {module} {name}"


def member(name: str) -> str:
    """Return the proof's key for a name in a literal collection."""
    return f"member {name}"


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
    statements = {key for key in (*change.adds, *change.drops) if key.startswith("statement ")}
    names = frozenset(names)
    # Erasing changes a tree, and that of the source is shared.
    is_named = any(name in source.text for name in names)
    old = tree_of(source.shown, source.text) if is_named else source.tree
    old_parts, new_parts = _parts(old, source.text), _parts(new, new_text)
    counts = [Counter(key for _, key in parts) for parts in (old_parts, new_parts)]
    same = {key for key, count in counts[0].items() if counts[1][key] == count}
    old_rest, old_lost = _without(old_parts, same, statements, names)
    new_rest, new_lost = _without(new_parts, same, statements, names)
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
        kept = not _near_comments(source.text, change.edits) or (
            _comments(source.text, _old_spans(change.edits))
            == _comments(new_text, _new_spans(change.edits))
        )
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
    names: frozenset[str],
) -> tuple[list[str], Counter[str]]:
    """Return the statements without any trace of the names, and what was lost.

    Those whose lines are in ``same``, the old and the new text, stand for their equal trees.
    """
    eraser = _Eraser(names)
    rest, lost = [], Counter[str]()
    for statement, key in parts:
        if key in same and not any(name in key for name in names):
            rest.append(key)
            continue
        dump = ast.dump(statement)
        if f"statement {dump}" in statements:
            lost[f"statement {dump}"] += 1
        elif any(f"'{name}'" in dump for name in eraser.names):
            rest += [ast.dump(node) for node in eraser.erased(statement)]
        else:
            rest.append(dump)
    return rest, lost + Counter(eraser.lost)


class _Eraser(ast.NodeTransformer):
    """Takes every trace of some modules out of a tree and lists what it took."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
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


@dataclass(frozen=True)
class _Span:
    start: int
    end: int


def _old_spans(edits: Iterable[Edit]) -> list[_Span]:
    return [_Span(edit.start, edit.end) for edit in sorted(edits)]


def _new_spans(edits: Iterable[Edit]) -> list[_Span]:
    spans, shift = [], 0
    for edit in sorted(edits):
        start = edit.start + shift
        spans.append(_Span(start, start + len(edit.text)))
        shift += len(edit.text) - (edit.end - edit.start)
    return spans


def _near_comments(text: str, edits: Iterable[Edit]) -> bool:
    """Check whether a line that an edit touches holds a `#`: only there can a comment change.

    Elsewhere an edit could swallow one into a string at most, which the trees would show.
    """
    for edit in edits:
        start = text.rfind("\n", 0, edit.start) + 1
        stop = text.find("\n", edit.end)
        if "#" in text[start : len(text) if stop < 0 else stop]:
            return True
    return False


def _comments(text: str, spans: Sequence[_Span]) -> list[str]:
    """Return the comments that do not stand inside one of the spans."""
    starts = [0]
    lines = io.StringIO(text, newline="").readlines()
    for line in lines:
        starts.append(starts[-1] + len(line))
    kept = []
    for token in tokenize.generate_tokens(iter([*lines, ""]).__next__):
        if token.type == tokenize.COMMENT:
            start = starts[token.start[0] - 1] + token.start[1]
            stop = start + len(token.string)
            if not any(span.start <= start and stop <= span.end for span in spans):
                kept.append(token.string.rstrip("\r"))
    return kept
