"""What an edit does to layer numbers: a table of findings, edits and what is said."""

from __future__ import annotations

import pytest

from yamlmod.fork.numbers.effects import NumberedNetwork, layer_number_effects
from yamlmod.fork.numbers.findings import CodePlace, KeptOutputs, LayerNumber

SAVED = KeptOutputs(saved=True)
PLACE = CodePlace("models/yolo.py", 7, 12)
# 0 to 9; 7 reads 4, the head reads 7 and 8.
BEFORE = NumberedNetwork(
    tuple("ABCDEFGHIZ"), (-1, -1, -1, -1, -1, -1, -1, [-1, 4], -1, [7, 8]), frozenset({4, 7, 8})
)


def _inserted(at: int, saved: set[int] | None) -> tuple[list[int | None], NumberedNetwork]:
    mapping: list[int | None] = [old + (old >= at) for old in range(10)]
    modules, sources = list(BEFORE.modules), list(BEFORE.sources)
    modules.insert(at, "New")
    sources.insert(at, -1)
    kept = None if saved is None else frozenset(saved)
    return mapping, NumberedNetwork(tuple(modules), tuple(sources), kept)


def _removed(at: int, saved: set[int]) -> tuple[list[int | None], NumberedNetwork]:
    mapping: list[int | None] = [None if old == at else old - (old > at) for old in range(10)]
    modules, sources = list(BEFORE.modules), list(BEFORE.sources)
    del modules[at], sources[at]
    return mapping, NumberedNetwork(tuple(modules), tuple(sources), frozenset(saved))


AT_3 = _inserted(3, {5, 8, 9})
AT_6 = _inserted(6, {4, 8, 9})
LAST = _inserted(9, {4, 7, 8})
Finding = tuple[str, int, dict[str, object]]
TABLE: list[tuple[Finding, tuple[list[int | None], NumberedNetwork], str, int | None]] = [
    # Outputs: 5 is not kept before the edit, 4 is, and 7 moves to 8, where 7 is kept no more.
    (("output", 4, {"kept": SAVED}), AT_6, "", None),
    (("output", 4, {"kept": SAVED}), AT_3, "refuse", 5),
    (("output", 5, {"kept": SAVED}), AT_3, "warn", 6),
    (("output", 8, {"kept": SAVED}), AT_3, "warn", 9),
    (("output", 7, {}), AT_3, "warn", 8),
    (("output", 7, {"kept": KeptOutputs(unknown=True)}), AT_3, "warn", 8),
    (("output", 7, {"kept": SAVED}), _inserted(3, None), "warn", 8),
    (("output", -2, {"kept": SAVED}), AT_3, "", None),
    (("output", -3, {"kept": SAVED}), AT_3, "", None),
    (("output", -3, {"kept": SAVED}), LAST, "warn", -4),
    (("output", -3, {"relative": True}), AT_3, "warn", None),
    (("output", 9, {}), _removed(2, {3, 6, 7}), "refuse", 8),
    (("output", 4, {"kept": SAVED}), _removed(4, {6, 7}), "refuse", None),
    (("output", 40, {}), AT_3, "", None),
    (("layer", 4, {}), AT_3, "warn", 5),
    (("layer", 2, {}), AT_3, "", None),
    (("layer", 9, {}), _removed(2, {3, 6, 7}), "refuse", 8),
    (("layer", -2, {}), AT_3, "", None),
    (("number", 3, {}), AT_3, "warn", 4),
    (("number", 10, {}), AT_3, "warn", None),
    (("number", 11, {}), AT_3, "", None),
    (("number", 3, {"bound": True}), AT_3, "", None),
    (("number", 4, {"bound": True}), AT_3, "warn", 5),
    (("layer", 10, {"bound": True}), AT_3, "warn", 11),
    (("layer", -2, {"bound": True}), AT_3, "", None),
    (("layer", -1, {"bound": True}), LAST, "", None),
    (("layer", -3, {"bound": True}), LAST, "warn", -4),
    (("save", 5, {}), AT_3, "warn", 6),
    (("name", 9, {}), AT_3, "warn", 10),
    (("name", 0, {}), AT_3, "", None),
    (("channel", 4, {}), AT_3, "warn", 5),
    # `from` 4 is 4 still in the row that has it; where the row says 5, the test does not hold.
    (("source", 4, {}), AT_6, "", None),
    (("source", -4, {}), AT_3, "", None),
    (("source", 4, {"operator": ">"}), AT_3, "", None),
]


