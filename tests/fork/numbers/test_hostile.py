"""The finder is bounded and never raises: odd code, and every published fork."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fork.numbers.code import findings, fork_files, words
from tests.fork.published import published
from tools.real_forks import PUBLISHED
from yamlmod.fork.numbers.finder import layer_numbers
from yamlmod.fork.parser.locate import read_function

HOSTILE = [
    "y = [y, y]\n" * 40,
    "for a in y:\n    for b in a:\n        for c in b:\n            y = [a, b, c, y]",
    "x = " + "[" * 60 + "9" + "]" * 60,
    "z = " + "y[" * 50 + "9" + "]" * 50,
    "z = y[9" + " + 9" * 900 + "]",
    "z = (" + ", ".join(map(str, range(4000))) + ")\nw = [y[k] for k in z]",
    "self.again = self.again\ny = self.again[9]",
    "lambda y, *z, **w: y[9]",
    "y = [*y, *self.save, *z]\n{**y}",
    "del y[9], self.model[9]",
    "y[9:9:9]; y[::]; y[...]; y[9, 9]; y[()]; self.model[9:][9][9]",
    "(y := y)[9]; print(f'model.{y[9]!r:>{9}}.')",
    "match m.i:\n    case [9] | {'a': 9}:\n        pass\n    case int(9) as q if q:\n        q",
    "enumerate(); zip(); range(); getattr(); super(); 'x'.format(); y.pop(); y.get()",
    "self.forward(*y, **y)\nself.forward(y=y, q=9)",
    "async def f():\n    async for m in self.model:\n        y.append(m)\n        yield 9",
    "try:\n    y[9]\nexcept (ValueError, y[9]):\n    raise y from z\nfinally:\n    y[9]",
    "class Inner:\n    a = y[9]",
    "y[10 ** 400]; m.i == -9; m.i == True; m.i == 9.0; y[1e400]",
    "while m.i == 9:\n    for m in self.model[:9]:\n        break\n    else:\n        continue",
    "'%s' % y; 'model.%s' % (); 'model.' + y; b'model.' % y; f'{y}'",
]


@pytest.mark.parametrize("code", HOSTILE)
@pytest.mark.parametrize("slot", ["after", "inside", "parse", "head"])
def test_odd_code_is_read_or_left(code: str, slot: str) -> None:
    files = fork_files(**{slot: code})
    compile(files.texts["models/yolo.py"], "yolo.py", "exec")
    start = time.perf_counter()
    findings(files)
    assert time.perf_counter() - start < 20


_ATOMS = st.sampled_from(
    ["y", "9", "-4", "m.i", "m.f", "self.model", "self.save", "x", "[4, 6]", "i", "ch", "{}", "[]"]
)
_CODE = st.recursive(
    _ATOMS,
    lambda one: st.one_of(
        st.tuples(one, one).map(lambda p: f"{p[0]}[{p[1]}]"),
        st.tuples(one, st.sampled_from(["==", "in", "<", "+", "|", "%"]), one).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"
        ),
        st.tuples(one, one).map(lambda p: f"[{p[0]} for m in {p[1]}]"),
        st.tuples(one, one).map(lambda p: f"self.forward({p[0]}, {p[1]})"),
        one.map(lambda p: f"enumerate({p})"),
        st.tuples(one, one).map(lambda p: f"{p[0]}.append({p[1]})"),
        one.map(lambda p: f"f'model.{{{p}}}.'"),
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from(["after", "inside", "init", "parse"]), _CODE), max_size=4)
)
def test_random_expressions(parts: list[tuple[str, str]]) -> None:
    slots: dict[str, str] = {}
    for slot, code in parts:
        slots[slot] = slots.get(slot, "pass") + f"\nq = {code}"
    try:
        compile(fork_files(**slots).texts["models/yolo.py"], "yolo.py", "exec")
    except SyntaxError:
        return
    for one in findings(fork_files(**slots)):
        assert one.line_text and one.number != -1


def test_one_deep_expression_does_not_hide_the_others() -> None:
    deep = "def deep(self):\n    return 9" + " + 9" * 900
    assert words(findings(fork_files(method=deep, after="return y[9]"))) == ["output 9"]


@pytest.mark.slow
@pytest.mark.fork
@pytest.mark.parametrize("spec", PUBLISHED)
def test_published_forks(spec: str) -> None:
    """The one number in them: the name of the first layer's weights, in ultralytics from 8.4."""
    tree, fork = published(spec)
    heads = ("Detect", "Segment", "Pose", "RTDETRDecoder", "IDetect", "DualDDetect", "Panoptic")
    found = layer_numbers(fork.graph, fork.yolo, read_function(tree, fork), heads)
    assert words(found) == (["name 0"] if spec.startswith("ultralytics==8.4.") else [])
