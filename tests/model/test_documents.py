"""Files that are not what they should be: one message with its place, and nothing else."""

from __future__ import annotations

import time

import pytest

from tests.ops.samples import SMALL
from yamlmod.errors import Refusal
from yamlmod.ops.network import read_network

_TABLES = "backbone:\n  [[-1, 1, Conv, [8]]]\nhead:\n  [[-1, 1, Detect, [nc]]]\n"

# text -> code, line of the place, part of the message
BAD: list[tuple[str, str, str, int | None, str]] = [
    ("empty", "", "not-a-model", None, "not a model YAML"),
    ("a list", "- 1\n", "not-a-model", 1, "not a mapping"),
    ("no tables", "nc: 3\n", "not-a-model", None, "`backbone`"),
    ("an empty head", "backbone: [[-1, 1, A, []]]\nhead: []\n", "not-a-model", 2, "no rows"),
    ("head is no list", "backbone: [[-1, 1, A, []]]\nhead: 3\n", "bad-table", 2, "`head`"),
    (
        "three values",
        SMALL.replace("[-1, 1, SPPF, [512, 5]]", "[-1, 1, SPPF]"),
        "bad-row",
        16,
        "has 3",
    ),
    (
        "five values",
        SMALL.replace("[-1, 1, SPPF, [512, 5]]", "[-1, 1, SPPF, [512], 5]"),
        "bad-row",
        16,
        "has 5",
    ),
    ("args are no list", SMALL.replace("SPPF, [512, 5]", "SPPF, 512"), "bad-row", 16, "args"),
    ("a nameless module", SMALL.replace("SPPF, [512, 5]", "[], [512, 5]"), "bad-row", 16, "module"),
    ("a string reference", SMALL.replace("[[-1, 3]", "[[-1, a]"), "bad-reference", 23, "'a'"),
    ("a float reference", SMALL.replace("[[-1, 3]", "[[-1, 3.0]"), "bad-reference", 23, "'3.0'"),
    (
        "a huge reference",
        SMALL.replace("[[-1, 3]", "[[-1, 99999999999999999999]"),
        "bad-reference",
        23,
        "999",
    ),
    ("a quoted reference", SMALL.replace("[[-1, 3]", "[[-1, '3']"), "bad-reference", 23, "'3'"),
    ("a forward reference", SMALL.replace("[[-1, 3]", "[[-1, 9]"), "bad-reference", 23, "below"),
    ("itself", SMALL.replace("[[-1, 3]", "[[-1, 8]"), "bad-reference", 23, "itself"),
    ("out of range", SMALL.replace("[[9, 12]", "[[9, 32]"), "bad-reference", 31, "does not exist"),
    ("above the first", SMALL.replace("[[-1, 3]", "[[-1, -10]"), "bad-reference", 23, "above"),
    (
        "an empty list in the middle",
        SMALL.replace("[[-1, 3]", "[[]"),
        "bad-reference",
        23,
        "has no input",
    ),
    ("a duplicate key", SMALL + _TABLES, "duplicate-key", 33, "twice"),
    ("a third table", SMALL + "steam:\n  [[-1, 1, Conv, [8]]]\n", "third-table", 33, "steam"),
    ("layer numbers elsewhere", SMALL + "l1: 4\n", "layer-numbers-elsewhere", 33, "l1"),
    (
        "head above backbone",
        "head: [[-1, 1, D, []]]\nbackbone: [[-1, 1, A, []]]\n",
        "unusual-order",
        1,
        "above",
    ),
    (
        "an alias",
        "backbone:\n  - &a [-1, 1, C3, [8]]\n  - *a\nhead:\n  - [-1, 1, D, []]\n",
        "alias",
        2,
        "aliases",
    ),
    (
        "an alias elsewhere",
        "x: &a [1]\ny: [*a, *a]\nz: {k: *a}\n" + _TABLES,
        "alias",
        None,
        "aliases",
    ),
    ("a missing comma", SMALL.replace("[128, 3, 2]],", "[128, 3, 2]]"), "bad-yaml", 13, "parse"),
    (
        "a missing bracket",
        SMALL.replace("[-1, 1, SPPF, [512, 5]]", "[-1, 1, SPPF, [512, 5]"),
        "bad-yaml",
        None,
        "parse",
    ),
    (
        "a no-break space",
        SMALL.replace("   [-1, 3, C3, [256]]", " \xa0 [-1, 3, C3, [256]]"),
        "bad-yaml",
        None,
        "no-break",
    ),
    ("a tab", SMALL.replace("  [[-1, 1, Conv, [64", "\t[[-1, 1, Conv, [64"), "bad-yaml", None, ""),
    ("a control character", "nc: \x00\n", "bad-yaml", 1, "parse"),
    ("a web page", "<!DOCTYPE html>\n<html><body>nc: 1</body>\n", "", None, ""),
    ("two documents", SMALL + "---\nnc: 2\n", "bad-yaml", None, "parse"),
    ("old Mac newlines", SMALL.replace("\n", "\r"), "odd-newline", 1, "U+000D"),
    ("one lone CR", SMALL.replace("backbone:\n", "backbone:\r"), "odd-newline", 9, "U+000D"),
    ("a line separator", SMALL.replace("# 5", "# 5 \u2028"), "odd-newline", 16, "U+2028"),
    ("a tag", SMALL.replace("nc: 4", "nc: !!python/object/apply:os.system [x]"), "", None, ""),
]


