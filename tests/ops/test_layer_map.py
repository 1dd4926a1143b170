"""Which layer became which: what weights follow, for every kind of edit and several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import yamlmod
from tools.branches.cases import official_cases, small_cases
from tools.real_forks import fork_folder
from yamlmod.ops.layer_map import Following, follow
from yamlmod.ops.network import read_network

_NEW = None
Edit = Callable[[yamlmod.Model], yamlmod.Model]
Labels = list[int | None]


def _yolov5s() -> str:
    path = fork_folder("yolov5==7.0.14") / "models" / "yolov5s.yaml"
    return path.read_text(encoding="utf-8")


def _follow(before: str, after: str) -> Following:
    return follow(read_network(before, "a"), read_network(after, "b"))


def _pairs(labels: Labels) -> tuple[tuple[int, int], ...]:
    """What the pairs must be, from the old index of every new layer."""
    return tuple(sorted((old, new) for new, old in enumerate(labels) if old is not None))


def _inserted(*after: int, count: int = 25) -> Labels:
    labels: Labels = []
    for layer in range(count):
        labels += [layer, *[_NEW] * after.count(layer)]
    return labels


def _at_every_place() -> Iterator[tuple[int, ...]]:
    yield from ((place,) for place in range(24))
    yield from [(2, 8, 23), (17, 20, 23), (2, 3, 9)]


@pytest.mark.fork
def test_inserted_layers_at_every_place() -> None:
    text = _yolov5s()
    for after in _at_every_place():
        found = _follow(text, yamlmod.load(text).insert("ECA", after=after).to_text())
        assert found.pairs == _pairs(_inserted(*after)), after
        assert (found.moved, found.removed, found.difference) == ((), (), "")
        back = _follow(yamlmod.load(text).insert("ECA", after=after).to_text(), text)
        assert back.pairs == tuple((new, old) for old, new in found.pairs), after


_ALL: Labels = list(range(25))
_EDITS: dict[str, tuple[Edit, Labels, int]] = {
    "nothing": (lambda m: m, _ALL, 0),
    "remove SPPF": (lambda m: m.remove(9), [*_ALL[:9], *_ALL[10:]], 0),
    "replace SPPF": (lambda m: m.replace(9, "SPPCSPC"), _ALL, 0),
    "replace a C3 by its attention form": (lambda m: m.replace(4, "C3_ECA"), _ALL, 0),
    "remove a layer and insert two": (
        lambda m: m.remove(9).insert("ECA", after=[3, 16]),
        [*_ALL[:4], _NEW, *_ALL[4:9], *_ALL[10:18], _NEW, *_ALL[18:]],
        0,
    ),
    "replace beside an insertion": (
        lambda m: m.insert("SimAM", before="SPPF").replace("SPPF", "SPPCSPC"),
        _inserted(8),
        0,
    ),
    "move SPPF in front of a C3": (
        lambda m: m.move(9, after=5),
        [0, 1, 2, 3, 4, 5, 9, 6, 7, 8, *_ALL[10:]],
        1,
    ),
    "move and insert": (
        lambda m: m.move(9, after=5).insert("ECA", after=[2]),
        [0, 1, 2, _NEW, 3, 4, 5, 9, 6, 7, 8, *_ALL[10:]],
        1,
    ),
}


@pytest.mark.fork
@pytest.mark.parametrize("name", list(_EDITS))
def test_edits_of_yolov5s(name: str) -> None:
    edit, labels, moved = _EDITS[name]
    text = _yolov5s()
    found = _follow(text, edit(yamlmod.load(text)).to_text())
    assert found.pairs == _pairs(labels)
    assert len(found.moved) == moved
    kept = {old for old in labels if old is not None}
    assert found.removed == tuple(layer for layer in _ALL if layer not in kept)


@pytest.mark.fork
@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 23), min_size=1, max_size=6, unique=True))
def test_any_insertions(after: list[int]) -> None:
    text = _yolov5s()
    found = _follow(text, yamlmod.load(text).insert("SimAM", after=after).to_text())
    assert found.pairs == _pairs(_inserted(*after))


def test_the_end_of_a_block_stays_with_its_block() -> None:
    """Its readers read the end of a new, equal block; found in YOLOv7 with a P2."""
    head = "   [[{}], 1, Detect, [nc, anchors]],\n  ]\n"
    start = (
        "nc: 1\nanchors: 3\nbackbone:\n  [[-1, 1, Conv, [32, 3, 2]],\n"
        "   [-1, 1, Conv, [64, 1, 1]],\n  ]\nhead:\n  [[-1, 1, Conv, [{}]],\n"
    )
    new = "   [[-1, 1], 1, Concat, [1]],\n   [-1, 1, Conv, [64, 1, 1]],\n"
    down = "   [-1, 1, Conv, [128, 3, 2]],\n"
    before = start.format("128, 3, 2") + head.format("1, 2")
    after = start.format("16, 1, 1") + new + down + head.format("4, 5")
    assert _follow(before, after).pairs == ((0, 0), (1, 1), (2, 5), (3, 6))
    assert _follow(after, before).pairs == ((0, 0), (1, 1), (5, 2), (6, 3))


@pytest.mark.fork
def test_networks_of_other_scales() -> None:
    """Layers with weights are paired as the tables of the sweep say, and no others."""
    wrong = []
    cases = [case for case in (*small_cases(), *official_cases()) if case.layers]
    for case in cases:
        before, after = read_network(case.base, "a"), read_network(case.edited, "b")
        bare = {row.index for row in before.rows if row.module in ("Concat", "nn.Upsample")}
        found = {pair for pair in follow(before, after).pairs if pair[0] not in bare}
        wanted = {pair for pair in case.layers.items() if pair[0] not in bare}
        if found != wanted:
            wrong.append((case.name, found ^ wanted))
    assert len(cases) > 120 and wrong == []


@pytest.mark.fork
def test_a_stride_at_the_image_moves_all_layers_alike() -> None:
    text = _yolov5s()
    stem = "[[-1, 1, Conv, [64, 6, 2, 2]],  # 0-P1/2"
    assert text.count(stem) == 1
    more = text.replace(stem, "[[-1, 1, Conv, [16, 3, 2]],\n   [-1, 1, Conv, [64, 6, 2, 2]],")
    for old in ("[17, 20, 23]", "[-1, 6]", "[-1, 4]", "[-1, 14]", "[-1, 10]"):
        numbers = [int(x) for x in old.strip("[]").split(",")]
        new = [x + 1 if x >= 0 else x for x in numbers]
        more = more.replace(old, str(new))
    assert _follow(text, more).pairs == tuple((i, i + 1) for i in range(25))
