"""Add and remove names in a comma-separated list, in its own layout."""

from __future__ import annotations

import ast
import bisect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from yamlmod.edits import Edit, apply_edits
from yamlmod.fork.python.source import Source

_AFTER = re.compile(r"[ \t]*(,?)[ \t]*(?:#.*)?$")
_GAP = re.compile(r"(?:[\s\\]|#[^\n]*)*")
_CLOSED = re.compile(r"(?:[\s\\)]|#[^\n]*)*")


@dataclass(frozen=True)
class Element:
    """One element: its name as the caller compares it, and its span."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Listing:
    """A list of names in a source; ``bracketed`` lists may break lines freely."""

    source: Source
    elements: tuple[Element, ...]
    bracketed: bool
    is_tuple: bool = False

    def names(self) -> tuple[str, ...]:
        return tuple(element.name for element in self.elements)

    def line(self) -> int:
        """Return the line of the list's first element."""
        return self.source.line_of(self.elements[0].start)

    def insert(
        self, texts: Sequence[tuple[str, str]], keep_sorted: bool = False, front: bool = False
    ) -> list[Edit]:
        """Return the edits that add ``(name, text)`` pairs, at the end or where sorting says.

        With ``front`` they go to the front.
        """
        if front:
            return self._insert_at(0, texts)
        # An element without a name (`*more`) has no place in any order.
        key = _sorting(self.names()) if keep_sorted and all(self.names()) else None
        where: dict[int, list[tuple[str, str]]] = {}
        for name, text in sorted(texts, key=lambda pair: key(pair[0])) if key else texts:
            keys = [key(known) for known in self.names()] if key else []
            at = bisect.bisect(keys, key(name)) if key else len(self.elements)
            where.setdefault(at, []).append((name, text))
        return [edit for at, new in where.items() for edit in self._insert_at(at, new)]

    def remove(self, names: Iterable[str]) -> list[Edit]:
        """Return the edits that take ``names`` out; the caller sees to a list that would be empty.

        Exactly undoes ``insert``: an element goes with the separator before it, or with its line.
        """
        unwanted = set(names)
        gone = [element.name in unwanted for element in self.elements]
        edits: list[Edit] = []
        forward = True  # nothing kept stands on this line yet: the separator behind goes, too
        for index, element in enumerate(self.elements):
            if not gone[index]:
                forward = False
            elif self._own_line(index):
                begin = self.source.line_start(element.start)
                edits.append(Edit(begin, self.source.line_end(element.end), ""))
                forward = True
            elif forward:
                edits.append(Edit(element.start, self._up_to_next(index), ""))
            else:
                edits.append(Edit(self.elements[index - 1].end, element.end, ""))
        return self._with_end_mended(edits, gone)

    def _up_to_next(self, index: int) -> int:
        if index + 1 == len(self.elements):
            end = self.elements[index].end
            match = (
                None
                if self._closes(end) or not self.bracketed
                else _GAP.match(self.source.text, end)
            )
            return match.end() + 1 if match else end  # with the comma that ends the list
        following = self.elements[index + 1].start
        return self.source.line_start(following) if self._own_line(index + 1) else following

    def _insert_at(self, at: int, new: Sequence[tuple[str, str]]) -> list[Edit]:
        neighbour = self.elements[max(at - 1, 0)]
        texts = [text for _, text in new]
        if not self._own_line(max(at - 1, 0)):
            if at == 0:
                return [Edit(neighbour.start, neighbour.start, "".join(f"{t}, " for t in texts))]
            return [Edit(neighbour.end, neighbour.end, "".join(f", {t}" for t in texts))]
        newline, indent = self.source.newline, self.source.indent_of(neighbour.start)
        if at == 0:
            begin = self.source.line_start(neighbour.start)
            return [Edit(begin, begin, "".join(f"{indent}{t},{newline}" for t in texts))]
        lines = [f"{indent}{text},{newline}" for text in texts]
        stop = self.source.line_end(neighbour.end)
        if self._comma(max(at - 1, 0)) is not None:
            return [Edit(stop, stop, "".join(lines))]
        lines[-1] = f"{indent}{texts[-1]}{newline}"
        return [Edit(neighbour.end, neighbour.end, ","), Edit(stop, stop, "".join(lines))]

    def _with_end_mended(self, edits: list[Edit], gone: Sequence[bool]) -> list[Edit]:
        last = len(gone) - 1
        if not self._closes(self.elements[last].end):
            return edits  # the list ends in a comma, and goes on doing so
        if self.is_tuple and gone.count(False) == 1:
            return self._tuple_of_one(edits, self.elements[gone.index(False)].end)
        # The last element stood alone on its line without a comma; so shall the one before it.
        if not gone[last] or not self._own_line(last):
            return edits
        kept = max((i for i, out in enumerate(gone) if not out), default=-1)
        comma = self._comma(kept) if kept >= 0 else None
        if comma is None or any(edit.start <= comma < edit.end for edit in edits):
            return edits
        return [*edits, Edit(comma, comma + 1, "")]

    def _tuple_of_one(self, edits: list[Edit], end: int) -> list[Edit]:
        """Keep or add the comma without which one name in parentheses is not a tuple."""
        behind = [edit for edit in edits if edit.start >= end]
        stop = max((edit.end for edit in behind), default=end)
        stop = max(stop, self.elements[-1].end)
        left = apply_edits(
            self.source.text[end:stop],
            [Edit(edit.start - end, edit.end - end, "") for edit in behind],
        )
        if "," in re.sub(r"#.*", "", left):
            return edits
        mended = [Edit(edit.start, edit.end, ",") if edit.start == end else edit for edit in edits]
        return mended if mended != edits else [*edits, Edit(end, end, ",")]

    def _own_line(self, index: int) -> bool:
        element = self.elements[index]
        source = self.source
        before = source.text[source.line_start(element.start) : element.start]
        alone = not before.strip() and _AFTER.match(source.tail(element.end)) is not None
        if (
            not self.bracketed
            or not alone
            or not source.text.endswith("\n", 0, source.line_end(element.end))
        ):
            return False
        # A comma at the head of a later line belongs to no line of its own.
        return self._comma(index) is not None or self._closes(element.end)

    def _closes(self, offset: int) -> bool:
        """Check whether only white space and comments stand before the closing bracket."""
        match = _GAP.match(self.source.text, offset)
        return match is not None and self.source.text[match.end() : match.end() + 1] in "])}"

    def _comma(self, index: int) -> int | None:
        element = self.elements[index]
        match = _AFTER.match(self.source.tail(element.end))
        return element.end + match.start(1) if match and match.group(1) else None


