"""Modules that change the size of a map: they replace each other, and are inserted nowhere else."""

from __future__ import annotations

import pytest

from yamlmod.errors import Refusal
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.replace.plan import replace

from .helpers import insert_text

NET = """\
nc: 80
depth_multiple: 1.0
width_multiple: 0.5
anchors:
  - [10,13, 16,30, 33,23]
  - [30,61, 62,45, 59,119]
backbone:
  [[-1, 1, Conv, [64, 3, 2]],
   [-1, 1, Conv, [128, 3, 2]],
   [-1, 1, Conv, [256, 3, 2]]]
head:
  [[-1, 1, Conv, [128, 1, 1]],
   [-1, 1, nn.Upsample, [None, 2, nearest]],
   [[-1, 1], 1, Concat, [1]],
   [-1, 3, C3, [128]],
   [[6, 3], 1, Detect, [nc, anchors]]]
"""


def replaced(text: str, layer: int, module: str, **options: object) -> tuple[str, float | None]:
    """The new row's module and args, and its stride."""
    outcome = replace(read_network(text, "model.yaml"), layer, module, **options)  # type: ignore[arg-type]
    network = read_network(outcome.text, "model.yaml")
    row = network.document.rows[layer]
    return f"{row.module} {list(row.args)}", network.shapes[layer].stride


UPSAMPLERS = ["DySample", "CARAFE"]


@pytest.mark.parametrize("module", UPSAMPLERS)
def test_an_upsampler_grows_as_much_as_what_it_replaces(module: str) -> None:
    assert replaced(NET, 4, module) == (f"{module} []", 4)
    four = NET.replace("[None, 2, nearest]", "[None, 4, nearest]").replace(
        "[-1, 1], 1", "[-1, 0], 1"
    )
    assert replaced(four, 4, module) == (f"{module} [4]", 2)


@pytest.mark.parametrize("module", UPSAMPLERS)
def test_its_stride_is_known_behind_it(module: str) -> None:
    text = NET.replace("nn.Upsample, [None, 2, nearest]", f"{module}, []")
    strides = [shape.stride for shape in read_network(text, "model.yaml").shapes.layers]
    assert strides[3:7] == [8, 4, 4, 4]


@pytest.mark.parametrize(("module", "layer"), [("DySample", 3), ("DySample", 6), ("DySample", 2)])
def test_it_replaces_nothing_of_another_stride(module: str, layer: int) -> None:
    with pytest.raises(Refusal) as refusal:
        replaced(NET, layer, module)
    assert refusal.value.code == "changes-stride"


@pytest.mark.parametrize("module", ["DySample", "SPDConv"])
@pytest.mark.parametrize("place", [{"at": (2,)}, {"after": ("6",)}, {"edge": ("6:7",)}])
def test_inserted_where_others_would_change_size_it_is_refused(module: str, place: dict) -> None:
    with pytest.raises(Refusal) as refusal:
        insert_text(NET, module, **place)
    assert refusal.value.code == "changes-stride" and "yamlmod replace" in refusal.value.hint


@pytest.mark.parametrize("module", ["DySample", "SPDConv"])
def test_a_branch_of_its_own_is_free(module: str) -> None:
    text = insert_text(NET, module, after=("6",), readers=(), allow_dead=True)
    assert read_network(text, "model.yaml").document.rows[7].module == module
