"""Which variants a study has."""

from __future__ import annotations

import pytest

from tests.study.test_study_file import read, study
from yamlmod.errors import Refusal
from yamlmod.study.variants import variants_of

_THREE = (
    "{a: {insert: SE, after: P3}, b: {train: {epochs: 9, lr: 1}}, "
    "c: [{patch: p}, {remove: 4}, {modules: [m.py], train: {lr: 2}}]}"
)


@pytest.mark.parametrize(
    ("combine", "names"),
    [
        ("each", ["a", "b", "c"]),
        ("cumulative", ["a", "a+b", "a+b+c"]),
        ("leave-one-out", ["a+b+c", "b+c", "a+c", "a+b"]),
        ("full", ["a", "b", "c", "a+b", "a+c", "b+c", "a+b+c"]),
        ("[[c, a], [b], b]", ["c+a", "b"]),
    ],
)
def test_combinations(combine: str, names: list[str]) -> None:
    variants = variants_of(read(study(components=_THREE, combine=combine, controls="")))
    assert [variant.name for variant in variants] == ["base", *names]


def test_what_a_variant_changes() -> None:
    *_, last = variants_of(read(study(components=_THREE, controls="")))
    assert last.components == ("a", "b", "c")
    assert last.edits == ({"insert": "SE", "after": "P3"}, {"remove": 4})
    assert (last.modules, last.patches, last.train) == (("m.py",), ("p",), {"epochs": 9, "lr": 2})


def test_one_component_alone() -> None:
    for combine in ("each", "cumulative", "leave-one-out", "full"):
        text = study(components="{a: {insert: SE, at: 3}}", combine=combine, controls="")
        assert [variant.name for variant in variants_of(read(text))] == ["base", "a"]


def test_a_placebo_inserts_identities_at_the_same_places() -> None:
    parts = "{a: [{insert: SE, after: P3, args: [8]}, {remove: 4}], b: {train: {lr: 1}}}"
    _, a, placebo, b = variants_of(read(study(components=parts, combine="each")))
    assert (placebo.name, placebo.control_of, placebo.components) == ("a-placebo", "a", ())
    assert placebo.edits == ({"insert": "nn.Identity", "after": "P3", "args": []}, {"remove": 4})
    assert a.edits[0]["insert"] == "SE" and b.name == "b"  # nothing is inserted: no placebo


@pytest.mark.parametrize(
    ("parts", "seeds", "code"),
    [
        ("{" + ", ".join(f"c{i}: {{insert: SE, at: 1}}" for i in range(40)) + "}", "3", "too-many"),
        (
            "{" + ", ".join(f"c{i}: {{insert: SE, at: 1}}" for i in range(10)) + "}",
            "99",
            "too-many",
        ),
        (
            "{" + ", ".join(f"{c * 60}: {{insert: SE, at: 1}}" for c in "abcd") + "}",
            "3",
            "too-long",
        ),
    ],
)
def test_too_much(parts: str, seeds: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        variants_of(read(study(components=parts, combine="full", seeds=seeds)))
    assert caught.value.code == code
