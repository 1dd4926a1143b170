"""Edits: applied by offset, overlaps an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yamlmod.edits import Edit, OverlappingEditsError, apply_edits, line_column, newline_of


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([], "abcdef"),
        ([Edit(0, 0, "x")], "xabcdef"),
        ([Edit(6, 6, "x")], "abcdefx"),
        ([Edit(4, 6, ""), Edit(0, 1, "yy")], "yybcd"),
        ([Edit(1, 3, "x"), Edit(3, 3, "y"), Edit(3, 4, "")], "axyef"),
    ],
)
def test_apply(edits: list[Edit], expected: str) -> None:
    assert apply_edits("abcdef", edits) == expected


@pytest.mark.parametrize(
    "edits",
    [
        [Edit(1, 3, "x"), Edit(2, 4, "y")],
        [Edit(1, 1, "x"), Edit(1, 1, "y")],
        [Edit(0, 6, ""), Edit(3, 3, "y")],
    ],
)
def test_overlaps(edits: list[Edit]) -> None:
    with pytest.raises(OverlappingEditsError):
        apply_edits("abcdef", edits)


def test_outside() -> None:
    with pytest.raises(ValueError, match="behind"):
        apply_edits("abc", [Edit(2, 4, "")])
    with pytest.raises(ValueError, match="forward"):
        apply_edits("abc", [Edit(3, 2, "")])


@given(st.text(max_size=30), st.lists(st.integers(0, 30), max_size=6, unique=True))
def test_untouched_characters_stay(text: str, cuts: list[int]) -> None:
    points = sorted(cut for cut in cuts if cut <= len(text))
    result = apply_edits(text, [Edit(point, point, "<>") for point in points])
    assert result.replace("<>", "") == text.replace("<>", "")
    assert len(result) == len(text) + 2 * len(points)


@pytest.mark.parametrize(
    ("text", "newline"),
    [
        ("", "\n"),
        ("a", "\n"),
        ("a\nb\n", "\n"),
        ("a\r\nb\r\n", "\r\n"),
        ("a\r\nb\nc\n", "\n"),
    ],
)
def test_newline(text: str, newline: str) -> None:
    assert newline_of(text) == newline


def test_line_column() -> None:
    assert [line_column("ab\ncd", i) for i in (0, 2, 3, 5)] == [(1, 1), (1, 3), (2, 1), (2, 3)]
