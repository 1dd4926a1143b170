"""A Python file of the target as text, syntax tree and offsets."""

from __future__ import annotations

import ast
import re
import warnings
from collections import OrderedDict
from dataclasses import dataclass

from yamlmod.edits import newline_of
from yamlmod.errors import Place, Refusal
from yamlmod.fork.files import Files
from yamlmod.fork.parser.coding import refuse_other_coding
from yamlmod.syntax_offsets import Node, SyntaxOffsets

# A syntax tree takes up to 1.8 kB for a word or sign of its text, a thousand times what the text
# takes. The largest file of a fork that was seen has 60,000 words.
MAX_WORDS = 250_000
_MAX_WORDS_KEPT = 800_000
_WORD = re.compile(r"\w+|[^\w\s]")
_LONE_CR = re.compile(r"\r(?!\n)")
_PYTHON_2 = ("Missing parentheses in call to", "multiple exception types must be parenthesized")


@dataclass(frozen=True, eq=False)
class Source:
    """One parsed file; positions of the tree become character offsets of the text."""

    path: str
    shown: str
    text: str
    tree: ast.Module
    offsets: SyntaxOffsets

    @property
    def newline(self) -> str:
        """Return the newline the file uses."""
        return newline_of(self.text)

    def start(self, node: Node) -> int:
        """Return the offset of a node's first character."""
        return self.offsets.start(node)

    def end(self, node: Node) -> int:
        """Return the offset behind a node's last character."""
        return self.offsets.end(node)

    def segment(self, node: Node) -> str:
        """Return a node as it is written."""
        return self.text[self.start(node) : self.end(node)]

    def line_start(self, offset: int) -> int:
        """Return where the line of ``offset`` begins."""
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Return the offset behind the line of ``offset``, its newline included."""
        stop = self.text.find("\n", offset)
        return len(self.text) if stop < 0 else stop + 1

    def line_of(self, offset: int) -> int:
        """Return the 1-based line number of an offset."""
        return self.text.count("\n", 0, offset) + 1

    def tail(self, offset: int) -> str:
        """Return what follows ``offset`` on its line, without the newline."""
        return self.text[offset : self.line_end(offset)].rstrip("\r\n")

    def indent_of(self, offset: int) -> str:
        """Return the white space that the line of ``offset`` begins with."""
        line = self.text[self.line_start(offset) : self.line_end(offset)]
        return line[: len(line) - len(line.lstrip(" \t\f"))]

    def place(self, node: Node) -> Place:
        return Place.at(self.shown, self.text, self.start(node), self.end(node))


def read_source(files: Files, path: str) -> Source | None:
    """Return the parsed file, None where there is none; a Refusal says why it cannot be read."""
    text = files.read(path)
    return None if text is None else parse(path, files.shown(path), text)


def parse(path: str, shown: str, text: str) -> Source:
    """Parse a file's text; a Refusal names the line that is not Python 3."""
    return _KEPT.get(path, shown, text)


class _Kept:
    """The files parsed last, up to a number of words of them together."""

    def __init__(self) -> None:
        self._sources: OrderedDict[tuple[str, str, str], tuple[Source, int]] = OrderedDict()
        self._words = 0

    def get(self, path: str, shown: str, text: str) -> Source:
        key = (path, shown, text)
        if key in self._sources:
            self._sources.move_to_end(key)
            return self._sources[key][0]
        words = _words(shown, text)
        source = _parsed(path, shown, text)
        self._sources[key] = source, words
        self._words += words
        while self._words > _MAX_WORDS_KEPT:
            _, (_, gone) = self._sources.popitem(last=False)
            self._words -= gone
        return source


_KEPT = _Kept()


def _parsed(path: str, shown: str, text: str) -> Source:
    refuse_other_coding(shown, text)
    return Source(path, shown, text, tree_of(shown, text), SyntaxOffsets(text))


def _words(shown: str, text: str) -> int:
    count = len(_WORD.findall(text))
    if count > MAX_WORDS:
        raise Refusal(
            "too-large",
            f"{shown} has {count:,} words and signs of Python; at most {MAX_WORDS:,} are read",
        )
    return count


def tree_of(shown: str, text: str) -> ast.Module:
    """Return a fresh syntax tree, free to be changed."""
    lone = _LONE_CR.search(text)
    if lone:
        raise Refusal(
            "lone-cr",
            "a carriage return without a line feed ends a line here",
            place=Place.at(shown, text, lone.start()),
            hint="convert the file to LF or CRLF newlines first",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise _syntax_refusal(shown, text, error) from error
    except (ValueError, RecursionError) as error:
        raise Refusal("syntax-error", str(error), place=Place(shown)) from error


def _syntax_refusal(shown: str, text: str, error: SyntaxError) -> Refusal:
    lines = text.split("\n")
    line = min(max(error.lineno or 1, 1), len(lines))
    column = min(max((error.offset or 1) - 1, 0), len(lines[line - 1].rstrip("\r")))
    place = Place.at(shown, text, SyntaxOffsets(text).starts[line - 1] + column)
    if any(error.msg.startswith(start) for start in _PYTHON_2):
        return Refusal(
            "python-2",
            f"this is Python 2: {error.msg}",
            place=place,
            hint="yamlmod edits Python 3 files only",
        )
    return Refusal(
        "syntax-error",
        f"not valid Python: {error.msg}",
        place=place,
        hint="yamlmod cannot edit a file that Python cannot read; fix this first",
    )
