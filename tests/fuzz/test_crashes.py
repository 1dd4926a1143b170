"""Texts that once broke the reader or an edit, and the table of small ones; no fuzzer needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.contract import check
from tests.ops import samples

_CRASHES = sorted((Path(__file__).parent / "crashes").glob("*.yaml"))


@pytest.mark.parametrize("path", _CRASHES, ids=lambda path: path.stem)
def test_saved_crashes(path: Path) -> None:
    check(path.read_bytes().decode("utf-8"))


@pytest.mark.parametrize("name", samples.SPELLINGS)
def test_the_seeds_themselves(name: str) -> None:
    before, _, after = samples.SPELLINGS[name]
    assert check(before)
    assert check(after)
