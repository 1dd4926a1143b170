"""Changes of a Python file that leave it valid: layout that means nothing, and other forms."""

from __future__ import annotations

import ast
import io
import random
import re
import tokenize
from collections.abc import Callable, Iterator

Rng = random.Random
Mutation = Callable[[Rng, str], str]


def tokens_of(text: str) -> list[tokenize.TokenInfo]:
    """Return the tokens of a text."""
    return list(tokenize.generate_tokens(io.StringIO(text).readline))


def _code_lines(text: str) -> list[int]:
    """Return the lines (from 0) where a logical line begins."""
    found, fresh = [], True
    skipped = (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)
    for token in tokens_of(text):
        if token.type == tokenize.NEWLINE:
            fresh = True
        elif fresh and token.type not in (*skipped, tokenize.ENDMARKER):
            found.append(token.start[0] - 1)
            fresh = False
    return found


def _edit_line(rng: Rng, text: str, change: Callable[[str], str]) -> str:
    lines = text.split("\n")
    number = rng.choice(_code_lines(text))
    lines[number] = change(lines[number])
    return "\n".join(lines)


def blank_lines(rng: Rng, text: str) -> str:
    """Put lines of white space in front of a statement."""
    blank = rng.choice(("\n", "\n\n\n", "   \n", "\t\n", "\f\n", " \f \n", "\n\f"))
    return _edit_line(rng, text, lambda line: blank + line)


def form_feed(rng: Rng, text: str) -> str:
    """Put a form feed into the white space of a line."""

    def change(line: str) -> str:
        inner = len(line) - len(line.lstrip(" \t"))
        return rng.choice(("\f" + line, line[:inner] + "\f" + line if not inner else "\f" + line))

    return _edit_line(rng, text, change)


def comment(rng: Rng, text: str) -> str:
    """Put a comment in front of a statement, at any indentation."""
    words = rng.choice(
        ("# note", "#", "# yaml", "#!x [a, b]", "# else:", "# \u6ce8 \u2713", "# '''")
    )
    indent = rng.choice(("", "  ", "    ", "        "))
    return _edit_line(rng, text, lambda line: f"{indent}{words}\n{line}")


def comment_behind(rng: Rng, text: str) -> str:
    """Put a comment at the end of a line that ends a statement or lies in brackets."""
    words = rng.choice(("  # x", " # (", "#]", "  # type: ignore", "  # noqa: E501, x"))
    ends = [t.start for t in tokens_of(text) if t.type in (tokenize.NEWLINE, tokenize.NL)]
    lines = text.split("\n")
    row, column = rng.choice(ends)
    line = lines[row - 1]
    if "#" in line or column != len(line):
        return text
    lines[row - 1] = line + words
    return "\n".join(lines)


def trailing_blanks(rng: Rng, text: str) -> str:
    """Put white space behind a statement."""
    blank = rng.choice((" ", "   ", "\t", " \f"))
    ends = [t.start[0] for t in tokens_of(text) if t.type == tokenize.NEWLINE]
    lines = text.split("\n")
    row = rng.choice(ends) - 1
    lines[row] += blank
    return "\n".join(lines)


def end_of_file(rng: Rng, text: str) -> str:
    """Change how the file ends."""
    stripped = text.rstrip("\n")
    ends = (
        "",
        "\n",
        "\n\n\n",
        "\n  ",
        "\n\t",
        "\n# end",
        "\n\f",
        "\n    # end\n  ",
        " ",
        "\n\\\n\n",
    )
    return stripped + rng.choice(ends)


def quotes(rng: Rng, text: str) -> str:
    """Write a string with the other quotes."""
    strings = [
        t
        for t in tokens_of(text)
        if t.type == tokenize.STRING and re.fullmatch(r"'[^'\"\\]*'|\"[^'\"\\]*\"", t.string)
    ]
    if not strings:
        return text
    token = rng.choice(strings)
    other = rng.choice(("'", '"', '"""')) if token.string[1:-1] else '"'
    return _spliced(text, token.start, token.end, other + token.string[1:-1] + other)


