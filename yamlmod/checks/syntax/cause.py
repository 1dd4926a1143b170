"""One cause why a text does not parse, and the test that its edits mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from yamlmod.checks.syntax.brackets import Line
from yamlmod.edits import Edit
from yamlmod.errors import Refusal
from yamlmod.model.document import parse_document


class Cause(NamedTuple):
    """What is wrong, where, what to do, and edits that would mend it (none where it is unclear)."""

    start: int
    end: int
    message: str
    help: str
    edits: tuple[Edit, ...] = ()
    certain: bool = True


Look: TypeAlias = Callable[[str, list[Line]], Iterator[Cause]]
"""A search for one kind of cause; the first that is found counts."""


def parses(text: str) -> bool:
    """Tell whether a text is a model YAML."""
    try:
        parse_document(text, "trial")
    except Refusal as error:
        # A number that is no reference is found by another rule.
        return error.code == "bad-reference"
    return True
