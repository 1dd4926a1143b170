"""The text of the product uses the field's words: no word of the list comes back."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.house.trees import nodes, tree

_ROOT = Path(__file__).parents[2]
_PACKAGE = _ROOT / "yamlmod"

# A word, and what to write instead.
_WORDS = {
    r"mend(s|ed|ing)?": "fix",
    r"nobody": "no layer, no user",
    r"somebody": "a user",
    r"whoever": "a user, the layers that",
    r"whom": "its inputs",
    r"in place of": "instead of",
    r"behind (layer|the layer)": "after layer",
    r"pictures?": "image",
    r"strangers?": "untrusted, another user",
    r"a say in": "affect",
    r"leads? nowhere": "unresolved",
    r"stands (in|at|behind|above|below|alone|for)": "is",
}
_FORBIDDEN = re.compile(rf"\b({'|'.join(_WORDS)})\b", re.IGNORECASE)

# Where a word is right: the drawing of the rooms is a picture.
_RIGHT = {
    ("CHANGELOG.md", "picture"),
    ("docs/architecture.md", "picture"),
    ("docs/architecture.zh-CN.md", "picture"),
    # A key of the JSON answer, as it always was.
    ("yamlmod/cli/check_report.py", "mended"),
}

_FILES = sorted(_PACKAGE.rglob("*.py"))
_PAGES = [*sorted(_ROOT.glob("docs/*.md")), _ROOT / "README.md"]
_MANIFESTS = sorted(_ROOT.glob("templates/*/manifest.toml"))


def _name(path: Path) -> str:
    return path.relative_to(_ROOT).as_posix()


def _found(text: str) -> list[str]:
    return [match[0].lower() for match in _FORBIDDEN.finditer(text)]


def _texts(path: Path) -> list[str]:
    constants = (node.value for node in nodes(path) if isinstance(node, ast.Constant))
    return [value for value in constants if isinstance(value, str)]


def test_strings_and_docstrings() -> None:
    places = ((_name(path), word) for path in _FILES for t in _texts(path) for word in _found(t))
    assert [place for place in places if place not in _RIGHT] == []


def test_pages_and_manifests() -> None:
    places = []
    for path in (*_PAGES, *_MANIFESTS):
        # Names of tests and options are code.
        text = re.sub(r"`[^`\n]*`", "", path.read_text(encoding="utf-8"))
        places += [(_name(path), word) for word in _found(text)]
    assert [place for place in places if place not in _RIGHT] == []


def test_a_module_says_what_it_does() -> None:
    """Not with an indirect question: what, which, how, where, whether."""
    question = re.compile(r"(What|Which|How|Where|Who|Whether|Why)\b")
    texts = {_name(path): ast.get_docstring(tree(path)) or "" for path in _FILES}
    assert [name for name, text in texts.items() if question.match(text)] == []


def test_the_words_are_seen() -> None:
    for text in ("it is Mended", "the layer that stands behind it", "in place of", "two pictures"):
        assert _found(text)
    assert not _found("recommend, amended, a standstill")
