"""A block that makes ultralytics build another head is named in a warning."""

from __future__ import annotations

import pytest

from yamlmod.ops.head_switch import head_switch
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.replace.plan import replace
from yamlmod.ops.summary import outcome_warnings

NET = """\
nc: 80
scales:
  n: [0.33, 0.25, 1024]
backbone:
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, 3, C2f, [64, True]]
  - [-1, 3, C2f, [64, True]]
head:
  - [[1, 2], 1, Detect, [nc]]
"""


def _warnings(text: str, layer: int, module: str) -> list[str]:
    outcome = replace(read_network(text, "model.yaml"), layer, module)
    return [told for told in outcome_warnings(outcome) if "builds" in told]


@pytest.mark.parametrize(
    ("module", "hint"),
    [("C3k2", ""), ("C3k2_CBAM", "; C2f_CBAM leaves the head as it is"), ("C2fCIB", "")],
)
def test_the_first_such_block_changes_the_head(module: str, hint: str) -> None:
    (told,) = _warnings(NET, 1, module)
    assert told == (
        f"with {module} ultralytics builds the Detect of YOLO11: other layers for the classes, "
        f"which weights of this network do not fit{hint}"
    )


def test_the_last_one_that_goes_changes_it_back() -> None:
    one = NET.replace("C2f", "C3k2", 1)
    (told,) = _warnings(one, 1, "C2f")
    assert told.startswith("without C3k2 ultralytics builds the Detect of YOLOv8")


@pytest.mark.parametrize(
    ("text", "module"),
    [
        (NET, "C2f_CBAM"),
        (NET.replace("C2f", "C3k2"), "C3k2_CBAM"),  # there is one already
        (NET.replace("C2f", "C3k2", 1), "C3k2"),
        (NET.replace("[nc]", "[nc, anchors]"), "C3k2"),  # a head of YOLOv5
        (NET.replace("Detect", "v10Detect"), "C3k2"),
    ],
)
def test_nothing_is_said_where_the_head_stays(text: str, module: str) -> None:
    assert _warnings(text, 2, module) == []


def test_a_word_in_a_comment_is_no_block() -> None:
    assert head_switch(read_network(NET, "model.yaml"), NET + "# as C3k2\n") == []
    assert len(_warnings(NET + "# not C3k2\n", 1, "C3k2")) == 1
