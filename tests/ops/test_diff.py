"""The structural difference: what it finds, what it does not, and the recipe that explains it."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.run import snapshot, yamlmod
from tests.ops.helpers import insert_text, remove_text, run_insert
from tests.ops.samples import SMALL, SPELLINGS
from tests.ops.test_properties import nets
from yamlmod.errors import Refusal
from yamlmod.model.align import align
from yamlmod.model.network import Network
from yamlmod.ops.chain import chain
from yamlmod.ops.compare import Comparison, compare
from yamlmod.ops.compare_lines import comparison_data, comparison_lines
from yamlmod.ops.network import read_network
from yamlmod.ops.recipe import read_recipe
from yamlmod.ops.recipe_from_diff import recipe_from_diff


def model(text: str) -> Network:
    return read_network(text, "model.yaml")


def differ(before: str, after: str) -> Comparison:
    return compare(model(before), model(after))


def lines(before: str, after: str) -> list[str]:
    return [" ".join(line.split()) for line in comparison_lines(differ(before, after))]


def swap(*changes: tuple[str, str]) -> str:
    text = SMALL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


# what is done to SMALL by hand, and what the difference says
BY_HAND: list[tuple[list[tuple[str, str]], list[str]]] = [
    ([], []),
    ([("# 9 (P3/8-small)", "# nine"), ("[[9, 12], 1, Detect", "[ [-4, -1], 1, Detect")], []),
    ([("None, 2, 'nearest'", "null, 2, nearest")], []),
    ([("3, C3, [256]", "6, C3, [256]")], ["changed 3 C3: number 3 -> 6"]),
    ([("1, SPPF, [512, 5]", "1, SPPF, [512, 7]")], ["changed 5 SPPF: args [512, 5] -> [512, 7]"]),
    ([("[256, False]", "[256, 0]")], ["changed 9 C3: args [256, False] -> [256, 0]"]),
    ([("1, SPPF, [512, 5]", "1, SPPCSPC, [512]")], ["replaced 5 SPPF [512, 5] by 5 SPPCSPC [512]"]),
    (
        [("[[9, 12], 1, Detect, [nc", "[[9, 12], 1, YOLOHead, [nc")],
        ["replaced 13 Detect [nc, anchors] by 13 YOLOHead [nc, anchors]"],
    ),
    ([("nc: 4", "nc: 80")], ["setting nc 4 -> 80"]),
    ([("nc: 4", "nc: 4\nch: 3")], ["setting ch none -> 3"]),
    (
        [("[[-1, 3], 1, Concat", "[[-1, 2], 1, Concat")],
        ["rewired 8 Concat from[1] 2 reads 2 Conv; it read 3 C3, now 3 C3: expected 3"],
    ),
    (
        [("[[-1, 6], 1, Concat", "[[-1, -6], 1, Concat")],
        ["rewired 11 Concat from[1] -6 reads 5 SPPF; it read 6 Conv, now 6 Conv: expected -5"],
    ),
    (
        [("[[-1, 6], 1, Concat", "[[-1, 6, 4], 1, Concat")],
        ["gained 11 Concat: input 4 Conv (from[2])"],
    ),
    ([("[[9, 12], 1, Detect", "[[12], 1, Detect")], ["lost 13 Detect: input 9 C3 (from[0])"]),
    # An author inserts a row and forgets the numbers behind it.
    (
        [("   [-1, 1, SPPF", "   [-1, 1, CBAM, [512]],\n   [-1, 1, SPPF")],
        [
            "added 5 CBAM [512], reads 4 Conv",
            "rerouted 6 SPPF (was 5) from[0] through 5 CBAM to 4 Conv",
            "rewired 12 Concat (was 11) from[1] 6 reads 6 SPPF; it read 6 Conv, now 7 Conv: "
            "expected 7",
            "rewired 14 Detect (was 13) from[0] 9 reads 9 Concat; it read 9 C3, now 10 C3: "
            "expected 10",
            "rewired 14 Detect (was 13) from[1] 12 reads 12 Concat; it read 12 C3, now 13 C3: "
            "expected 13",
        ],
    ),
    # The same, and the one number that was fixed gained a neighbour.
    (
        [
            ("   [-1, 1, SPPF", "   [-1, 1, CBAM, [512]],\n   [-1, 1, SPPF"),
            ("[[-1, 6], 1, Concat", "[[-1, 6, 4], 1, Concat"),
            ("[[9, 12], 1, Detect", "[[10, 13], 1, Detect"),
        ],
        [
            "added 5 CBAM [512], reads 4 Conv",
            "gained 12 Concat (was 11): input 4 Conv (from[2])",
            "rerouted 6 SPPF (was 5) from[0] through 5 CBAM to 4 Conv",
            "rewired 12 Concat (was 11) from[1] 6 reads 6 SPPF; it read 6 Conv, now 7 Conv: "
            "expected 7",
        ],
    ),
]


@pytest.mark.parametrize(("changes", "told"), BY_HAND)
def test_what_is_done_by_hand(changes: list[tuple[str, str]], told: list[str]) -> None:
    after = swap(*changes)
    assert lines(SMALL, after) == told
    found = differ(SMALL, after)
    assert found.equal == (not told)
    assert comparison_data(found)["equal"] == found.equal


def test_a_read_behind_an_insertion_may_be_meant_either_way() -> None:
    wrong = insert_text(SMALL, "SimAM", after=["9"]).replace("[[10, 13], 1, D", "[[11, 13], 1, D")
    (read,) = differ(SMALL, wrong).rewired
    assert (read.kept, read.expected) == (9, (9, 10))


def test_removal_reads_past() -> None:
    found = differ(insert_text(SMALL, "SimAM", after=["9"]), SMALL)
    assert (found.removed, found.added, found.rewired) == ((10,), (), ())
    assert {read.past for read in found.rerouted} == {(10,)}


# behind which layer an equal one is put, for whom, and which of the two then counts as new
TWINS = [
    (3, {"readers": []}, 4),
    (3, {"readers": [8]}, 4),
    (3, {"readers": [4]}, 4),
    (3, {}, 3),  # all its readers read the lower one: as if a layer came in front
]


@pytest.mark.parametrize(("place", "options", "added"), TWINS)
def test_of_equal_neighbours_the_wiring_tells(
    place: int, options: dict[str, Any], added: int
) -> None:
    text = insert_text(
        SMALL, "C3", after=[str(place)], args=[256], allow_dead=True, **options
    ).replace("1, C3, [256]]", "3, C3, [256]]")
    found = differ(SMALL, text)
    assert (found.added, found.rewired) == ((added,), ())


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_do_not_matter(name: str) -> None:
    before, place, after = SPELLINGS[name]
    found = differ(before, after)
    assert (found.added, found.removed, found.changes) == ((place + 1,), (), ())
    assert not found.rewired
    assert differ(before, before).equal


@settings(max_examples=80, deadline=None)
@given(nets(), st.data())
def test_an_insertion_is_an_addition_and_nothing_is_rewired(text: str, data: st.DataObject) -> None:
    before = model(text)
    count = len(before.document.rows)
    places = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=3, unique=True))
    bypass = data.draw(st.booleans())
    outcome = run_insert(text, "New", at=places, args=[], keep_skips=bypass, allow_dead=True)
    found = differ(text, outcome.text)
    assert found.added == tuple(layer.index for layer in outcome.inserted)
    assert found.alignment.pairs == tuple(enumerate(outcome.mapping))
    assert not (found.removed or found.changes or found.rewired or found.lost or found.gained)
    assert {layer for read in found.rerouted for layer in read.through} <= set(found.added)
    assert comparison_data(found) == comparison_data(differ(text, outcome.text))
    back = differ(outcome.text, text)
    assert (back.removed, back.added, back.rewired) == (found.added, (), ())


@settings(max_examples=80, deadline=None)
@given(nets(), st.data())
def test_an_equal_neighbour_rewires_nobody(text: str, data: st.DataObject) -> None:
    text = text.replace("CBAM", "Mystery")  # a template's args are not 8
    place = data.draw(st.integers(1, len(model(text).document.rows) - 1))
    twin = model(text).document.rows[place - 1].module
    bypass = data.draw(st.booleans())
    after = insert_text(text, twin, at=[place], args=[8], keep_skips=bypass, allow_dead=True)
    found = differ(text, after)
    assert len(found.added) == 1
    assert not (found.removed or found.rewired or found.lost or found.gained)


@settings(max_examples=120, deadline=None)
@given(nets(), st.data())
def test_the_recipe_reproduces_random_edits(text: str, data: st.DataObject) -> None:
    # Rows of their own: which of two equal ones was removed, no difference can always tell.
    number = itertools.count()
    text = re.sub(r", \[8\]", lambda _: f", [8, 1, 1, {next(number)}]", text)
    after = text
    for _ in range(data.draw(st.integers(0, 2))):
        after = _random_removal(after, data)
    for name in data.draw(st.sampled_from(["", "A", "AB", "ABA", "AAA"])):
        after = _random_insertion(after, f"New{name}", data)
    recipe = recipe_from_diff(model(text), model(after))
    result = chain(model(text), read_recipe(recipe, "recipe.yaml").plans)
    assert _rows(result.text) == _rows(after), recipe


def _random_removal(text: str, data: st.DataObject) -> str:
    """Remove one layer that reads one; a removal that is refused leaves the text."""
    current = model(text)
    single = [reads[0].reader for reads in current.graph.reads if len(reads) == 1]
    if not single:
        return text
    try:
        return remove_text(text, str(data.draw(st.sampled_from(single))))
    except Refusal:
        return text


def _random_insertion(text: str, name: str, data: st.DataObject) -> str:
    current = model(text)
    place = data.draw(st.integers(0, len(current.document.rows) - 1))
    readers = sorted({read.reader for read in current.readers(place - 1)})
    options: list[dict[str, Any]] = [
        {},
        {"keep_skips": True},
        {"readers": []},
        {"readers": readers[:1]},
    ]
    chosen = data.draw(st.sampled_from(options))
    try:
        return insert_text(text, name, at=[place], args=[8], allow_dead=True, **chosen)
    except Refusal:  # a second layer would have to read the image
        return text


def _rows(text: str) -> list[Any]:
    found = model(text)
    return [
        ([read.target for read in reads], row.listed, row.repeats, row.module, row.args)
        for row, reads in zip(found.document.rows, found.graph.reads, strict=True)
    ]


# what makes the other file, and the recipe that leads there
RECIPES: list[tuple[str, str]] = [
    ("edits: []\n", "edits: []\n"),
    (
        "edits: [{insert: SimAM, after: [9, 12]}]",
        "edits:\n  - insert: SimAM\n    after: [9, 12]  # C3, C3\n",
    ),
    (
        "edits: [{insert: SimAM, after: 3, keep_skips: true}, {insert: SimAM, after: 13}]",
        "edits:\n  - insert: SimAM\n    after: [3]  # C3\n    keep_skips: true\n"
        "  - insert: SimAM\n    after: [13]  # C3\n",
    ),
    (
        "edits: [{insert: ACmix, after: 3}, {insert: Mystery, after: 4, args: [256]}]",
        "edits:\n  - insert: ACmix\n    after: [3]  # C3\n"
        "  - insert: Mystery\n    after: [4]  # ACmix\n    args: [256]\n",
    ),
    (
        "edits: [{insert: SimAM, after: 3, readers: none, allow_dead: true}]",
        "edits:\n  - insert: SimAM\n    after: [3]  # C3\n    readers: []\n    allow_dead: true\n",
    ),
    (
        "edits: [{insert: New, after: 3, args: [], readers: none, allow_dead: true}, "
        "{insert: Newer, after: 3, args: [], readers: 5}]",
        "edits:\n  - insert: New\n    after: [3]  # C3\n    args: []\n    readers: []\n"
        "    allow_dead: true\n"
        "  - insert: Newer\n    after: [3]  # C3\n    args: []\n    readers: [5]\n",
    ),
    (
        "edits: [{insert: New, at: 0, args: []}]",
        "edits:\n  - insert: New\n    at: [0]\n    args: []\n",
    ),
    (
        "edits: [{insert: SimAM, before: 6}]",
        "edits:\n  - insert: SimAM\n    before: [6]  # SPPF\n",
    ),
    (
        "edits: [{insert: New, after: 9, from: [9, 3], args: [2, true, None, x y]}]",
        "edits:\n  - insert: New\n    after: [9]  # C3\n    from: [9, 3]\n"
        '    args: [2, true, "None", "x y"]\n',
    ),
    ("edits: [{remove: 3}]", "edits:\n  - remove: [3]  # C3\n"),
    (
        "edits: [{replace: 3, with: C3TR}, {replace: 5, with: SPPF, args: [512, 7]}]",
        "edits:\n  - replace: 3  # C3\n    with: C3TR\n"
        "  - replace: 5  # SPPF\n    with: SPPF\n    args: [512, 7]\n",
    ),
    (
        "edits: [{replace: 4, with: Conv, args: [512, 3, 1], force: true}]",
        "edits:\n  - replace: 4  # Conv\n    with: Conv\n    args: [512, 3, 1]\n    force: true\n",
    ),
    ("edits: [{drop-head: 9}]", "edits:\n  - drop-head: 9  # C3\n"),
    (
        "edits: [{remove: 3}, {replace: SPPF, with: SPPCSPC, args: [512]}, "
        "{insert: SimAM, after: C3#1}]",
        "edits:\n  - replace: 5  # SPPF\n    with: SPPCSPC\n    args: [512]\n"
        "  - remove: [3]  # C3\n  - insert: SimAM\n    after: [8]  # C3\n",
    ),
]


@pytest.mark.parametrize(("made_by", "recipe"), RECIPES)
def test_recipes(made_by: str, recipe: str) -> None:
    after = chain(model(SMALL), read_recipe("yamlmod: 1\n" + made_by, "r").plans).text
    assert recipe_from_diff(model(SMALL), model(after)) == "yamlmod: 1\n" + recipe
    again = chain(model(SMALL), read_recipe("yamlmod: 1\n" + recipe, "r").plans).text
    assert _rows(again) == _rows(after)


@pytest.mark.parametrize("source", [3, 7])
def test_the_recipe_of_a_removed_fusion_says_which_input(source: int) -> None:
    before = SMALL.replace("[[-1, 3], 1, Concat", "[[-1, 3], 1, MyFusion")
    after = remove_text(before, "8", sources=[source])
    recipe = recipe_from_diff(model(before), model(after))
    assert f"  - remove: [8]  # MyFusion\n    from: [{source}]\n" in recipe
    assert _rows(chain(model(before), read_recipe(recipe, "r").plans).text) == _rows(after)


NO_RECIPES: list[tuple[list[tuple[str, str]], str]] = [
    ([("3, C3, [256]", "6, C3, [256]")], "3 C3: number 3 -> 6"),
    ([("[[-1, 3], 1, Concat", "[[-1, 2], 1, Concat")], "from[1] 2 reads 2 Conv; it read 3 C3"),
    ([("[[-1, 6], 1, Concat", "[[-1, 6, 4], 1, Concat")], "gained 11 Concat: input 4 Conv"),
    (
        [("   [-1, 1, SPPF", "   [-2, 1, Mystery, [512]],\n   [-1, 1, SPPF")],
        "added 5 Mystery reads 3 C3, not the layer above it",
    ),
    (
        [("   [-1, 1, SPPF", "   [-1, 2, Mystery, [512]],\n   [-1, 1, SPPF")],
        "added 5 Mystery has the number 2",
    ),
    (
        [("   [-1, 1, SPPF", "   [-1, 1, Mystery, [512]],\n   [-1, 1, SPPF")],
        "rewired 12 Concat (was 11) from[1] 6 reads 6 SPPF; it read 6 Conv",
    ),
    (
        [("   [-1, 1, Conv, [512, 3, 2]],  # 4-P4/16\n", ""), ("[[9, 12], 1, D", "[[8, 11], 1, D")],
        "without 4 Conv (4 Conv changes the stride from 8 to 16",
    ),
]


@pytest.mark.parametrize(("changes", "told"), NO_RECIPES)
def test_what_no_edit_explains_is_named(changes: list[tuple[str, str]], told: str) -> None:
    with pytest.raises(Refusal) as caught:
        recipe_from_diff(model(SMALL), model(swap(*changes)))
    assert caught.value.code == "not-a-recipe"
    assert told in caught.value.message


def test_long_files_are_aligned() -> None:
    """Thousands of rows with insertions all over: beyond the full dynamic program."""
    rows = [f"  - [-1, 1, Conv, [{8 * (i % 7 + 1)}]]\n" for i in range(3000)]
    rest = "head:\n  - [[5, -1], 1, Detect, [8]]\n"
    before = "nc: 1\nbackbone:\n" + "".join(rows) + rest
    new = range(2990, 0, -130)
    for place in new:
        rows.insert(place, "  - [-1, 1, SimAM, []]\n")
    after = "nc: 1\nbackbone:\n" + "".join(rows) + rest
    found = align(model(before).wiring, model(after).wiring)
    assert found.added == tuple(i for i, row in enumerate(rows) if "SimAM" in row)
    assert not found.removed


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(insert_text(SMALL, "SimAM", after=["9", "12"]), "utf-8")
    (tmp_path / "c.yaml").write_text(SMALL.replace("3, C3, [256]", "6, C3, [256]"), "utf-8")
    (tmp_path / "d.yaml").write_text("nc: 1\n", "utf-8")
    before = snapshot(tmp_path)
    runs = {
        ("a.yaml", "a.yaml"): 0,
        ("a.yaml", "b.yaml"): 1,
        ("a.yaml", "b.yaml", "--json"): 1,
        ("a.yaml", "b.yaml", "--recipe"): 0,
        ("a.yaml", "b.yaml", "--recipe", "--format", "json"): 0,
        ("a.yaml", "c.yaml", "--recipe"): 2,
        ("a.yaml", "d.yaml"): 2,
    }
    out: dict[tuple[str, ...], bytes] = {}
    for arguments, code in runs.items():
        first, again = (yamlmod("diff", *arguments, cwd=tmp_path) for _ in range(2))
        assert first == again
        assert first.code == code, first.err
        out[arguments] = first.out
    assert snapshot(tmp_path) == before
    keys = list(runs)
    assert out[keys[0]] == b""
    assert b"added     10 SimAM [], reads 9 C3\n" in out[keys[1]]
    assert [layer["index"] for layer in json.loads(out[keys[2]])["added"]] == [10, 14]
    assert json.loads(out[keys[4]])["recipe"].encode() == out[keys[3]]
    (tmp_path / "recipe.yaml").write_bytes(out[keys[3]])
    done = yamlmod("apply", "recipe.yaml", "a.yaml", "-o", "e.yaml", cwd=tmp_path)
    assert done.code == 0, done.err
    assert (tmp_path / "e.yaml").read_bytes() == before["b.yaml"]
