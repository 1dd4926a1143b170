"""Find causes that come with whole lines: merge conflicts, pasted files, rows with too much."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from yamlmod.checks.syntax.brackets import Bracket, Line
from yamlmod.checks.syntax.cause import Cause, Look, parses
from yamlmod.edits import Edit, apply_edits

_CONFLICT = re.compile(r"<{7}(?: |$)|>{7}(?: |$)|\|{7}(?: |$)|={7}$")
# `[[-1, 1, Conv, ...`: a row in a bracket of its own, and no list of inputs.
_DOUBLE = re.compile(
    r"[ \t]*(?:-[ \t]+)?(\[)[ \t]*\[[ \t]*-?\d+[ \t]*,[ \t]*\d+[ \t]*,[ \t]*[A-Za-z]"
)
_INNER_KEY = re.compile(r"[ \t]*([A-Za-z_]\w*):[ \t]+\S")
_KEY_NAME = re.compile(r"[\w.-]+")


def _merge_conflict(text: str, lines: list[Line]) -> Iterator[Cause]:
    marked = [line for line in lines if _CONFLICT.match(line.text)]
    if any(line.text.startswith(("<<<<<<<", ">>>>>>>")) for line in marked):
        first = marked[0]
        yield Cause(
            first.start,
            first.start + len(first.text),
            "a merge conflict was left here: the file holds two versions of these lines",
            "keep the lines of one version, and delete the other ones and the marks "
            "(<<<<<<<, =======, >>>>>>>)",
        )


def _pasted_file(text: str, lines: list[Line]) -> Iterator[Cause]:
    """A row that is not closed before the file's first keys come again."""
    seen: set[str] = set()
    last: Line | None = None
    for line in lines:
        if line.is_key:
            name = _KEY_NAME.match(line.text)
            key = name[0] if name else ""
            if key in seen and last is not None and _is_open(last, lines):
                yield Cause(
                    last.start + len(last.text) - len(last.text.lstrip()),
                    last.end,
                    "this row is never closed: a second model begins in it "
                    f"(`{key}:` comes again in the next lines)",
                    "delete the model that was pasted here, and close the row",
                )
                return
            seen.add(key)
        if line.marks:
            last = line


def _is_open(line: Line, lines: list[Line]) -> bool:
    opened = line.text.lstrip().startswith(("[", "- ["))
    return opened and line.after > table_depth(lines)


def _double_bracket(text: str, lines: list[Line]) -> Iterator[Cause]:
    """A bracket too many before a row that is not the first of a flow table."""
    previous: Line | None = None
    for line in lines:
        match = _DOUBLE.match(line.text)
        if match is not None and (line.depth > 0 or line.is_entry) and previous is not None:
            at = line.start + match.start(1)
            edits: tuple[Edit, ...] = (Edit(at, at + 1, ""),)
            after = text[:at] + text[at + 1 :]
            if not parses(after):
                extra = _last_bracket(line)
                more = (Edit(at, at + 1, ""), Edit(extra, extra + 1, ""))
                both = text[:at] + text[at + 1 : extra] + text[extra + 1 :]
                edits = more if parses(both) else edits
            yield Cause(
                at,
                at + 1,
                "a bracket is opened before this row, which has one of its own",
                "remove it",
                edits,
            )
            return
        if line.marks:
            previous = line


def _last_bracket(line: Line) -> int:
    closing = [mark for mark in line.marks if mark.mark == "]"]
    return closing[-1].position if closing else line.start


def _stray_word(text: str, lines: list[Line]) -> Iterator[Cause]:
    """Words after the bracket that closes a row or a table, or after the comma of the row."""
    table = table_depth(lines)
    for line in lines:
        if line.is_key:
            continue
        for index, mark in enumerate(line.marks):
            if mark.mark != "]" or mark.depth > table:
                continue
            behind = line.marks[index + 1 :]
            has_comma = bool(behind) and behind[0].mark == "," and table > 0
            words = behind[1:] if has_comma else behind
            if not words or not _is_word(words[0]):
                continue
            if not all(_is_word(one) or one.mark == "," for one in words):
                continue
            # One comma is the row's: the one before the words, or the one behind them.
            last = words[-1] if has_comma else [one for one in words if _is_word(one)][-1]
            start, end = words[0].position, last.position + len(last.mark)
            yield Cause(
                start,
                end,
                f"{text[start:end][:40]!r} stands after the bracket that closes "
                + ("the row" if line.is_row or line.is_entry else "the table"),
                "delete it, or write it as a comment, with # in front",
                (Edit(start, end, ""),),
            )
            return


