"""Plain data of a YAML: the shortcuts of `model.parse` say what the library says."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from tests.ops.samples import SPELLINGS
from yamlmod.errors import Refusal
from yamlmod.model import parse

_SCALARS = """
    0 -0 1 -1 12 -512 007 -08 0o17 0x1F 0b11 1_000 +1 1:30 190:20:30 99999999999999999999999 0.5
    -0.33 1.0 00.5 1. .5 +.5 1e3 1.5e3 1.2.3 .nan .inf -.inf -.Inf - . .. = << ~ null Null NULL
    nullish true True TRUE tRue false yes Yes no NO on Off y Y n N none None nc anchors
    nn.Upsample Conv 'nearest' "quoted" '1' 2001-01-01 2001-01-01T00:00:00Z a_b a-b a:b a/b é主 1é
    ½ ٣ x١ C3 P3/8 1x1 -x - -- *x !x !!str,1 !!int,"3" !!float,3 !!bool,yes !!null,x !!binary,aGk=
    !!timestamp,2001-01-01 |,a
"""


@pytest.mark.parametrize("version", ["", "%YAML 1.1\n---\n", "%YAML 1.2\n---\n"])
@pytest.mark.parametrize("scalar", _SCALARS.split())
def test_scalars_are_what_the_library_says(version: str, scalar: str) -> None:
    scalar = scalar.replace(",", " ")
    for text in (f"{version}a: {scalar}\n", f"{version}{scalar}: [{scalar}, [{scalar}]]\n"):
        try:
            expected = YAML(typ="safe", pure=True).load(text)
        except Exception:
            with pytest.raises(Refusal):
                parse.load_plain(text, "x.yaml")
        else:
            if not isinstance(expected, dict):
                continue
            found = parse.load_plain(text, "x.yaml")
            assert repr(found) == repr(expected)


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x\n",
        "a: &x {p: 1}\nb: {<<: *x, q: 2}\n",
        "a: &x 3\nb: *x\n",
        "1: a\n2: b\n",
        "? [a, b]\n: c\n",
        "a: !!set {x, y}\nb: !!omap [x: 1]\n",
        "a: null\nb: ~\nc:\nd: True\ne: {f: [], g: {}}\n",
        *(before for before, _, _ in SPELLINGS.values()),
    ],
)
def test_plain_data_are_what_the_library_loads(text: str) -> None:
    expected = YAML(typ="safe", pure=True).load(text)
    assert repr(parse.load_plain(text, "x.yaml")) == repr(expected)


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "b: {a: 1, a: 2}\n", "- {a: 1, a: 2}\n"])
def test_a_key_that_stands_twice_does_not_load(text: str) -> None:
    with pytest.raises(Refusal):
        parse.load_plain(text, "x.yaml")
