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

# Rooms and files that are not rewritten yet.
_NOT_YET = (
    "api.py",
    "cli/",
    "usecases/",
    "checks/known_args.py",
    "model/comments.py",
    "model/known_modules.py",
    "model/parse.py",
    "model/render.py",
    "model/yaml_words.py",
)
_PAGES_NOT_YET = ("docs/commands.md", "docs/safety.md", "docs/verify.md")
# Where a word is right: the drawing of the rooms is a picture.
_RIGHT = {("CHANGELOG.md", "picture"), ("docs/architecture.md", "picture")}

_FILES = [
    path
    for path in sorted(_PACKAGE.rglob("*.py"))
    if not path.relative_to(_PACKAGE).as_posix().startswith(_NOT_YET)
]
_PAGES = [
    path
    for path in (*sorted(_ROOT.glob("docs/*.md")), _ROOT / "README.md")
    if path.relative_to(_ROOT).as_posix() not in _PAGES_NOT_YET
]
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
    assert [word for text in _texts(path) for word in _found(text)] == []


@pytest.mark.parametrize("path", [*_PAGES, *_MANIFESTS], ids=_name)
def test_pages_and_manifests(path: Path) -> None:
    found = _found(path.read_text(encoding="utf-8"))
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
