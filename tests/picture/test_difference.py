"""What is added, gone, replaced, moved and rewired, and what a check found, is on the drawing."""

from __future__ import annotations

import pytest

from tests.picture.networks import network_of
from tests.picture.reading import drawn, texts
from tools.figures import faults
from yamlmod.checks.run import Options, check_document
from yamlmod.model.network import Network
from yamlmod.ops.network import registry_kinds
from yamlmod.picture.build import DrawOptions
from yamlmod.picture.drawing import Drawing
from yamlmod.picture.render import render
from yamlmod.picture.themes import THEMES
from yamlmod.usecases.draw import marks_of

_BASE = (
    "[-1, 1, Conv, [64, 3, 2]]",
    "[-1, 3, C3, [64]]",
    "[-1, 1, Conv, [128, 3, 2]]",
    "[-1, 1, SPPF, [128, 5]]",
    "[-1, 1, nn.Upsample, [None, 2, nearest]]",
    "[[-1, 1], 1, Concat, [1]]",
    "[-1, 3, C3, [64]]",
    "[[6], 1, Detect, [nc]]",
)


def _changed(*edits: tuple[int, str | None], new: tuple[tuple[int, str], ...] = ()) -> Network:
    rows: list[str | None] = [*_BASE]
    for index, row in edits:
        rows[index] = row
    for index, row in sorted(new, reverse=True):
        rows.insert(index, row)
    return network_of(*[row for row in rows if row is not None])


@pytest.mark.parametrize(
    ("after", "layers", "edges"),
    [
        pytest.param(_changed(), set(), set(), id="the same"),
        pytest.param(
            _changed((7, "[[7], 1, Detect, [nc]]"), new=((4, "[-1, 1, SimAM, []]"),)),
            {(4, "SimAM", "added")},
            {(3, 4, "added"), (4, 5, "added")},
            id="added",
        ),
        pytest.param(
            _changed((3, None), (7, "[[5], 1, Detect, [nc]]")),
            {(3, "SPPF", "removed")},
            {(2, 3, "removed"), (3, 4, "removed"), (2, 3, "rewired")},
            id="removed",
        ),
        pytest.param(
            _changed((3, "[-1, 1, SPP, [128, [5, 9, 13]]]")),
            {(3, "SPP", "replaced")},
            set(),
            id="replaced",
        ),
        pytest.param(
            _changed((3, "[-1, 1, SPPF, [128, 7]]")), {(3, "SPPF", "changed")}, set(), id="args"
        ),
        pytest.param(
            _changed((5, "[[-1, 0], 1, Concat, [1]]")),
            set(),
            {(0, 5, "rewired"), (1, 5, "removed")},
            id="rewired",
        ),
    ],
)
def test_changes_are_on_the_drawing(
    after: Network, layers: set[tuple[int, str, str]], edges: set[tuple[int, int, str]]
) -> None:
    drawing = Drawing(after, DrawOptions(), network_of(*_BASE))
    found = drawn(render(drawing, "svg"))
    assert found.changed() == layers
    assert found.rewired() == edges
    assert faults(drawing.figure, after) == []


def test_a_layer_that_moved_is_shown_where_it_was_and_is() -> None:
    base = network_of(*_BASE[:4], "[-1, 1, SimAM, []]", *_BASE[4:7], "[[7], 1, Detect, [nc]]")
    after = network_of(*_BASE[:7], "[-1, 1, SimAM, []]", "[[7], 1, Detect, [nc]]")
    found = drawn(render(Drawing(after, DrawOptions(), base), "svg"))
    assert found.changed() == {(4, "SimAM", "moved"), (7, "SimAM", "moved")}


def test_a_ghost_has_the_numbers_of_its_own_file_and_says_what_was_replaced() -> None:
    after = _changed((3, "[-1, 1, SPP, [128]]"))
    assert "128 · P2 · was SPPF" in texts(
        render(Drawing(after, DrawOptions(), network_of(*_BASE)), "svg")
    )


