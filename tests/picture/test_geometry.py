"""Boxes, lines and labels of every official network: nothing overlaps and nothing is missing."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.picture.networks import network_of, official_names, official_network
from tools.figures import crossings, faults
from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.picture.build import DrawOptions, network_scene
from yamlmod.picture.figure import Figure
from yamlmod.picture.geometry import draw_scene


def _figure(network: Network, fold: bool = True) -> Figure:
    return draw_scene(network_scene(network, DrawOptions()), fold)


@pytest.mark.parametrize("name", official_names())
def test_official_networks(name: str) -> None:
    network = official_network(name)
    for fold in (True, False):
        figure = _figure(network, fold)
        assert faults(figure, network) == []
        assert bool(figure.groups) <= fold


def _named(part: str) -> str:
    return next(name for name in official_names() if name.endswith(part))


@pytest.mark.parametrize(
    ("part", "columns", "groups", "most"),
    [
        ("yolov5 v6.0 yolov5l", 4, 0, 0),
        ("8.4.190 yolov8", 4, 0, 0),
        ("8.4.190 yolo11", 4, 0, 0),
        ("8.4.190 rtdetr-l", 4, 0, 0),
        ("yolov7 yolov7", 5, 13, 1),
    ],
)
def test_layouts_are_as_published(part: str, columns: int, groups: int, most: int) -> None:
    """Backbone down, neck up, neck down, heads on the right; folded blocks; few crossings."""
    figure = _figure(official_network(_named(part)))
    lefts = {box.rect.x for box in figure.boxes} | {group.rect.x for group in figure.groups}
    assert len(lefts) == columns
    assert len(figure.groups) == groups
    assert crossings(figure) <= most


def test_rows_are_strides_and_skips_run_level() -> None:
    figure = _figure(official_network(_named("yolov5 v6.0 yolov5l")))
    middle = {box.node.number: box.rect.middle[1] for box in figure.boxes}
    for source, target in ((4, 16), (6, 12)):
        assert middle[source] == middle[target]
    # The upward pass is stacked bottom-up, and the head is at the level of its inputs.
    assert middle[10] > middle[11] > middle[12] > middle[13] > middle[14] > middle[15] > middle[17]
    head = next(box for box in figure.boxes if box.node.number == 24)
    assert head.rect.y <= middle[17] and middle[23] <= head.rect.bottom
    labels = [text.text for band in figure.bands for text in band.label]
    assert labels == ["P1", "/2", "P2", "/4", "P3", "/8", "P4", "/16", "P5", "/32"]


def test_an_unknown_module_keeps_the_stride_where_every_join_agrees() -> None:
    network = network_of(
        "[-1, 1, Conv, [64, 3, 2]]",
        "[-1, 1, Strange, [64]]",
        "[[-1, 0], 1, Concat, [1]]",
        "[[2], 1, Detect, [nc]]",
    )
    scene = network_scene(network, DrawOptions())
    assert [node.stride for node in scene.nodes] == [1, 2, 2, 2, None]
    assert any("Strange" in note for note in scene.notes)


def test_strides_that_are_not_known_are_said_to_be_so() -> None:
    rows = ["[-1, 1, Conv, [64, 3, 2]]", "[-1, 1, Strange, [64]]", "[-1, 1, Conv, [64, 3, 2]]"]
    rows += [*(["[-1, 1, Conv, [64, 3, 1]]"] * 40), "[[-1, 0], 1, Concat, [1]]"]
    network = network_of(*rows, "[[-1], 1, Detect, [nc]]")
    scene = network_scene(network, DrawOptions())
    assert scene.in_file_order
    assert any("file order" in note for note in scene.notes)
    figure = _figure(network)
    assert faults(figure, network) == []
    assert len({box.rect.x for box in figure.boxes}) == 4  # three columns and the head


@st.composite
def _rows(draw: st.DrawFn) -> list[str]:
    rows = []
    modules = ["Conv, [64, 3, 2]", "Conv, [64]", "nn.Upsample, [None, 2, nearest]", "My, [1]"]
    count = draw(st.integers(2, 30))
    for index in range(count):
        if index > 1 and draw(st.integers(0, 3)) == 0:
            sources = draw(st.lists(st.integers(0, index - 1), min_size=2, max_size=6))
            rows.append(f"[{sources}, 1, Concat, [1]]")
        else:
            source = draw(st.integers(0, index - 1)) if index else -1
            source = -1 if draw(st.booleans()) else source
            rows.append(f"[{source}, {draw(st.integers(1, 9))}, {draw(st.sampled_from(modules))}]")
    ends = draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=5))
    return [*rows, f"[{ends}, 1, Detect, [nc]]"]


@settings(max_examples=150, deadline=None)
@given(_rows(), st.booleans())
def test_any_network(rows: list[str], fold: bool) -> None:
    network = network_of(*rows)
    assert faults(_figure(network, fold), network) == []


@pytest.mark.parametrize(
    "name", ["通道注意力" * 4, "W" * 400, "مرحبا", "🙂🙂🙂", "e\u0301" * 30, "﷽"]
)
def test_long_and_foreign_names_stay_inside(name: str) -> None:
    network = network_of("[-1, 1, Conv, [64, 3, 2]]", f'[-1, 1, "{name}", []]')
    assert faults(_figure(network), network) == []


def _many(count: int) -> Network:
    zeros = ",".join(["0"] * count)
    return network_of("[-1, 1, Conv, [8]]", f"[[{zeros}], 1, Concat, [1]]", "[-1, 1, Detect, [nc]]")


def test_a_layer_with_very_many_inputs_takes_no_minutes() -> None:
    network = _many(3000)
    start = time.process_time()
    figure = _figure(network)
    assert time.process_time() - start < 5
    assert len(figure.strokes) == 3002
    with pytest.raises(Refusal, match="at most 10,000"):
        _figure(_many(10_001))


def test_the_checker_sees_every_fault() -> None:
    """Each kind of fault, planted in a drawing without any."""
    network = official_network(_named("yolov7 yolov7"))
    figure = _figure(network)
    first, second = figure.boxes[:2]
    stroke = next(s for s in figure.strokes if s.keys == (first.node.key, second.node.key))
    far = figure.boxes[-1].rect

    def without(**changes: object) -> list[str]:
        return faults(replace(figure, **changes), network)  # type: ignore[arg-type]

    assert "overlap" in without(boxes=(*figure.boxes[1:], first._replace(rect=second.rect)))[0]
    moved = stroke._replace(points=((0.0, far.middle[1]), (far.right, far.middle[1])))
    found = " ".join(without(strokes=(*figure.strokes, moved)))
    assert "goes through box" in found and "does not end at" in found and "or two" in found
    slanted = stroke._replace(points=((0.0, 0.0), (1.0, 1.0)))
    assert "neither level" in " ".join(without(strokes=(*figure.strokes, slanted)))
    assert "on each other" in " ".join(without(strokes=(*figure.strokes, stroke._replace())))
    assert "have no box" in " ".join(without(boxes=figure.boxes[:-2]))
    assert "without a line" in " ".join(without(strokes=figure.strokes[1:]))
    wide = second._replace(texts=(second.texts[0]._replace(text="W" * 40),))
    assert "not inside" in without(boxes=(first, wide, *figure.boxes[2:]))[0]
    group = figure.groups[0]
    low = group._replace(texts=(group.texts[0]._replace(y=group.boxes[0].rect.bottom),))
    assert "is on box" in " ".join(without(groups=(low, *figure.groups[1:])))
