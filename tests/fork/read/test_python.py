"""Python's constructs, read and run: equal results, the same exception, or Unknown."""

from __future__ import annotations

import contextlib
import copy
import signal
import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fork.read.machines import call
from tests.fork.read.programs import Programs
from yamlmod.fork.read.interpreter.values import (
    DictView,
    LimitError,
    Raised,
    UnknownValue,
    deep_unknown,
)

_ARGUMENTS = ([1, 2, 3], "ab", 4)


def run(text: str, args: tuple[Any, ...]) -> Any:
    names: dict[str, Any] = {}
    try:
        exec(compile(text, "m.py", "exec"), names)
        return names["f"](*copy.deepcopy(args))
    except (OverflowError, MemoryError, RecursionError):
        return UnknownValue("too large")
    except Exception as error:
        return ("raised", type(error).__name__)


def read(text: str, args: tuple[Any, ...]) -> Any:
    try:
        return call(text, "f", *copy.deepcopy(args))
    except Raised as error:
        return ("raised", error.name)
    except LimitError as error:
        return UnknownValue(str(error))


def agree(real: Any, found: Any, depth: int = 8) -> bool:
    """Return whether a value read is the real one, as far as it is known."""
    if isinstance(found, (UnknownValue, DictView)) or not depth:
        return True
    if isinstance(real, (list, tuple)) and type(real) is type(found):
        return len(real) == len(found) and all(
            agree(a, b, depth - 1) for a, b in zip(real, found, strict=True)
        )
    if isinstance(real, dict) and isinstance(found, dict):
        same = list(map(repr, real)) == list(map(repr, found))
        return same and all(agree(real[k], found[k], depth - 1) for k in real)
    if isinstance(real, (set, frozenset)):
        return type(real) is type(found) and (deep_unknown(found) is not None or real == found)
    if isinstance(real, (int, float, str, bool, type(None))):
        return type(real) is type(found) and repr(real) == repr(found)
    return True


def compared(text: str) -> str:
    """Return how a program read is beside the program run: known, unknown or wrong."""
    real = run(text, _ARGUMENTS)
    with pytest.MonkeyPatch.context() as patch:
        made: list[str] = []
        start = UnknownValue.__init__

        def count(self: UnknownValue, reason: str, name: str = "") -> None:
            made.append(reason)
            start(self, reason, name)

        patch.setattr(UnknownValue, "__init__", count)
        found = read(text, _ARGUMENTS)
        # What comes after something unknown may be an exception that Python raises there.
        if made or isinstance(real, UnknownValue):
            return "unknown"
    return "known" if agree(real, found) else f"wrong: {real} read as {found}"


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.integers(0, 10**9))
def test_random_functions(seed: int) -> None:
    text = Programs(seed).text()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "m.py", "exec")
    except SyntaxError:
        return
    outcome = compared(text)
    assert not outcome.startswith("wrong"), (text, outcome)


def test_most_random_functions_are_known() -> None:
    texts = [Programs(seed).text() for seed in range(120)]
    outcomes = []
    for text in texts:
        with contextlib.suppress(SyntaxError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "m.py", "exec")
            outcomes.append(compared(text))
    assert len(outcomes) > 40
    assert outcomes.count("known") > 0.7 * len(outcomes)


