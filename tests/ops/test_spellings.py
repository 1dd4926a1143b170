"""Every spelling of a table: the row goes where it belongs, and removal gives the bytes back."""

from __future__ import annotations

import pytest

from tests.ops.helpers import insert_text, remove_text
from tests.ops.samples import SPELLINGS


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_insert_and_remove(name: str, newline: str) -> None:
    text, after, expected = (
        part.replace("\n", newline) if isinstance(part, str) else part for part in SPELLINGS[name]
    )
    result = insert_text(text, "New", after=[str(after)], args=[])
    assert result == expected
    assert remove_text(result, str(after + 1)) == text


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_place_and_back(name: str) -> None:
    text, _, _ = SPELLINGS[name]
    layers = text.count("Conv,") + text.count("C3") + text.count("Conv\n") + text.count("'Conv'")
    for place in range(layers):
        result = insert_text(text, "New", at=[place], args=[], allow_dead=True)
        assert remove_text(result, str(place)) == text, place
