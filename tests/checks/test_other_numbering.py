"""Files whose forks count or wire otherwise: what is said of them, and what is not."""

from __future__ import annotations

from yamlmod.checks.finding import Finding
from yamlmod.checks.run import Options, check_text
from yamlmod.ops.network import registry_kinds

_HEAD = """\
head:
  - [-1, 1, SPPF, [1024, 5]]  # {}
  - [-1, 1, nn.Upsample, [None, 2, nearest]]
  - [[-1, 3], 1, Concat, [1]]
  - [-1, 1, C3, [512]]
  - [-1, 1, Conv, [256, 3, 2]]
  - [[-1, 5], 1, Concat, [1]]
  - [-1, 1, C3, [512]]
  - [[8, 11], 1, Detect, [nc, anchors]]
"""


def _found(text: str) -> list[Finding]:
    return list(check_text(text, "x.yaml", Options()))


def test_a_backbone_that_counts_as_five_layers() -> None:
    text = "nc: 4\nanchors: 3\nbackbone:\n  - [-1, 1, vovnet39a, [False]]\n" + _HEAD.format("x")
    (item,) = _found(text)
    assert (item.rule, item.severity, item.layer, item.place.line) == (
        "not-a-model",
        "warning",
        0,
        4,
    )
    assert "5 layers" in item.message
    below = text.replace("  - [-1, 1, vovnet", "  - [-1, 1, Silence, []]\n  - [-1, 1, vovnet")
    (item,) = _found(below.replace("[8, 11]", "[9, 12]").replace(" 5]", " 6]"))
    assert (item.rule, item.layer) == ("not-a-model", 1)


def test_a_known_first_row_is_one_layer() -> None:
    text = "nc: 4\nanchors: 3\nbackbone:\n  - [-1, 1, Conv, [64, 3, 2]]\n" + _HEAD.format("x")
    assert {item.rule for item in _found(text)} == {"references", "wiring"}


def test_comments_tell_how_many_layers_a_row_counts_for() -> None:
    text = "nc: 4\nanchors: 3\nbackbone:\n  - [-1, 1, fasternet, []]  # 4\n"
    text += "  - [-1, 1, SPPF, [64, 5]]  # 5\nhead:\n  - [-1, 1, C3, [64]]  # 6\n"
    text += "  - [[2], 1, Detect, [nc, anchors]]\n"
    (item,) = _found(text)
    assert (item.rule, item.layer) == ("not-a-model", 0)
    # With one comment that is right it is a file with wrong comments.
    assert {item.rule for item in _found(text.replace("# 5", "# 1"))} == {"index-comment"}


_STREAM = """\
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, 1, Conv, [128, 3, 2]]
  - [-1, 3, C2f, [128, True]]
  - [-1, 1, Conv, [256, 3, 2]]
  - [-1, 6, C2f, [256, True]]
"""


def test_a_second_stream_has_an_image_of_its_own() -> None:
    head = "head:\n  - [[4, 9], 1, Concat, [1]]\n  - [-1, 1, C2f, [256]]\n"
    head += "  - [[11], 1, Detect, [nc]]\n"
    assert _found("nc: 4\nbackbone:\n" + _STREAM + _STREAM + head) == []
    first = "  - [-1, 1, Split, [4]]\n"
    moved = head.replace("[4, 9]", "[5, 10]").replace("[11]", "[12]")
    assert _found("nc: 4\nbackbone:\n" + first + _STREAM + _STREAM + moved) == []
    # Another beginning is a deeper layer, and is joined with a shallow one.
    other = _STREAM.replace("128", "192")
    found = _found("nc: 4\nbackbone:\n" + _STREAM + other + head)
    assert [(item.rule, item.layer) for item in found] == [("operand-strides", 10)]


def test_a_dead_layer_is_not_told_where_a_number_leads_nowhere() -> None:
    text = "nc: 4\nanchors: 3\nbackbone:\n" + _STREAM + "head:\n  - [[9], 1, Detect, [nc]]\n"
    assert {item.rule for item in _found(text)} == {"references"}


def test_a_class_of_the_forks_own_under_a_known_name() -> None:
    """A pruned model gives every C3 six args: that is its class, and no slip of one row."""
    rows = "".join(f"  - [-1, 1, C3, [64, 32, 32, 64, {i}, 0.5]]\n" for i in range(3))
    head = "head:\n  - [[2], 1, Detect, [nc]]\n"
    assert _found("nc: 4\nbackbone:\n" + rows + head) == []
    one = rows.replace("[64, 32, 32, 64, 1, 0.5]", "[64, True]")
    found = _found("nc: 4\nbackbone:\n" + one + head)
    assert [(item.rule, item.layer) for item in found] == [("arguments", 0), ("arguments", 2)]


def test_strides_that_no_network_has_are_not_known() -> None:
    """GhostBottleneck of some forks has its kernel where the stride stands elsewhere."""
    rows = "  - [-1, 1, Conv, [16, 3, 2]]\n  - [-1, 1, GhostBottleneck, [24, 72, 3, 1]]\n"
    head = "head:\n  - [[0, 1], 1, Concat, [1]]\n  - [[2], 1, Detect, [nc]]\n"
    assert _found("nc: 4\nbackbone:\n" + rows + head) == []


def test_inputs_of_one_stride_out_of_order_are_a_warning() -> None:
    """Three inputs 8, 4, 8 are put together on purpose; 4, 8, 8 is a number that slipped."""
    rows = "  - [-1, 1, Conv, [64, 3, 2]]\n" * 3 + "  - [-1, 1, C2f, [64, True]]\n"
    head = "head:\n  - [{}, 1, Detect, [nc]]\n"
    for given, severity in (("[2, 1, 3]", "warning"), ("[1, 2, 3]", "error")):
        found = _found("nc: 4\nbackbone:\n" + rows + head.format(given))
        assert [(f.rule, f.severity) for f in found if f.rule == "head-inputs"] == [
            ("head-inputs", severity)
        ]


def test_a_block_may_change_channels() -> None:
    text = "nc: 4\nwidth_multiple: 0.5\nbackbone:\n  - [-1, 1, Conv, [64, 3, 2]]\n"
    text += "  - [-1, 1, {}, [32]]\nhead:\n  - [[1], 1, Detect, [nc]]\n"
    options = Options(registry_kinds)
    assert check_text(text.format("C3CA"), "x.yaml", options) == ()
    assert [f.rule for f in check_text(text.format("ACmix"), "x.yaml", options)] == ["arguments"]
