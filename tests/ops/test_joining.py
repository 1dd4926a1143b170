"""Modules that read a list: they replace a Concat or a sum, or are inserted with their inputs."""

from __future__ import annotations

import pytest

from yamlmod.errors import Refusal
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.insert.plan import insert
from yamlmod.ops.operations.insert.request import Request
from yamlmod.ops.operations.remove.plan import remove
from yamlmod.ops.operations.replace.plan import replace
from yamlmod.ops.positions import resolve_positions
from yamlmod.registry.catalogue import get

from .helpers import wiring

NET = """\
nc: 80
depth_multiple: 1.0
width_multiple: 0.5
anchors: 3
backbone:
  [[-1, 1, Conv, [64, 3, 2]],
   [-1, 1, Conv, [128, 3, 2]],
   [-1, 1, Conv, [256, 3, 2]],
   [-1, 1, Conv, [512, 3, 2]]]
head:
  [[-1, 1, Conv, [256, 1, 1]],
   [-1, 1, nn.Upsample, [None, 2, nearest]],
   [[-1, 2], 1, Concat, [1]],
   [-1, 3, C3, [128]],
   [-1, 1, Conv, [256, 3, 2]],
   [[-1, 4], 1, Concat, [1]],
   [-1, 3, C3, [256]],
   [[1, 7, 10], 1, Detect, [nc, anchors]]]
"""
HEAD = 11


def replaced(text: str, layer: int, module: str) -> tuple[str, int | None, tuple[int | None, ...]]:
    """The new row, and the channels behind it: as the YAML counts them, and at each scale."""
    outcome = replace(read_network(text, "model.yaml"), layer, module)
    network = read_network(outcome.text, "model.yaml")
    row, shape = network.document.rows[layer], network.shapes[layer]
    return f"{row.from_value} {row.module} {list(row.args)}", shape.nominal, shape.real[:1]


@pytest.mark.parametrize(
    ("module", "row", "channels"),
    [
        ("BiFPN_Concat", "[-1, 2] BiFPN_Concat []", (512, (256,))),
        ("BiFPN_Concat2", "[-1, 2] BiFPN_Concat []", (512, (256,))),
        ("BiFPN_Add", "[-1, 2] BiFPN_Add []", (256, (128,))),
    ],
)
def test_a_fusion_takes_the_inputs_of_a_concat(
    module: str, row: str, channels: tuple[int, tuple[int, ...]]
) -> None:
    assert replaced(NET, 6, module) == (row, *channels)


def test_a_sum_is_replaced_with_its_channels() -> None:
    text = NET.replace("[[-1, 2], 1, Concat, [1]]", "[[-1, 2], 1, Add, []]")
    assert replaced(text, 6, "BiFPN_Add") == ("[-1, 2] BiFPN_Add []", 256, (128,))


def test_of_three_inputs_all_channels_count() -> None:
    text = NET.replace("[[-1, 4], 1, Concat", "[[-1, 4, 3], 1, Concat")
    assert replaced(text, 9, "BiFPN_Concat")[1] == 256 + 256 + 512


def test_replacing_a_concat_and_back_gives_the_bytes() -> None:
    model = read_network(replace(read_network(NET, "m.yaml"), 6, "BiFPN_Concat").text, "m.yaml")
    assert replace(model, 6, "Concat", [1]).text == NET