@pytest.mark.parametrize(("finding", "edit", "word", "write"), TABLE)
def test_effect(
    finding: Finding,
    edit: tuple[list[int | None], NumberedNetwork],
    word: str,
    write: int | None,
) -> None:
    kind, number, more = finding
    one = LayerNumber(kind, number, PLACE, f"y[{number}]", 20, **more)  # type: ignore[arg-type]
    mapping, after = edit
    effects = layer_number_effects([one], mapping, BEFORE, after)
    assert ["refuse" if e.refuses else "warn" for e in effects] == ([word] if word else [])
    if effects:
        assert effects[0].write == write and effects[0].message


def test_a_kept_number_and_what_reads_it() -> None:
    """`save.append(5)` alone is warned of; with `y[5]` the output of 5, now 6, goes missing."""
    save = LayerNumber("save", 5, PLACE, "save.append(5)")
    read = LayerNumber("output", 5, PLACE, "y[5]", kept=SAVED)
    mapping, after = AT_3
    both = layer_number_effects([save, read], mapping, BEFORE, after)
    assert [(e.finding.kind, e.refuses, e.write) for e in both] == [
        ("save", True, 6),
        ("output", False, 6),
    ]
    mapping, after = _inserted(8, {4, 7, 9})
    assert layer_number_effects([save, read], mapping, BEFORE, after) == ()


def test_a_number_from_the_end_that_only_a_constant_keeps() -> None:
    """`y[-4]` is layer 6, kept by `save.append(6)` alone: then it is 7, and 6 is kept."""
    save = LayerNumber("save", 6, PLACE, "save.append(6)")
    read = LayerNumber("output", -4, PLACE, "y[-4]", kept=SAVED)
    effects = layer_number_effects([save, read], AT_3[0], BEFORE, AT_3[1])
    assert [(e.finding.kind, e.refuses) for e in effects] == [("save", True), ("output", True)]
    assert "None is read" in effects[1].message


@pytest.mark.parametrize(("row", "value", "refuses"), [(6, -4, True), (7, 4, False), (5, -1, None)])
def test_a_test_of_from_that_no_longer_holds(row: int, value: int, refuses: bool | None) -> None:
    """A row marked with -4 is respelled -5 by an insertion between: another input is taken."""
    sources = list(BEFORE.sources)
    sources[row] = value
    before = NumberedNetwork(BEFORE.modules, tuple(sources), BEFORE.saved)
    mapping, plain = AT_3
    later = list(plain.sources)
    later[row + 1] = value - 1 if value < -1 else value + 1 if value > 0 else value
    after = NumberedNetwork(plain.modules, tuple(later), plain.saved)
    finding = LayerNumber("source", value, PLACE, "m.f")
    if value == -1:
        finding = LayerNumber("source", -4, PLACE, "m.f")
    effects = layer_number_effects([finding], mapping, before, after)
    assert [e.refuses for e in effects] == ([] if refuses is None else [refuses])


def test_nothing_is_said_where_nothing_moves() -> None:
    kinds = ("output", "layer", "number", "source", "save", "name", "channel")
    findings = [
        LayerNumber(kind, number, PLACE, relative=relative)  # type: ignore[arg-type]
        for kind in kinds
        for number in (-4, 0, 4, 9, 30)
        for relative in (False, True)
    ]
    assert layer_number_effects(findings, range(10), BEFORE, BEFORE) == ()
