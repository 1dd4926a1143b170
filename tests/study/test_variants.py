"""Which variants a study has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.study.test_study_file import read, study
from yamlmod.errors import Refusal
from yamlmod.ops.network import read_network
from yamlmod.study.study_file import StudyFile
from yamlmod.study.variants import Variant, variants_of

_MODEL = Path(__file__).parents[2] / "examples" / "minifork" / "models" / "mini.yaml"
_NETWORK = read_network(_MODEL.read_text(encoding="utf-8"), "mini.yaml")


def _variants(file: StudyFile) -> list[Variant]:
    return variants_of(file, _NETWORK)


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
    variants = _variants(read(study(components=_THREE, combine=combine, controls="")))
    assert [variant.name for variant in variants] == ["base", *names]


def test_what_a_variant_changes() -> None:
    *_, last = _variants(read(study(components=_THREE, controls="")))
    assert last.components == ("a", "b", "c")
    assert last.edits == ({"insert": "SE", "after": "P3"}, {"remove": 4})
    assert (last.modules, last.patches, last.train) == (("m.py",), ("p",), {"epochs": 9, "lr": 2})


def test_one_component_alone() -> None:
    for combine in ("each", "cumulative", "leave-one-out", "full"):
        text = study(components="{a: {insert: SE, at: 3}}", combine=combine, controls="")
        assert [variant.name for variant in _variants(read(text))] == ["base", "a"]


def test_a_placebo_inserts_identities_at_the_same_places() -> None:
    parts = "{a: [{insert: SE, after: P3, args: [8]}, {remove: 4}], b: {train: {lr: 1}}}"
    _, a, placebo, b = _variants(read(study(components=parts, combine="each")))
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
        _variants(read(study(components=parts, combine="full", seeds=seeds)))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("part", "names", "places"),
    [
        (
            "{insert: SE, at: each, after: [P3, SPPF]}",
            ["a-after-P3", "a-after-SPPF"],
            [{"after": ["P3"]}, {"after": ["SPPF"]}],
        ),
        (
            "{insert: SE, at: each, after: 'backbone.C3#*'}",
            ["a-after-2-C3", "a-after-4-C3", "a-after-6-C3", "a-after-8-C3"],
            [{"after": [n]} for n in ("2", "4", "6", "8")],
        ),
        (
            "{insert: SE, at: each, edge: ['4:16', '6:12'], args: []}",
            ["a-edge-4-16", "a-edge-6-12"],
            [{"edge": ["4:16"], "args": []}, {"edge": ["6:12"], "args": []}],
        ),
    ],
)
def test_a_sweep_of_places(part: str, names: list[str], places: list[dict[str, object]]) -> None:
    text = study(components=f"{{a: {part}}}", combine="each", controls="")
    _, *variants = _variants(read(text))
    assert [variant.name for variant in variants] == names
    assert [variant.components for variant in variants] == [("a",)] * len(names)
    assert [dict(variant.edits[0]) for variant in variants] == [
        {"insert": "SE", **place} for place in places
    ]


def test_a_sweep_of_all_places_leaves_out_what_is_refused() -> None:
    text = study(components="{a: {insert: SE, at: each}}", combine="each", controls="")
    names = [variant.name for variant in _variants(read(text))]
    assert names[1] == "a-after-0-Conv" and "a-after-9-SPPF" in names
    assert not any(name.endswith("-Detect") for name in names)
    assert len(names) == 1 + len(_NETWORK.document.rows) - 1


def test_sweeps_are_combined_with_other_components() -> None:
    parts = "{a: {insert: SE, at: each, after: [P3, P4]}, b: {train: {lr: 1}}}"
    names = [v.name for v in _variants(read(study(components=parts, combine="cumulative")))]
    assert names == [
        *("base", "a-after-P3", "a-after-P3-placebo", "a-after-P4", "a-after-P4-placebo"),
        *("a-after-P3+b", "a-after-P3+b-placebo", "a-after-P4+b", "a-after-P4+b-placebo"),
    ]


def test_two_variants_with_one_name_are_refused() -> None:
    parts = "{a: {insert: SE, at: each, after: [P3]}, a-after-P3: {insert: SE, at: 3}}"
    with pytest.raises(Refusal, match="two variants would have the name a-after-p3"):
        _variants(read(study(components=parts, combine="each")))