@pytest.mark.parametrize(
    ("layer", "module", "code"),
    [
        (7, "BiFPN_Concat", "needs-inputs"),
        (7, "BiFPN_Add", "needs-inputs"),
        (6, "ASFF", "needs-inputs"),
        (6, "SimAM", "joins-inputs"),
        (6, "GhostConv", "joins-inputs"),
    ],
)
def test_what_reads_another_number_of_layers_is_no_replacement(
    layer: int, module: str, code: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        replace(read_network(NET, "model.yaml"), layer, module)
    assert refusal.value.code == code and refusal.value.place is not None


def inserted(module: str, sources: tuple[int, ...] | None, **words: object) -> str:
    """The text with a module that reads ``sources``."""
    model = read_network(NET, "model.yaml")
    positions = tuple(resolve_positions(model, **words))  # type: ignore[arg-type]
    return insert(model, Request(module, positions, sources=sources)).text


def test_each_level_of_the_head_gets_its_own() -> None:
    edges = [f"{layer}:{HEAD}" for layer in (1, 7, 10)]
    text = inserted("ASFF", (10, 7, 1), edge=edges, at_end=True)
    network = read_network(text, "model.yaml")
    assert wiring(text)[11:] == [
        *[("ASFF", [10, 7, 1])] * 3,
        ("Detect", [11, 12, 13]),
    ]
    assert [list(row.args) for row in network.document.rows[11:14]] == [[2], [1], [0]]
    old = read_network(NET, "model.yaml").shapes
    assert [network.shapes[new] for new in (11, 12, 13)] == [old[1], old[7], old[10]]


@pytest.mark.parametrize("number", [11, 12, 13])
def test_its_removal_needs_the_input_to_read_and_restores_the_bytes(number: int) -> None:
    layer = (1, 7, 10)[number - 11]
    text = inserted("ASFF", (10, 7, 1), edge=[f"{layer}:{HEAD}"], at_end=True)
    model = read_network(text, "model.yaml")
    with pytest.raises(Refusal, match="joins 3"):
        remove(model, [HEAD])
    assert remove(model, [HEAD], sources=[layer]).text == NET


@pytest.mark.parametrize(
    ("module", "sources", "words", "code"),
    [
        ("BiFPN_Concat", None, {"after": ("7",)}, "needs-inputs"),
        ("BiFPN_Add", (7,), {"after": ("7",)}, "needs-inputs"),
        ("ASFF", (10, 7), {"after": ("10",)}, "needs-inputs"),
        ("ASFF", (1, 7, 10), {"after": ("10",)}, "operand-strides"),
        ("BiFPN_Add", (7, 10), {"after": ("10",)}, "operand-strides"),
        ("SimAM", (7, 2), {"after": ("7",)}, "joins-inputs"),
        ("BiFPN_Add", (5, 2), {"after": ("6",)}, "source-lost"),
        ("BiFPN_Add", (7, 2), {"after": ("7",), "edge": ("7:8",)}, None),
        ("BiFPN_Add", (7, 2), {"after": ("7", "8")}, "usage"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(
    module: str, sources: tuple[int, ...] | None, words: dict[str, object], code: str | None
) -> None:
    with pytest.raises(Refusal) as refusal:
        inserted(module, sources, **words)
    assert code is None or refusal.value.code == code


def test_a_sum_beside_another_layer_keeps_channels_and_stride() -> None:
    text = inserted("BiFPN_Add", (7, 6), after=("7",))
    network = read_network(text, "model.yaml")
    assert network.shapes[8] == read_network(NET, "model.yaml").shapes[7]
    assert wiring(text)[8] == ("BiFPN_Add", [7, 6])


def test_args_are_checked_against_the_manifest() -> None:
    model = read_network(NET, "model.yaml")
    with pytest.raises(Refusal, match="dimension must be"):
        replace(model, 6, "BiFPN_Concat", [512])
    assert replace(model, 6, "BiFPN_Concat", [1]).text == NET.replace(
        "[[-1, 2], 1, Concat", "[[-1, 2], 1, BiFPN_Concat"
    )


@pytest.mark.parametrize("layer", [3, 8])
def test_a_convolution_takes_the_args_of_another(layer: int) -> None:
    model = read_network(NET, "model.yaml")
    for module in ("GhostConv", "RepConv", "DynamicConv"):
        outcome = replace(model, layer, module)
        row = read_network(outcome.text, "model.yaml").document.rows[layer]
        assert row.args == model.document.rows[layer].args
        assert row.module == module


def test_where_a_convolution_cannot_take_them_it_gets_the_channels() -> None:
    model = read_network(NET, "model.yaml")
    row = read_network(replace(model, 4, "RepConv").text, "model.yaml").document.rows[4]
    assert list(row.args) == [256]  # a 1x1 kernel is not its


def test_every_fusion_module_says_how_many_layers_it_reads() -> None:
    assert {get(n).least_inputs for n in ("BiFPN_Concat", "BiFPN_Add")} == {2}
    assert get("ASFF").least_inputs == 3 and get("SimAM").least_inputs == 1


def test_inputs_of_unequal_channels_are_refused_where_a_module_needs_equal_ones() -> None:
    network = read_network(NET, "model.yaml")
    with pytest.raises(Refusal, match=r"Upsample with 128, 2 Conv with 64 channels") as caught:
        replace(read_network(NET.replace("[256, 3, 2]],\n   [-1, 1, Conv, [512", "[128, 3, 2]],\n"
                "   [-1, 1, Conv, [512"), "model.yaml"), 6, "attention_model")  # fmt: skip
    assert caught.value.code == "operand-channels" and "by a Conv" in caught.value.hint
    assert "attention_model, []" in replace(network, 6, "attention_model").text


def test_more_inputs_than_a_module_takes_are_refused() -> None:
    network = read_network(NET.replace("[[-1, 2], 1, Concat", "[[-1, 2, 2], 1, Concat"), "m.yaml")
    with pytest.raises(Refusal, match="joins 2 inputs, and would read 3") as caught:
        replace(network, 6, "attention_model")
    assert caught.value.code == "needs-inputs" and "of 2 inputs" in str(caught.value.hint)
    assert "BiFPN_Add, []" in replace(network, 6, "BiFPN_Add").text
