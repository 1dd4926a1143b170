"""The page of measured benchmarks: a part that is measured again takes its own place."""

from __future__ import annotations

from benchmarks.__main__ import page


def test_a_part_replaces_its_own_section_alone() -> None:
    first = page(page("", "check", "one 1.1\ntwo"), "insert", "three")
    assert first.index("## insert") < first.index("## check") and "one 1.1\ntwo\n```" in first
    second = page(first, "check", "four")
    assert "one 1.1" not in second and "three" in second and second.count("## check") == 1
    assert page(second, "check", "four") == second
