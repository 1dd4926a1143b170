"""Pages of the site: both languages in step, links rewritten, and links of a built site checked."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tools.site.links import link_errors
from tools.site.pages import REPOSITORY, Page, headings, link, pages, site_text, twin

_PAGES = pages()
# Pages that wait for a translation. A page that gets one leaves this list; a new page is written in
# both languages or put here.
_ONLY_ENGLISH = {
    "CHANGELOG.md",
}  # fmt: skip
_PAIRS = [page for page in _PAGES.values() if page.language == "en" and twin(page, _PAGES)]


def test_every_page_is_in_both_languages_or_waits_for_it() -> None:
    english = {page.source for page in _PAGES.values() if page.language == "en"}
    assert english - {page.source for page in _PAIRS} == _ONLY_ENGLISH


def test_every_chinese_page_has_an_english_one() -> None:
    chinese = [page for page in _PAGES.values() if page.language == "zh"]
    assert len(chinese) >= 3
    assert [page.source for page in chinese if twin(page, _PAGES) is None] == []


@pytest.mark.parametrize("page", _PAIRS, ids=[page.source for page in _PAIRS])
def test_both_languages_have_the_same_headings_and_link_each_other(page: Page) -> None:
    chinese = twin(page, _PAGES)
    assert chinese is not None
    texts = [known.path.read_text(encoding="utf-8") for known in (page, chinese)]
    assert headings(texts[0]) == headings(texts[1])
    assert f"]({chinese.path.name})" in texts[0].split("\n## ")[0]
    assert f"]({page.path.name})" in texts[1].split("\n## ")[0]


@pytest.mark.parametrize("page", _PAIRS, ids=[page.source for page in _PAIRS])
def test_links_of_a_chinese_page_lead_to_chinese_pages(page: Page) -> None:
    """To an English one only beside the Chinese one: a list of both, or the switch of languages."""
    chinese = twin(page, _PAGES)
    assert chinese is not None
    text = re.sub(
        r"^```.*?^```", "", chinese.path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    targets = {
        os.path.normpath(Path(chinese.source).parent / target).replace(os.sep, "/")
        for target in re.findall(r"\]\(([^)#\s:]+\.md)", text)
    }
    better = {source: twin(_PAGES[source], _PAGES) for source in targets if source in _PAGES}
    english = {source for source in better if _PAGES[source].language == "en"} - {page.source}
    assert [s for s in english if (other := better[s]) and other.source not in targets] == []


def test_names_on_the_site_are_unique() -> None:
    addresses = [page.address for page in _PAGES.values()]
    assert len(addresses) == len(set(addresses))


@pytest.mark.parametrize(
    ("source", "target", "anchor", "expected"),
    [
        ("README.md", "docs/check.md", "", "check.md"),
        ("README.md", "docs/check.md", "#in-ci", "check.md#in-ci"),
        ("README.md", "README.zh-CN.md", "", "zh/"),
        ("README.md", "docs/figures/before-after.svg", "", "figures/before-after.svg"),
        ("README.zh-CN.md", "README.md", "", "../"),
        ("README.zh-CN.md", "docs/forks.md", "", "../forks/"),
        ("README.zh-CN.md", "docs/check.zh-CN.md", "", "check.md"),
        ("README.zh-CN.md", "docs/overlay.zh-CN.md", "", "overlay.md"),
        ("docs/README.md", "../README.md", "", "index.md"),
        ("docs/studies.md", "../README.md", "#try-it", "index.md#try-it"),
        ("docs/overlay.md", "overlay.zh-CN.md", "", "zh/overlay/"),
        ("docs/overlay.zh-CN.md", "modules.md", "#simam", "../modules/#simam"),
        ("docs/json.md", "json.schema.json", "", "json.schema.json"),
        ("docs/api.md", "../examples/digits.py", "", f"{REPOSITORY}examples/digits.py"),
        ("docs/check.md", "https://pre-commit.com", "", "https://pre-commit.com"),
        ("docs/check.md", "", "#in-ci", "#in-ci"),
    ],
)  # fmt: skip
def test_links(source: str, target: str, anchor: str, expected: str) -> None:
    assert link(target, anchor, _PAGES[source], _PAGES) == expected


def test_links_in_code_stay(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("`](b.md)` [b](../README.md)\n```\n[c](../README.md)\n```\n")
    page = _PAGES["docs/check.md"]._replace(source=str(tmp_path / "page.md"))
    assert site_text(page, _PAGES).splitlines()[1:] == ["```", "[c](../README.md)", "```"]
    assert site_text(page, _PAGES).startswith("`](b.md)` [b](")


def test_a_break_between_chinese_letters_is_no_space(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("甲\n乙\nx\n丙\n```\n丁\n戊\n```\n", encoding="utf-8")
    page = _PAGES["docs/check.md"]._replace(source=str(tmp_path / "page.md"))
    assert site_text(page, _PAGES) == "甲乙\nx\n丙\n```\n丁\n戊\n```\n"


_GOOD = '<h1 id="top">x</h1><a href="sub/#here">y</a><img src="a.png"><a href="https://a.b/">z</a>'


@pytest.mark.parametrize(
    ("html", "error"),
    [
        (_GOOD, ""),
        ('<a href="none/">x</a>', "is not there"),
        ('<a href="sub/#none">x</a>', "has no such anchor"),
        ('<a href="#none">x</a>', "has no such anchor"),
        ('<a href="../up/">x</a>', "leads out of the site"),
        ('<a href="/sub/">x</a>', "starts at the root"),
        ('<a href="javascript:1">x</a>', "a link of kind javascript"),
        ('<script src="https://a.b/c.js"></script>', "loads from another host"),
        ('<script src="//a.b/c.js"></script>', "loads from another host"),
        ('<link rel="stylesheet" href="https://a.b/c.css">', "loads from another host"),
        ('<link rel="preconnect" href="https://a.b/">', "loads from another host"),
        ('<img src="https://a.b/c.png">', "loads from another host"),
        ('<link rel="canonical" href="https://a.b/c">', ""),
    ],
)
def test_a_built_page_is_checked(tmp_path: Path, html: str, error: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "index.html").write_text('<p id="here">x</p>')
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "index.html").write_text(html)
    errors = link_errors(tmp_path)
    assert (error in errors[0] and len(errors) == 1) if error else errors == []
