"""Slips of every kind on an official graph: put in at many places, renumbered in wrong ways."""

from __future__ import annotations

import re

import pytest

from tests.ops.helpers import insert_text, read_network
from tests.ops.samples import SMALL
from yamlmod.checks.bases import base_of
from yamlmod.checks.finding import Finding
from yamlmod.checks.folder import Text, check_folder
from yamlmod.checks.run import Options, check_text
from yamlmod.model.document import parse_document

_BASE = base_of(parse_document(SMALL, "base.yaml"), "given")


def _wiring(text: str, options: Options | None = None) -> list[Finding]:
    found = check_text(text, "x.yaml", options or Options(base=_BASE))
    return [item for item in found if item.rule == "wiring"]


@pytest.mark.parametrize("place", range(14))
@pytest.mark.parametrize("flags", [{}, {"keep_skips": True}], ids=["through", "bypass"])
def test_a_right_insertion_is_no_finding(place: int, flags: dict[str, bool]) -> None:
    text = insert_text(SMALL, "New", at=[place], args=[], allow_dead=True, **flags)
    assert _wiring(text) == []


@pytest.mark.parametrize("place", range(1, 13))
def test_nothing_renumbered(place: int) -> None:
    """Every number that had to move is reported with the number it had to become."""
    right = insert_text(SMALL, "New", at=[place], args=[], keep_skips=True, allow_dead=True)
    wanted = read_network(right, "x.yaml").document.rows
    old = read_network(SMALL, "x.yaml").document.rows
    lines = right.split("\n")
    due: dict[int, list[int]] = {}
    for row in wanted:
        before = old[row.index - (row.index > place)] if row.index != place else None
        if before is None or before.from_value == row.from_value:
            continue
        spelled = re.sub(r"\s+", " ", str(row.from_value))
        number = right.count("\n", 0, row.start)
        lines[number] = lines[number].replace(spelled, str(before.from_value), 1)
        due[row.index] = [ref.value for ref in row.refs]
    found = {item.layer: item.expected for item in _wiring("\n".join(lines))}
    for layer, expected in due.items():
        stale = [ref.value for ref in old[layer - 1].refs]
        if place in stale:
            continue  # it names the new layer itself now, which may be meant
        # Reading the layer in front of the new one is the author's choice; but a head that was
        # left is to read the new one, as the layers below do.
        meant = [was if was == place - 1 else now for was, now in zip(stale, expected, strict=True)]
        pairs = list(zip(stale, expected, strict=True))
        through = [place if was == place - 1 else now for was, now in pairs]
        is_head = layer == len(wanted) - 1
        assert found.get(layer, meant) in ([meant, through] if is_head else [meant])
        assert layer in found or meant == stale


def test_a_head_that_was_left_reads_the_new_layer_as_those_below_do() -> None:
    right = insert_text(SMALL, "SimAM", at=[10], args=[])
    stale = right.replace("[[10, 13], 1, Detect", "[[9, 12], 1, Detect")
    assert stale != right
    (finding,) = _wiring(stale)
    assert finding.expected == [10, 13]
    assert "to go past it, keep 9" in finding.help
    assert finding.fix is not None and not finding.fix.certain


def test_a_head_that_goes_past_a_new_layer_is_told_so() -> None:
    # Another row goes past it, too.
    right = insert_text(SMALL, "SimAM", at=[10], args=[])
    stale = right.replace("[[10, 13], 1, Detect", "[[9, 12], 1, Detect")
    stale = stale.replace("[-1, 1, Conv, [256, 3, 2]]", "[9, 1, Conv, [256, 3, 2]]")
    finding = _wiring(stale)[-1]
    assert finding.expected == [9, 13]
    assert "past the new 10 SimAM; to read that, write 10" in finding.help


def test_a_clean_sibling_is_a_base() -> None:
    rows = SMALL.replace("C3", "Odd").replace("SPPF", "Strange").replace("Upsample", "Up")
    grown = insert_text(rows, "New", at=[5], args=[])
    assert "[[-1, 7], 1" in grown
    wrong = grown.replace("[[-1, 7], 1", "[[-1, 6], 1")
    texts = [Text("a.yaml", rows), Text("b.yaml", wrong)]
    done = check_folder(texts, Options())
    found = [item for item in done["b.yaml"].left if item.rule == "wiring"]
    assert [(item.layer, item.expected) for item in found] == [(12, [-1, 7])]
    assert done["a.yaml"].left == ()


def test_the_head_that_was_taken_over() -> None:
    """A decoupled head reads by the head's old numbers, and what they meant is dead."""
    head = "   [9, 1, Conv, [64, 1, 1]],\n   [12, 1, Conv, [64, 1, 1]],\n"
    head += "   [[14, 15], 1, DetectX, [nc, anchors]],"
    text = insert_text(SMALL, "New", at=[5], args=[])
    text = text.replace("   [[10, 13], 1, Detect, [nc, anchors]],", head)
    found = [(item.layer, item.expected) for item in _wiring(text)]
    assert (14, 10) in found and (15, 13) in found


def test_two_inputs_that_changed_their_places() -> None:
    swapped = SMALL.replace("[[-1, 6], 1", "[[6, 10], 1")
    assert swapped != SMALL
    found = _wiring(swapped)
    assert [item for item in found if item.severity == "error"] == []


def test_a_new_layer_with_two_inputs_stands_for_the_one_it_reads() -> None:
    """Two streams that are joined and go on as two: each reads on past the other's new layer."""
    text = insert_text(SMALL, "New", at=[5], args=[], keep_skips=True)
    joined = text.replace("[-1, 1, New, []]", "[[-1, 3], 1, FeatureAdd, []]")
    assert joined != text and _wiring(joined) == []
    assert "[[-1, 7], 1" in joined
    through = joined.replace("[[-1, 7], 1", "[[-1, 5], 1")
    assert [item.layer for item in _wiring(joined.replace("[[-1, 7], 1", "[[-1, 6], 1"))] == [12]
    assert _wiring(through) != []


def test_the_other_side_of_an_old_attention_layer() -> None:
    """The base reads past an attention layer of its own, the file through it: a choice."""
    base = insert_text(SMALL, "CBAM", at=[10], args=[]).replace("[[10, 13]", "[[9, 13]")
    grown = insert_text(base, "CBAM", at=[14], args=[])
    assert "[[9, 14], 1, Detect" in grown
    options = Options(base=base_of(parse_document(base, "base.yaml"), "given"))
    assert _wiring(grown.replace("[[9, 14]", "[[10, 14]"), options) == []
    assert _wiring(grown.replace("[[9, 14]", "[[8, 14]"), options) != []


@pytest.mark.parametrize("row", ["[-1, 3], 1, Concat", "[-1, 6], 1, Concat", "[9, 12], 1, Detect"])
def test_an_empty_from_has_no_number_to_correct(row: str) -> None:
    """Not even where the base says what it should read; that it reads nothing is reported."""
    text = SMALL.replace(row, row.replace(row[: row.index("]") + 1], "[]"))
    assert "[[], 1, " in text
    findings = check_text(text, "x.yaml", Options(base=_BASE))
    empty = [item.rule for item in findings if item.layer in (8, 11, 13) and item.actual == []]
    assert "wiring" not in empty
    assert "references" in empty or "Detect" in row  # which collects its inputs then
