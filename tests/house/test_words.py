"""The text of the product uses the field's words: no word of the list comes back."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

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
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return [value for value in constants if isinstance(value, str)]


@pytest.mark.parametrize("path", _FILES, ids=_name)
def test_strings_and_docstrings(path: Path) -> None:
    words = (word for text in _texts(path) for word in _found(text))
    assert [word for word in words if (_name(path), word) not in _RIGHT] == []


@pytest.mark.parametrize("path", [*_PAGES, *_MANIFESTS], ids=_name)
def test_pages_and_manifests(path: Path) -> None:
    # Names of tests and options are code.
    found = _found(re.sub(r"`[^`\n]*`", "", path.read_text(encoding="utf-8")))
    assert [word for word in found if (_name(path), word) not in _RIGHT] == []


@pytest.mark.parametrize("path", _FILES, ids=_name)
def test_a_module_says_what_it_does(path: Path) -> None:
    """Not with an indirect question: what, which, how, where, whether."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert not re.match(r"(What|Which|How|Where|Who|Whether|Why)\b", text)


def test_the_words_are_seen() -> None:
    for text in ("it is Mended", "the layer that stands behind it", "in place of", "two pictures"):
        assert _found(text)
    assert not _found("recommend, amended, a standstill")