def test_both_sides() -> None:
    after = _changed((3, None), (7, "[[5], 1, Detect, [nc]]"))
    drawing = Drawing(after, DrawOptions(), network_of(*_BASE), side_by_side=True)
    found = drawn(render(drawing, "svg"))
    assert len(found.layers) == 8 + 7
    assert found.changed() == {(3, "SPPF", "removed")}
    assert [faults(figure) for _, figure in drawing.figure.children] == [[], []]


@pytest.mark.parametrize("name", sorted(THEMES))
def test_every_change_has_a_line_style_of_its_own(name: str) -> None:
    """In grey print and for colour-blind readers the colour says nothing."""
    theme = THEMES[name]
    boxes = [theme.box("conv", c) for c in ("", "added", "removed", "replaced", "moved", "changed")]
    assert len({(box.width, box.dash, box.is_double) for box in boxes}) == len(boxes)
    lines = [theme.edge_style(c) for c in ("", "added", "removed", "rewired", "wrong", "right")]
    assert len({(line.width, line.dash) for line in lines}) == len(lines)


def _checked(network: Network) -> Drawing:
    findings = check_document(network.document, Options(registry_kinds))
    return Drawing(network, DrawOptions(), marks=marks_of(network, findings))


def test_a_wrong_read_is_drawn_with_the_right_one() -> None:
    rows = (
        "[-1, 1, Conv, [64, 6, 2, 2]]", "[-1, 1, Conv, [128, 3, 2]]", "[-1, 3, C3, [128]]",
        "[-1, 1, Conv, [256, 3, 2]]", "[-1, 6, C3, [256]]", "[-1, 1, Conv, [512, 3, 2]]",
        "[-1, 9, C3, [512]]", "[-1, 1, Conv, [1024, 3, 2]]", "[-1, 3, C3, [1024]]",
        "[-1, 1, SimAM, []]", "[-1, 1, SPPF, [1024, 5]]", "[-1, 1, Conv, [512, 1, 1]]",
        "[-1, 1, nn.Upsample, [None, 2, nearest]]", "[[-1, 6], 1, Concat, [1]]",
        "[-1, 3, C3, [512, False]]", "[-1, 1, Conv, [256, 1, 1]]",
        "[-1, 1, nn.Upsample, [None, 2, nearest]]", "[[-1, 4], 1, Concat, [1]]",
        "[-1, 3, C3, [256, False]]", "[-1, 1, Conv, [256, 3, 2]]", "[[-1, 14], 1, Concat, [1]]",
        "[-1, 3, C3, [512, False]]", "[-1, 1, Conv, [512, 3, 2]]", "[[-1, 11], 1, Concat, [1]]",
        "[-1, 3, C3, [1024, False]]", "[[18, 21, 24], 1, Detect, [nc, anchors]]",
    )  # fmt: skip
    settings = "nc: 80\ndepth_multiple: 1.0\nwidth_multiple: 1.0\nanchors: 3\n"
    drawing = _checked(network_of(*rows, backbone=11, settings=settings))
    svg = render(drawing, "svg")
    assert drawn(svg).rewired() == {(14, 20, "wrong"), (15, 20, "right")}
    assert 'data-severity="error"' in svg
    assert any("layer 20 Concat reads 14 C3 instead of 15 Conv" in text for text in texts(svg))
    assert faults(drawing.figure) == []


def test_dead_layers_are_hatched() -> None:
    network = network_of(*_BASE[:7], "[-1, 1, CBAM, [64]]", "[[6], 1, Detect, [nc]]")
    svg = render(_checked(network), "svg")
    assert svg.count('data-dead="true"') == 1
    assert 'data-layer="7" data-module="CBAM"' in svg and "url(#hatch)" in svg
    assert "no findings" not in svg


def test_a_file_without_findings_says_so() -> None:
    rows = ("[-1, 1, Conv, [64, 3, 2]]", "[[0], 1, Detect, [nc]]")
    assert "No findings." in texts(render(_checked(network_of(*rows)), "svg"))
