"""Rename a template: its class and every helper, token by token."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping

from yamlmod.edits import Edit, apply_edits
from yamlmod.errors import Refusal
from yamlmod.registry.class_names import check_class_name
from yamlmod.registry.code.scopes import global_places, needed_names
from yamlmod.registry.template import Template
from yamlmod.syntax_offsets import SyntaxOffsets

_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def renamed(template: Template, name: str) -> Template:
    """Return the template with its class called ``name`` and its helpers named after it.

    Messages that name the class follow; docstrings, which name the paper's module, stay.
    """
    check_class_name(name, "--as")
    tree = ast.parse(template.source)
    names = _new_names(tree, template.class_name, name)
    _refuse_hidden(template, names, name)
    source = rewritten(template.source, tree, names, template.class_name)
    return template._replace(
        name=name,
        class_name=name,
        aliases=(),
        text=source,
        of="" if name == template.name else template.of or template.name,
    )


def _new_names(tree: ast.Module, old: str, new: str) -> dict[str, str]:
    """Return what each top-level name is called from now on."""
    names: dict[str, str] = {}
    for node in tree.body:
        for name in bound_names(node):
            if name == old:
                names[name] = new
            elif name.startswith(f"_{old}"):
                names[name] = f"_{new}{name.removeprefix(f'_{old}')}"
            elif not name.startswith(f"_{new}_"):
                names[name] = f"_{new}_{name.lstrip('_')}"
    return names


def bound_names(node: ast.stmt) -> list[str]:
    """Return the names that a top-level statement binds."""
    if isinstance(node, _DEFINITIONS):
        return [node.name]
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [
            part.id
            for target in targets
            for part in ast.walk(target)
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        ]
    return []


def _refuse_hidden(template: Template, names: Mapping[str, str], name: str) -> None:
    """Refuse a name that the code uses for something else: `nn`, `torch`, a function's local."""
    used = needed_names(template.code) - names.keys()
    used |= {one.arg for one in ast.walk(ast.parse(template.code)) if isinstance(one, ast.arg)}
    if name in used:
        raise Refusal(
            "bad-name",
            f"--as {name}: the code of {template.name} uses {name} for something else",
            hint="choose another name",
        )


def rewritten(source: str, tree: ast.Module, names: Mapping[str, str], old: str) -> str:
    """Return the source with top-level ``names`` changed, those after ``old`` in texts too."""
    offsets = SyntaxOffsets(source)
    wanted = {offsets.at(line, column) for line, column, _ in global_places(tree, list(names))}
    heads = {node.lineno for node in tree.body if isinstance(node, _DEFINITIONS)}
    declared = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Global)}
    documented = _docstrings(tree)
    in_text = {one: new for one, new in names.items() if one == old or one.startswith(f"_{old}")}
    edits, before = [], ""
    for kind, text, (row, column), (last_row, last_column) in _tokens(source):
        # Tokens count columns in characters.
        start, end = (offsets.starts[row - 1] + column, offsets.starts[last_row - 1] + last_column)
        new = text
        if kind == tokenize.NAME and text in names:
            headed = (row in heads and before in ("class", "def")) or row in declared
            new = names[text] if headed or start in wanted else text
        elif kind == tokenize.STRING and (row, column) not in documented:
            new = _in_string(source[start:end], names, in_text)
        if new != text:
            edits.append(Edit(start, end, new))
        before = text
    return apply_edits(source, edits)


_Token = tuple[int, str, tuple[int, int], tuple[int, int]]


def _tokens(source: str) -> Iterator[_Token]:
    """Yield the tokens, an f-string as one as before Python 3.12: its text is then empty."""
    depth, opened = 0, (0, 0)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        name = tokenize.tok_name[token.type]
        if name == "FSTRING_START":
            opened = token.start if depth == 0 else opened
            depth += 1
        elif name == "FSTRING_END":
            depth -= 1
            if depth == 0:
                yield tokenize.STRING, "", opened, token.end
        elif depth == 0:
            yield token.type, token.string, token.start, token.end


def _docstrings(tree: ast.Module) -> set[tuple[int, int]]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, *_DEFINITIONS)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add((first.lineno, first.col_offset))
    return found


def _in_string(text: str, names: Mapping[str, str], in_text: Mapping[str, str]) -> str:
    """Rename in a string; before Python 3.12 an f-string is one token with its expressions."""
    text = _words(text, in_text)
    prefix = text[: min(text.find(quote) for quote in "'\"" if quote in text)]
    if "f" not in prefix.lower():
        return text
    return re.sub(r"\{[^{}]*\}", lambda match: _words(match.group(), names), text)


def _words(text: str, names: Mapping[str, str]) -> str:
    if not any(name in text for name in names):
        return text
    pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<![\w.])(?:{pattern})(?!\w)", lambda match: names[match.group()], text)
