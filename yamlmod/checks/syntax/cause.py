"""One cause of a syntax error, and the test that its edits fix it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from yamlmod.checks.syntax.brackets import Line
from yamlmod.edits import Edit
from yamlmod.errors import Refusal
from yamlmod.model.document import parse_document


class Cause(NamedTuple):
    """A cause: span, message, help, and edits that fix it (none if unclear)."""

    start: int
    end: int
    message: str
    help: str
    edits: tuple[Edit, ...] = ()
    certain: bool = True


Look: TypeAlias = Callable[[str, list[Line]], Iterator[Cause]]
"""A search for one kind of cause; the first match counts."""


def parses(text: str) -> bool:
    try:
        parse_document(text, "trial")
    except Refusal as error:
        # Another rule reports numbers that are not references.
        return error.code == "bad-reference"
    return True
