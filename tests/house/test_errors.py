"""Errors: their report, and that they survive a trip to another process."""

from __future__ import annotations

import pickle

import pytest

from yamlmod.errors import Place, ProofFailedError, Refusal, YamlmodError, one_of


@pytest.mark.parametrize(
    "error",
    [
        Refusal("code", "message", place=Place.at("x", "abc\ndef\n", 5, 6), hint="help"),
        ProofFailedError("message", place=Place("x")),
    ],
)
def test_pickle(error: YamlmodError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert copy.lines() == error.lines()
    assert copy.as_data() == error.as_data()
    assert copy.exit_code == error.exit_code


def test_report() -> None:
    text = "ab\r\n\tcd ef\r\n"
    error = Refusal("code", "wrong", place=Place.at("x.yaml", text, 8, 10), hint="one\ntwo")
    assert error.lines() == [
        "x.yaml:2:5: error[code]: wrong",
        "2 |  cd ef",
        "  |     ^^",
        "  help: one",
        "        two",
    ]


def test_a_long_line_is_cut_around_the_place() -> None:
    text = "x" * 500 + "!" + "y" * 500
    lines = Refusal("code", "wrong", place=Place.at("f", text, 500)).lines()
    assert max(map(len, lines)) < 200
    assert lines[1][lines[2].index("^")] == "!"


def test_one_of() -> None:
    assert one_of(["a", "b"]) == "a, b"
    assert one_of([str(i) for i in range(5)], 3) == "0, 1, 2 and 2 more"