def import_listing(source: Source, node: ast.ImportFrom) -> Listing:
    """Return the names of ``from x import (A, B as C)``; an alias is named by what it imports."""
    head = source.text[source.start(node) : source.start(node.names[0])]
    elements = tuple(
        Element(alias.name, source.start(alias), source.end(alias)) for alias in node.names
    )
    return Listing(source, elements, "(" in re.sub(r"#.*", "", head))


def literal_listing(source: Source, node: ast.List | ast.Set | ast.Tuple) -> Listing:
    """Return the elements of a literal by their source text, strings by their value.

    Parentheses around an element are part of it.
    """
    elements: list[Element] = []
    bracketed = not isinstance(node, ast.Tuple)
    begin = source.start(node) + bracketed
    for elt in node.elts:
        start, end = source.start(elt), source.end(elt)
        before = _parentheses(source.text, begin, start, "(")
        closed = _CLOSED.match(source.text, end)
        after = _parentheses(source.text, end, closed.end() if closed else end, ")")
        if isinstance(node, ast.Tuple) and not elements:  # its own parenthesis, where it has one
            bracketed = len(before) > len(after)
            before = before[1:] if bracketed else before
        count = min(len(before), len(after))
        first = before[-count] if count else start
        last = after[count - 1] + 1 if count else end
        elements.append(Element(element_name(elt), first, last))
        begin = last
    return Listing(source, tuple(elements), bracketed, isinstance(node, ast.Tuple))


def _parentheses(text: str, begin: int, stop: int, which: str) -> list[int]:
    """Return where a parenthesis stands between two offsets, comments left out."""
    found = re.finditer(r"#[^\n]*|[()]", text[begin:stop])
    return [begin + match.start() for match in found if match[0] == which]


def element_name(node: ast.expr) -> str:
    """Return the name an element of a literal represents, empty for anything but a name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return ast.unparse(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def class_name(node: ast.AST) -> str:
    """Return the last part of a name or a dotted name, empty for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


_Key = Callable[[str], tuple[object, ...]]


def _natural(name: str) -> tuple[object, ...]:
    # Digits compare as numbers, as isort and ruff sort; the flag keeps int and str apart.
    parts = re.split(r"(\d+)", name)
    return tuple((part.isdigit(), int(part) if part.isdigit() else part) for part in parts)


def _kind(name: str) -> int:
    if name.isupper() and len(name) > 1:
        return 0
    return 1 if name[:1].isupper() else 2


_KEYS: tuple[_Key, ...] = (
    lambda name: (_kind(name), *_natural(name.lower())),
    lambda name: (_kind(name), *_natural(name)),
    lambda name: _natural(name.lower()),
    lambda name: _natural(name),
    lambda name: (_kind(name), name.lower()),
    lambda name: (_kind(name), name),
    lambda name: (name.lower(),),
    lambda name: (name,),
)


def _sorting(names: Sequence[str]) -> _Key | None:
    """Return the first usual order that ``names`` are in, None for an unsorted list."""
    for key in _KEYS:
        keys = [key(name) for name in names]
        if all(keys[i] <= keys[i + 1] for i in range(len(keys) - 1)):
            return key
    return None
