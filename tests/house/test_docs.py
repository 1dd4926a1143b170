"""Every page of the docs is linked from their index, and every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PAGES = sorted(
    [*_ROOT.glob("*.md"), *_ROOT.glob("docs/*.md"), *_ROOT.glob("tests/templates/*.md")]
)
_LINK = re.compile(r"\]\(([^)\s#]*)(?:#([^)\s]*))?\)")


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize(
    "page", _PAGES, ids=[page.relative_to(_ROOT).as_posix() for page in _PAGES]
)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{target} is linked and not there"
        if anchor and path.suffix == ".md":
            assert anchor in _anchors(path), f"{target}#{anchor}"


def test_the_index_links_every_page() -> None:
    index = (_ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    linked = {target for target, _ in _LINK.findall(index)}
    assert {page.name for page in _ROOT.glob("docs/*.md")} - linked == {"README.md"}


def test_the_chinese_index_links_every_page_in_chinese_where_there_is_one() -> None:
    index = (_ROOT / "docs" / "README.zh-CN.md").read_text(encoding="utf-8")
    linked = {target for target, _ in _LINK.findall(index)} - {"README.md"}
    english = {page.name for page in _ROOT.glob("docs/*.md")} - {"README.md", "README.zh-CN.md"}
    english -= {name for name in english if name.endswith(".zh-CN.md")}
    for name in english:
        chinese = name.replace(".md", ".zh-CN.md")
        best = chinese if (_ROOT / "docs" / chinese).exists() else name
        assert linked & {name, chinese} == {best}


def test_chinese_sentences_have_chinese_punctuation() -> None:
    text = (_ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    # A link's own brackets are Markdown, and so is what stands in backquotes.
    text = re.sub(r"`[^`]*`", "x", re.sub(r"\]\([^)]*\)", "]", text))
    beside = r"[\u4e00-\u9fff][,;:()!?]|[,;:()!?] *[\u4e00-\u9fff]"
    assert re.findall(beside, text) == []


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_links_every_page(readme: str) -> None:
    text = (_ROOT / readme).read_text(encoding="utf-8")
    pages = {page.name for page in _ROOT.glob("docs/*.md")} - {"README.md"}
    assert {page for page in pages if f"](docs/{page})" not in text} == set()