def _spliced(text: str, start: tuple[int, int], end: tuple[int, int], new: str) -> str:
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    first, last = starts[start[0] - 1] + start[1], starts[end[0] - 1] + end[1]
    return text[:first] + new + text[last:]


def _displays(text: str) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Yield the spans of bracketed lists of names, with the spans of their elements."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def at(line: int, column: int) -> int:
        row = text[starts[line - 1] :].split("\n", 1)[0]
        return starts[line - 1] + len(row.encode()[:column].decode())

    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.List, ast.Set)) and node.elts:
            spans = [
                (at(e.lineno, e.col_offset), at(e.end_lineno or 0, e.end_col_offset or 0))
                for e in node.elts
            ]
            first = at(node.lineno, node.col_offset)
            yield first, at(node.end_lineno or 0, node.end_col_offset or 0), spans
        elif isinstance(node, ast.ImportFrom) and node.names[0].name != "*" and node.module:
            end = at(node.end_lineno or 0, node.end_col_offset or 0)
            spans = [
                (at(a.lineno, a.col_offset), at(a.end_lineno or 0, a.end_col_offset or 0))
                for a in node.names
            ]
            before = text[: spans[0][0]].rstrip()
            first = before.rindex("(") if before.endswith("(") else spans[0][0]
            yield first, end, spans


def relist(rng: Rng, text: str) -> str:
    """Write a list of names in another layout."""
    first, last, spans = rng.choice(list(_displays(text)))
    parts = [text[a:b] for a, b in spans]
    if any("#" in text[a:b] for a, b in [(first, last)]) or any("\n" in part for part in parts):
        return text
    left, right = text[first], text[last - 1]
    if left not in "[{(":
        left, right = "(", ")"
        if text[:first].endswith("\\\n    "):
            return text
    line = text[text.rfind("\n", 0, first) + 1 : first]
    indent = re.match(r"[ \t\f]*", line)[0]  # type: ignore[index]
    inner, style = f"\n{indent}    ", rng.randrange(8)
    is_import = left == "("
    if not is_import and rng.random() < 0.3:
        parts = [rng.choice((f"({part})", f"(( {part} ))", part)) for part in parts]
    bodies = (
        ", ".join(parts),
        ",".join(parts),
        " , ".join(parts) + " ,",
        inner + f",{inner}".join(parts) + f",\n{indent}",
        inner + f",{inner}".join(parts) + f"\n{indent}",
        inner + f"{inner}, ".join(parts) + f"\n{indent}",
        inner + f",  # x, y]{inner}".join(parts) + f"  # z\n{indent}",
        f",{inner}".join(parts) + inner,
    )
    return text[:first] + left + bodies[style] + right + text[last:]


def continuation(rng: Rng, text: str) -> str:
    """Break a line with a backslash between two tokens."""
    rows = [
        t for t in tokens_of(text) if t.type == tokenize.OP and t.string in ("=", ".", "+", "in")
    ]
    if not rows:
        return text
    token = rng.choice(rows)
    tail = rng.choice(("\\\n", " \\\n\t", "\\\n            "))
    return _spliced(text, token.start, token.end, token.string + tail)


def semicolon(rng: Rng, text: str) -> str:
    """Put a second statement on a simple statement's line."""
    simple = (ast.Assign, ast.Import, ast.ImportFrom, ast.Pass, ast.Expr)
    nodes = [n for n in ast.walk(ast.parse(text)) if isinstance(n, simple)]
    node = rng.choice(nodes)
    lines = text.split("\n")
    row = (node.end_lineno or 1) - 1
    if len(lines[row].encode()) != node.end_col_offset or "\\" in lines[row][-2:]:
        return text
    lines[row] += rng.choice((";", " ; ", "; pass", ";pass;"))
    return "\n".join(lines)


def crlf(rng: Rng, text: str) -> str:
    """Write the file, or some of its lines, with CRLF."""
    if rng.random() < 0.6:
        return text.replace("\n", "\r\n")
    lines = text.split("\n")
    return "".join(line + rng.choice(("\n", "\r\n")) for line in lines[:-1]) + lines[-1]


