"""Selectors: every word and the layers it names, on a small net and on an official one."""

from __future__ import annotations

import pytest

from tests.ops.samples import SMALL
from yamlmod.errors import Refusal
from yamlmod.ops.network import read_network

# SMALL: 0 Conv, 1 Conv, 2 Conv, 3 C3, 4 Conv, 5 SPPF | 6 Conv, 7 nn.Upsample, 8 Concat, 9 C3,
# 10 Conv, 11 Concat, 12 C3, 13 Detect
WORDS: list[tuple[str, list[int]]] = [
    ("0", [0]),
    ("13", [13]),
    ("SPPF", [5]),
    ("sppf", [5]),
    (" SPPF ", [5]),
    ("nn.Upsample", [7]),
    ("C3#2", [9]),
    ("c3#2", [9]),
    ("C3#*", [3, 9, 12]),
    ("Detect", [13]),
    ("4..6", [4, 5, 6]),
    ("4..4", [4]),
    ("P3", [9]),
    ("p4", [12]),
    ("P3/8", [9]),
    ("head.P3", [9]),
    ("backbone.P3", [3]),
    ("backbone.C3", [3]),
    ("head.C3#1", [9]),
    ("head.C3#*", [9, 12]),
    ("backbone.Conv#4", [4]),
    ("pre-sppf", [4]),
    ("pre-Detect", [9, 12]),
    ("pre-detect", [9, 12]),
    ("pre-concat", [3, 6, 7, 10]),
    ("backbone-last2", [4, 5]),
    ("head-last1", [13]),
    ("backbone-last99", [0, 1, 2, 3, 4, 5]),
    ("neck-c3", [9, 12]),
    ("neck-Concat", [8, 11]),
]


@pytest.mark.parametrize(("word", "layers"), WORDS, ids=[word for word, _ in WORDS])
def test_words(word: str, layers: list[int]) -> None:
    model = read_network(SMALL, "x.yaml")
    assert model.select_many(word) == layers
    if len(layers) == 1:
        assert model.select(word) == layers[0]
    else:
        with pytest.raises(Refusal) as caught:
            model.select(word)
        assert caught.value.code == "ambiguous-selector"
        assert all(str(layer) in caught.value.message for layer in layers)


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("14", "no-such-layer"),
        ("-1", "no-such-layer"),
        ("9" * 40, "no-such-layer"),
        ("6..4", "bad-selector"),
        ("4..99", "no-such-layer"),
        ("C3", "ambiguous-selector"),
        ("backbone.Conv", "ambiguous-selector"),
        ("backbone.Concat", "no-such-layer"),
        ("C3#4", "no-such-layer"),
        ("C3#" + "9" * 40, "no-such-layer"),
        ("SPP#*", "no-such-layer"),
        ("P5", "no-such-layer"),
        ("P3/16", "bad-selector"),
        ("backbone.P5", "no-such-layer"),
        ("pre-nothing", "no-such-layer"),
        ("neck-SPPF", "no-such-layer"),
        ("backbone-last0", "no-such-layer"),
        ("", "no-such-layer"),
        ("#*", "no-such-layer"),
    ],
)
def test_refusals(word: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_network(SMALL, "x.yaml").select_many(word)
    assert caught.value.code == code


def test_a_name_in_another_case_never_beats_the_exact_one() -> None:
    text = SMALL.replace("[-1, 1, SPPF, [512, 5]]", "[-1, 1, c3, [512]]")
    model = read_network(text, "x.yaml")
    assert model.select("c3") == 5
    assert model.select_many("C3#*") == [3, 9, 12]


def test_a_head_that_reads_a_level_twice() -> None:
    text = SMALL.replace("[[9, 12], 1, Detect", "[[9, 3, 12], 1, Detect")
    with pytest.raises(Refusal) as caught:
        read_network(text, "x.yaml").select_many("P3")
    assert caught.value.code == "ambiguous-selector"
    assert "3, 9" in caught.value.message