@pytest.mark.parametrize(
    ("text", "code", "line", "part"), [b[1:] for b in BAD], ids=[b[0] for b in BAD]
)
def test_bad_files(text: str, code: str, line: int | None, part: str) -> None:
    try:
        read_network(text, "models/x.yaml")
    except Refusal as error:
        caught = error
    else:
        assert not code
        return
    report = "\n".join(caught.lines())
    assert code in ("", caught.code), report
    assert part in report
    assert report.startswith("models/x.yaml")
    assert line is None or (caught.place is not None and caught.place.line == line), report


def test_the_report_points_at_the_number() -> None:
    with pytest.raises(Refusal) as caught:
        read_network(SMALL.replace("[[9, 12]", "[[9, 32]"), "models/x.yaml")
    assert caught.value.lines() == [
        "models/x.yaml:31:9: error[bad-reference]: layer 13 Detect reads layer 32, which does not "
        "exist: the last is 13",
        "31 |    [[9, 32], 1, Detect, [nc, anchors]],  # Detect(P3, P4)",
        "   |         ^^",
        "  help: fix the file first: an unresolved reference cannot be updated (a fork "
        "that counts one row as several layers is not supported)",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "a: " + "[" * 3000 + "]" * 3000,
        "a: " + "{a: " * 3000,
        "- " * 20_000,
        "a: &a [x,x,x,x,x,x,x,x]\n"
        + "".join(
            f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n"
            for a, b in zip("abcdefgh", "bcdefghi", strict=True)
        )
        + _TABLES,
        "x: " + "9" * 300_000 + "\n" + _TABLES,
        "x: '" + "y" * 5_000_000,
    ],
    ids=["brackets", "closed brackets", "braces", "dashes", "aliases", "digits", "size"],
)
def test_bombs_end_soon(text: str) -> None:
    start = time.monotonic()
    try:
        read_network(text, "x.yaml")
    except Refusal as error:
        assert error.code in ("too-deep", "too-large", "alias", "bad-yaml")
    # A bound against hangs, two orders above what it takes; not a measurement.
    assert time.monotonic() - start < 60


def test_settings_that_make_no_sense_do_no_harm() -> None:
    for old, new in (
        ("width_multiple: 0.50", "width_multiple: [1]"),
        ("width_multiple: 0.50", "width_multiple: -1"),
        ("nc: 4", "nc: many"),
        ("anchors:\n", "anchors: 3\nold:\n"),
        ("depth_multiple: 0.33", "scales:\n  n: [1]\n  s: 3"),
        ("depth_multiple: 0.33", "scales:\n  n: [0.3, 0.25, 1024]"),
    ):
        model = read_network(SMALL.replace(old, new), "x.yaml")
        assert len(model.shapes.layers) == 14