_CASES = {
    "a generator reads the list that it extends": """
def f():
    y = [1]
    y.extend(x + y[-1] for x in range(3))
    return y
""",
    "names bound later are local throughout": """
x = 1
def f():
    y = x
    x = 2
    return y
""",
    "suppress": """
import contextlib
def f():
    args = ['nc', 'no_such', 'None', 3]
    nc = 4
    for j, a in enumerate(args):
        with contextlib.suppress(NameError):
            args[j] = eval(a) if isinstance(a, str) else a
    return args
""",
    "literal_eval under suppress(ValueError)": """
import ast, contextlib
def f():
    args = ['nc', 'nearest', 'None', '[1, 2]']
    nc = 4
    for j, a in enumerate(args):
        with contextlib.suppress(ValueError):
            args[j] = locals()[a] if a in locals() else ast.literal_eval(a)
    return args
""",
    "a syntax error goes through suppress(NameError)": """
import contextlib
def f():
    with contextlib.suppress(NameError):
        eval('a b')
    return 1
""",
    "star and keyword arguments": """
def g(a, b=2, *c, d, e=5, **h):
    return a, b, c, d, e, h
def f():
    return g(1, *[2, 3, 4], d=0, **{'z': 9})
""",
    "slice assignment": """
def f():
    args = [1, 2, 3]
    args[1:2] = [True, False]
    args[3:4] = [True]
    return args
""",
    "closures and nonlocal": """
def f():
    n = 0
    def add(k):
        nonlocal n
        n += k
        return n
    return [add(1), add(2), n]
""",
    "a class attribute changed by the function": """
class A:
    legacy = True
def f():
    A.legacy = False
    return A().legacy
""",
    "globals": """
X = 3
def f():
    return [globals()['X'], 'X' in globals(), 'len' in globals(), globals().get('Y', 7)]
""",
    "min and max of bools and floats": (
        "def f():\n    return [min(True, 0.5), max(1, 1.0), round(2.5), round(0.5 * 3)]\n"
    ),
    "an exception of the file's own": """
class E(ValueError):
    pass
def f():
    try:
        raise E('x')
    except ValueError:
        return 'caught'
""",
    "multiple inheritance": """
class A:
    def who(self): return ['A']
class B(A):
    def who(self): return ['B'] + super().who()
class C(A):
    def who(self): return ['C'] + super().who()
class D(B, C):
    def who(self): return ['D'] + super().who()
def f():
    return D().who()
""",
    "dict and set displays": (
        "def f():\n    return [{**{'a': 1}, 'b': 2}, {1, 2} | {3}, 1 in {1: 2}, "
        "{i: i for i in range(2)}]\n"
    ),
    "a set in a set, and a failed sort": (
        "def f():\n    return [{1, 2} in {1, 2}, {1} not in {frozenset({1})}]\n"
    ),
    "walrus": "def f():\n    return [y := 3, y + 1]\n",
    "partial and reduce": """
from functools import partial, reduce
def f():
    return [partial(max, 3)(2), reduce(lambda a, b: a * b, [1, 2, 3])]
""",
}


@pytest.mark.parametrize("text", _CASES.values(), ids=_CASES.keys())
def test_constructs(text: str) -> None:
    found = read(text, ())
    assert deep_unknown(found) is None
    assert agree(run(text, ()), found), found


def test_unknown_tests_change_what_either_side_could() -> None:
    text = """
import os
class Box: pass
def f():
    a, b, c, d = 1, [1], 2, Box()
    d.x = 1
    if os.path.exists('x'):
        a = 2
        b.append(3)
        d.x = 5
    return [a, b, c, d.x]
"""
    a, b, c, x = call(text)
    assert (
        isinstance(a, UnknownValue) and isinstance(b, UnknownValue) and isinstance(x, UnknownValue)
    )
    assert c == 2


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    while True:\n        pass\n",
        "def f():\n    return f()\n",
        "def f():\n    return [0] * 10**9\n",
        "def f():\n    x = 'a'\n    for _ in range(99):\n        x = x + x\n    return x\n",
        "def f():\n    return 9**9**9\n",
        "def f():\n    return 1 << 10**10\n",
        "def f():\n    return list(range(10**12))\n",
        "def f():\n    x = []\n    x.append(x)\n    return x == x and x == [x]\n",
        "def f():\n    x = [1]\n    x.extend(x)\n    return str(x) * 10**8\n",
        "def f():\n    return f'{1:1000000000}'\n",
        "def f():\n    return '{:1000000000}'.format(1)\n",
        "def f():\n    return '%1000000000d' % 1\n",
        "def f():\n    return 'a'.ljust(10**10)\n",
        "def f():\n    return ('a' * 10000).replace('a', 'b' * 10000)\n",
        "def f():\n    return int('9' * 100000)\n",
        "def f():\n    x = [1]\n    for i in x:\n        x.append(i)\n    return x\n",
        "def f():\n    return (lambda g: g(g))(lambda g: g(g))\n",
    ],
)
def test_nothing_is_unbounded(text: str) -> None:
    signal.alarm(20)
    try:
        read(text, ())
    except RecursionError:
        pass  # the driver makes a reason of it
    finally:
        signal.alarm(0)