def _note_after_entry(text: str, lines: list[Line]) -> Iterator[Cause]:
    """`- [...] [160]`: brackets after the row, without a # in front."""
    for line in lines:
        if not line.is_entry or line.after != 0:
            continue
        for mark, following in pairwise(line.marks):
            if mark.mark == "]" and mark.depth == 0 and following.mark == "[":
                start, end = following.position, line.end
                yield Cause(
                    start,
                    end,
                    f"{text[start:end][:40]!r} stands after the bracket that closes the row",
                    "delete it, or write it as a comment, with # in front",
                    _as_comments(text, lines),
                )
                return


def _as_comments(text: str, lines: list[Line]) -> tuple[Edit, ...]:
    edits = []
    for line in lines:
        for mark, following in pairwise(line.marks):
            closes = line.is_entry and line.after == 0 and (mark.mark, mark.depth) == ("]", 0)
            if closes and following.mark == "[":
                edits.append(Edit(following.position, following.position, "# "))
                break
    return tuple(edits)


def _is_word(mark: Bracket) -> bool:
    return mark.mark not in ("[", "]", ",")


def _comma_after_entry(text: str, lines: list[Line]) -> Iterator[Cause]:
    """`- [...],`: an entry of a block list takes no comma."""
    commas = [
        line.marks[-1].position
        for line in lines
        if line.is_entry and len(line.marks) > 1 and line.marks[-1].mark == "," and line.after == 0
    ]
    if commas:
        rest = f" (and {len(commas) - 1} more)" if len(commas) > 1 else ""
        yield Cause(
            commas[0],
            commas[0] + 1,
            f"a row that begins with `- ` ends with a comma{rest}",
            "remove the comma",
            tuple(Edit(at, at + 1, "") for at in commas),
        )


def _comma_after_value(text: str, lines: list[Line]) -> Iterator[Cause]:
    """`n: [0.33, 0.25, 1024],` in a table: its lines take no comma."""
    for line in lines:
        match = _INNER_KEY.match(line.text)
        if match and line.depth == 0 and line.marks and line.marks[-1].mark == ",":
            at = line.marks[-1].position
            yield Cause(
                at,
                at + 1,
                f"the line of `{match[1]}:` ends with a comma",
                "remove the comma",
                (Edit(at, at + 1, ""),),
            )
            return


def _indented_apart(text: str, lines: list[Line]) -> Iterator[Cause]:
    """An entry of a block list that does not begin where the first one does."""
    first: int | None = None
    found: list[tuple[Line, int, int]] = []
    for line in lines:
        if line.is_key:
            first = None
        elif line.is_entry:
            indent = len(line.text) - len(line.text.lstrip(" "))
            first = indent if first is None else first
            if indent != first:
                found.append((line, indent, first))
    edits = tuple(Edit(line.start, line.start + has, " " * wants) for line, has, wants in found)
    if edits and parses(apply_edits(text, edits)):
        line, has, wants = found[0]
        rest = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        spaces = f"{has} space{'' if has == 1 else 's'}"
        yield Cause(
            line.start,
            line.end,
            f"this row is indented by {spaces}, the rows above it by {wants}{rest}",
            "begin all rows of a table in the same column",
            edits,
        )


def table_depth(lines: list[Line]) -> int:
    """The depth at which most rows begin: 1 in a flow table, 0 in a block list."""
    depths = [line.depth for line in lines if line.is_row]
    return min(1, max(set(depths), key=depths.count)) if depths else 0


FIRST_LOOKS: tuple[Look, ...] = (_merge_conflict, _pasted_file)
ROW_LOOKS: tuple[Look, ...] = (
    _comma_after_entry,
    _comma_after_value,
    _double_bracket,
    _stray_word,
    _note_after_entry,
    _indented_apart,
)
