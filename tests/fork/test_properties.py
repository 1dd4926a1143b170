"""Random lists, random modules, random orders: what went in comes out byte for byte."""

from __future__ import annotations

import ast

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fork.memory import ALL, COMMON, repository, yolo
from yamlmod.edits import apply_edits
from yamlmod.fork.python.comma_list import Listing, import_listing, literal_listing
from yamlmod.fork.python.source import parse
from yamlmod.registry.template import Template

NAMES = st.lists(
    st.sampled_from(["Conv", "C3", "SPP", "C3x", "nn.Conv2d", "DWConv", "Focus", "a"]),
    min_size=1,
    max_size=6,
    unique=True,
)
GAPS = st.sampled_from(["", " ", "\n    ", "  # c, d]\n    ", "\n\n    # x\n    ", " \\\n    "])
NEW = st.lists(
    st.sampled_from(["Alpha", "Zeta", "X9", "beta"]), min_size=1, max_size=3, unique=True
)


@st.composite
def literals(draw: st.DrawFn) -> str:
    """Draw a list literal with odd white space and comments."""
    names, text = draw(NAMES), draw(GAPS)
    for index, name in enumerate(names):
        last = index == len(names) - 1
        text += name + draw(GAPS) + ("," if not last or draw(st.booleans()) else "") + draw(GAPS)
    left, right = draw(st.sampled_from(["[]", "{}", "()"]))
    if left == "(" and len(names) == 1 and "," not in text.split("#")[0]:
        left, right = "[", "]"
    text = f"x = {left}{text}{right}\ny = 1\n"
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def listing_of(text: str) -> Listing:
    """Return the listing of the text's first statement."""
    source = parse("x.py", "x.py", text)
    node = source.tree.body[0]
    if isinstance(node, ast.ImportFrom):
        return import_listing(source, node)
    assert isinstance(node, ast.Assign)
    assert isinstance(node.value, (ast.List, ast.Set, ast.Tuple))
    return literal_listing(source, node.value)


def parses(text: str) -> bool:
    """Return whether Python reads it as a collection."""
    try:
        node = ast.parse(text).body[0]
    except SyntaxError:
        return False
    return isinstance(node, ast.Assign) and isinstance(node.value, (ast.List, ast.Set, ast.Tuple))


@given(literals().filter(parses), NEW, st.booleans())
@settings(max_examples=300, deadline=None)
def test_listing_there_and_back(text: str, new: list[str], keep_sorted: bool) -> None:
    before = listing_of(text)
    grown = apply_edits(text, before.insert([(one, one) for one in new], keep_sorted))
    assert sorted(listing_of(grown).names()) == sorted([*before.names(), *new])
    assert [n for n in listing_of(grown).names() if n not in new] == list(before.names())
    assert apply_edits(grown, listing_of(grown).remove(new)) == text
    for one in reversed(new):
        grown = apply_edits(grown, listing_of(grown).remove([one]))
    assert grown == text


@given(literals().filter(parses), st.data())
@settings(max_examples=300, deadline=None)
def test_removing_others_keeps_the_rest(text: str, data: st.DataObject) -> None:
    before = listing_of(text)
    gone = data.draw(
        st.lists(st.sampled_from(before.names()), unique=True, max_size=len(before.names()) - 1)
    )
    left = apply_edits(text, before.remove(gone))
    assert listing_of(left).names() == tuple(n for n in before.names() if n not in gone)
    assert not ("\r\n" in text and "\n" in left.replace("\r\n", ""))


COLLECTIONS = [
    "[Conv, C3]",
    "{Conv}",
    "(Conv,)",
    "{\n            Conv,\n            C3,\n        }",
    "{\n            Conv,\n            C3\n        }",
    "[Conv, C3,  # c\n            ]",
]
IMPORTS = [
    "from models.common import *",
    "from models.common import Conv, C3",
    "from models.common import (\n    Bottleneck,\n    Conv,\n)",
    "from models.common import C3, \\\n    Conv",
    "from models.experimental import *",
]
FORKS = st.builds(
    lambda collection, imports, else_, newline, end, requirements: {
        "models/yolo.py": (yolo(collection, imports, else_) + end).replace("\n", newline),
        "models/common.py": (COMMON.rstrip("\n") + end).replace("\n", newline),
        "models/experimental.py": "from models.common import Conv\n",
        "requirements.txt": requirements.replace("\n", newline),
    },
    st.sampled_from(COLLECTIONS),
    st.sampled_from(IMPORTS),
    st.sampled_from(["c2 = ch[f]", "c2 = ch[f if f < 0 else f + 1]", "pass"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\n", "\n\n\n", "\n# end"]),
    st.sampled_from(["", "\n", "torch", "torch\n", "torch\n\n"]),
)
SOME = st.lists(st.sampled_from(ALL), min_size=1, max_size=4, unique_by=lambda one: one.name)


@given(FORKS, SOME, SOME, st.permutations(["Alpha", "Beta", "Gamma", "Delta"]))
@settings(max_examples=40, deadline=None)
def test_fork_there_and_back(
    texts: dict[str, str], first: list[Template], second: list[Template], order: list[str]
) -> None:
    files = repository()
    files.texts = dict(texts)
    files.install(*first)
    files.install(*second)
    assert not files.install(*first, *second).texts
    there = {one.name for one in (*first, *second)}
    for name in order:
        if name in there:
            files.uninstall(name)
    assert files.texts == texts


@given(FORKS, st.permutations(ALL))
@settings(max_examples=20, deadline=None)
def test_removing_one_leaves_what_the_others_alone_would_be(
    texts: dict[str, str], order: list[Template]
) -> None:
    files, fresh = repository(), repository()
    files.texts, fresh.texts = dict(texts), dict(texts)
    files.install(*order)
    files.uninstall(order[-1].name)
    fresh.install(*order[:-1])
    assert files.texts["models/yolo.py"] == fresh.texts["models/yolo.py"]
    assert files.texts["requirements.txt"] == fresh.texts["requirements.txt"]
