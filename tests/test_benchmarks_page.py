"""The page of measured benchmarks: a part that is measured again takes its own place."""

from __future__ import annotations

import pytest
import torch

from benchmarks.__main__ import page
from benchmarks.measures import Ratio
from benchmarks.modules import Found, merged
from benchmarks.modules import page as modules_page


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_part_replaces_its_own_section_alone(language: str) -> None:
    first = page(page("", "check", "one 1.1\ntwo", language), "insert", "three", language)
    assert first.index("## insert") < first.index("## check") and "one 1.1\ntwo\n```" in first
    second = page(first, "check", "four", language)
    assert "one 1.1" not in second and "three" in second and second.count("## check") == 1
    assert page(second, "check", "four", language) == second


def test_the_page_of_modules_has_types_and_quartiles() -> None:
    shape = (1, 8, 4, 4)
    plain, paired = Ratio(2.0, 1.5), Ratio(1.25, 3.0, (1.1, 1.4))
    found: Found = {
        torch.float32: {"A": {shape: (plain, paired)}, "B": {shape: None}},
        torch.float16: {"A": {shape: (paired, plain)}},
    }
    text = modules_page(found, "wall")
    assert "| A | 2.00 / 1.25 (1.10-1.40) |" in text and "| B | refused |" in text
    assert "## Peak memory, float16\n\n| module | 1x8x4x4 |\n|--|--|\n| A | 3.00 / 1.50 |" in text
    again = modules_page({torch.float32: {"B": {shape: (plain, plain)}}}, "cpu")
    old = modules_page({torch.float32: found[torch.float32]}, "wall")
    joined = merged(old, again, "cpu")
    assert "| B | 2.00 / 2.00 |" in joined and "| A | 2.00 / 1.25 (1.10-1.40) |" in joined