def tabs(_: Rng, text: str) -> str:
    """Indent by tabs."""
    lines = text.split("\n")
    return "\n".join(
        "\t" * ((len(line) - len(line.lstrip(" "))) // 4) + line.lstrip(" ") for line in lines
    )


def narrow(_: Rng, text: str) -> str:
    """Indent by two spaces."""
    lines = text.split("\n")
    return "\n".join(" " * ((len(x) - len(x.lstrip(" "))) // 2) + x.lstrip(" ") for x in lines)


def cookie(rng: Rng, text: str) -> str:
    """Put a coding comment, or a docstring, on top."""
    head = rng.choice(
        ("# -*- coding: utf-8 -*-\n", "#!/usr/bin/env python\n# coding=latin-1\n", "'''Doc.'''\n")
    )
    return head + text


LAYOUT: tuple[Mutation, ...] = (
    blank_lines,
    form_feed,
    comment,
    comment_behind,
    trailing_blanks,
    end_of_file,
    quotes,
    relist,
    relist,
    relist,
    continuation,
    semicolon,
    narrow,
    tabs,
    crlf,
    cookie,
)
"""These leave the syntax tree as it is, but for `pass` and a docstring."""


def _insert_top(rng: Rng, text: str, code: str) -> str:
    """Put code between two top-level statements, behind the imports."""
    body = ast.parse(text).body
    last = max(
        (i for i, n in enumerate(body) if isinstance(n, (ast.Import, ast.ImportFrom))), default=0
    )
    node = rng.choice(body[last + 1 :] or body)
    if node.col_offset or isinstance(node, ast.Expr):
        return text
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    lines = text.split("\n")
    lines[first - 1 : first - 1] = code.split("\n")
    return "\n".join(lines)


_TOPS = (
    "x1 = [1, 2]  # type: list",
    "def helper(a, /, *, b=1): return a",
    "@staticmethod\ndef deco(): pass",
    "if True:\n    y1 = 1\nelse:\n    y1 = 2",
    "try:\n    import thop\nexcept ImportError:\n    thop = None",
    "class Odd: pass",
    "class Odd(object): x = 1; y = 2",
    "async def later():\n  await x",
    "z1 = (lambda: 0)()",
    "with open(__file__) as f1: f1.close()",
    "for q1 in (1, 2): pass",
    "w1: 'int' = 3",
    "if (n1 := 3): pass",
    "assert True, 'x'",
    "del_1 = 1; del del_1",
    "s1 = f'{1!r:>{5}}' 'x' \"y\"",
    "r1 = rb'\\x00' b''",
    "global g1",
    "u1 = '''\nclass Fake:\n'''",
    "match 3:\n    case [1, *_]: pass\n    case _: pass",
    "class Conv2d_: \n\n\tpass",
)


def top_statement(rng: Rng, text: str) -> str:
    """Put a statement of some kind between two others."""
    return _insert_top(rng, text, rng.choice(_TOPS))


def twice(rng: Rng, text: str) -> str:
    """Write a class a second time."""
    classes = [n for n in ast.parse(text).body if isinstance(n, ast.ClassDef)]
    node = rng.choice(classes)
    lines = text.split("\n")
    if node.col_offset or not classes:
        return text
    code = lines[node.lineno - 1 : node.end_lineno]
    return "\n".join([*lines[: node.end_lineno], "", *code, *lines[node.end_lineno or 0 :]])


def decorate(rng: Rng, text: str) -> str:
    """Put a decorator on a class or function."""
    kinds = (ast.ClassDef, ast.FunctionDef)
    node = rng.choice([n for n in ast.parse(text).body if isinstance(n, kinds)])
    lines = text.split("\n")
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    if node.col_offset:
        return text
    lines.insert(
        first - 1,
        rng.choice(("@(lambda x: x)", "@(  # why\n    lambda x: x)", "@list and (lambda x: x)")),
    )
    return "\n".join(lines)


_ALLS = (
    '["Conv", *["C3"]]',
    '("Conv", "C3")',
    '"Conv", "C3"',
    '["Co" "nv", "C3",]',
    "[(\"Conv\"), 'C3']",
    '[\n    "Conv",\n    "C3",  # x\n]',
    '["Conv"] + ["C3"]',
    '[n for n in ("Conv", "C3")]',
    '("Conv",)',
    '["Conv"] if True else ["C3"]',
    'list({"Conv": 1})',
    '["Conv", f"C{3}"]',
    '[*("Conv", "C3"),]',
    "[]",
    '["""Conv""",\n           "C3"]',
    '"Conv C3".split()',
    '[  # "all"\n    "Conv"\n    , "C3"]',
)
_MORE = (
    "",
    "",
    '\n__all__ += ["SPPF"]',
    '\n__all__.append("SPPF")',
    '\n__all__.extend(["SPPF"])',
    '\n__all__ = [*__all__, "SPPF"]',
    "\n__all__: list",
    "\nimport sys as __all__2",
)


def exports(rng: Rng, text: str) -> str:
    """Give the file an ``__all__`` of some form."""
    if "__all__" in text:
        return text
    value, more = rng.choice(_ALLS), rng.choice(_MORE)
    left = rng.choice(
        ("__all__ = ", "__all__ = ", "__all__ = names1 = ", "(__all__) = ", "__all__: list = ")
    )
    if left.startswith("__all__:") and value.startswith('"Conv", '):
        left = "__all__ = "
    if "append" in more or "extend" in more or "+=" in more:
        value = value if value[0] == "[" and value[-1] == "]" else '["Conv", "C3"]'
    code = f"{left}{value}{more}"
    if rng.random() < 0.2:
        code = "if True:\n    " + code.replace("\n", "\n    ")
    return (
        _insert_top(rng, text, code)
        if rng.random() < 0.7
        else text.rstrip("\n") + "\n" + code + "\n"
    )


def reorder(rng: Rng, text: str) -> str:
    """Swap two neighbouring `elif` branches."""
    lines = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        chain = []
        while isinstance(node, ast.If):
            chain.append(node)
            node = node.orelse[0] if len(node.orelse) == 1 else ast.Pass()
        if len(chain) < 4:
            continue
        number = rng.randrange(1, len(chain) - 1)
        one, other = chain[number], chain[number + 1]
        ends = one.body[-1].end_lineno or 0, other.body[-1].end_lineno or 0
        heads = lines[one.lineno - 1].lstrip(), lines[other.lineno - 1].lstrip()
        if one.lineno <= ends[0] < other.lineno <= ends[1] and all(
            h.startswith("elif") for h in heads
        ):
            first, between = lines[one.lineno - 1 : ends[0]], lines[ends[0] : other.lineno - 1]
            second = lines[other.lineno - 1 : ends[1]]
            return "\n".join(
                [*lines[: one.lineno - 1], *second, *between, *first, *lines[ends[1] :]]
            )
    return text


def starred(rng: Rng, text: str) -> str:
    """Import the classes in another way."""
    match = re.search(
        r"^from models\.common import \([^)]*\)|^from models\.common import .*$", text, re.M
    )
    if match is None:
        return text
    new = rng.choice(
        (
            "from models.common import *",
            "from models.common import Conv, C3, SPPF, Bottleneck, Concat",
            "from models.common import C3, \\\n    SPPF, Bottleneck, Concat, Conv",
            "from models . common import *",
            "from models.common import Conv as Conv, C3, SPPF, Bottleneck, Concat",
            "try:\n    from models.common import *\nexcept ImportError:\n    raise",
            "from models.common import (C3, SPPF, Bottleneck, Concat, Conv,)",
            "import math; from models.common import *",
            "from models.common import *; import math",
            "from models.common import Conv, C3\nfrom models.common import SPPF, Bottleneck,Concat",
        )
    )
    return text[: match.start()] + new + text[match.end() :]


FORMS: tuple[Mutation, ...] = (
    top_statement,
    top_statement,
    twice,
    decorate,
    exports,
    exports,
    exports,
    reorder,
    starred,
    starred,
)
"""These change what the file says, and leave it a fork."""
