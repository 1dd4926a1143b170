"""Which Markdown file becomes which page of the site, and where a link of one page leads."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

Language: TypeAlias = Literal["en", "zh"]

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/yamlmod/yamlmod/blob/main/"
CHINESE = ".zh-CN.md"
# Pages beside docs/*.md, by the name that each has on the site.
_OTHERS = {
    "README.md": "index.md",
    "docs/README.md": "contents.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "tests/templates/README.md": "contract.md",
    "README.zh-CN.md": "index.md",
    "docs/README.zh-CN.md": "contents.md",
    "CONTRIBUTING.zh-CN.md": "contributing.md",
    "tests/templates/README.zh-CN.md": "contract.md",
}
_FENCE = re.compile(r"^( *)(`{3,}|~{3,})")
_WIDE_END = re.compile(r"[\u3001-\u9fff\uff00-\uffef]$")
_WIDE_START = re.compile(r"[\u3001-\u9fff\uff00-\uffef]")
# A target, not the code in front of it: `a](b)` in backquotes is text.
_LINK = re.compile(r"(`+[^`]*`+)|(\]\()([^)\s#]*)(#[^)\s]*)?(\))")


class Page(NamedTuple):
    """A Markdown file of the repository, and its name in the folder of its language."""

    source: str
    name: str
    language: Language

    @property
    def address(self) -> str:
        """Return the page's folder on the site, from the top: empty, or with a slash at its end."""
        folder = "" if self.name == "index.md" else f"{self.name.removesuffix('.md')}/"
        return f"zh/{folder}" if self.language == "zh" else folder

    @property
    def path(self) -> Path:
        return ROOT / self.source


def pages() -> dict[str, Page]:
    """Return all pages by their path in the repository.

    A page is in both languages if there is a file of its name with `.zh-CN.md`.
    """
    sources = [*_OTHERS, *(f"docs/{path.name}" for path in sorted(ROOT.glob("docs/*.md")))]
    return {source: _page(source) for source in sources}


def _page(source: str) -> Page:
    language: Language = "zh" if source.endswith(CHINESE) else "en"
    name = _OTHERS.get(source, source.removeprefix("docs/"))
    return Page(source, name.replace(CHINESE, ".md"), language)


def twin(page: Page, among: dict[str, Page]) -> Page | None:
    """Return the same page in the other language, None where it is not translated."""
    others = (other for other in among.values() if other.name == page.name)
    return next((other for other in others if other.language != page.language), None)


def site_text(page: Page, among: dict[str, Page]) -> str:
    """Return a page's Markdown with its links as they are on the site."""
    lines: list[str] = []
    fence = ""
    for line in page.path.read_text(encoding="utf-8").splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or mark[2].startswith(fence)):
            fence = "" if fence else mark[2]
        elif not fence:
            line = _LINK.sub(lambda match: _with_link(match, page, among), line)
            if lines and _WIDE_END.search(lines[-1]) and _WIDE_START.match(line):
                line = lines.pop() + line  # a line break would be shown as a space
        lines.append(line)
    return "\n".join(lines) + "\n"


def _with_link(match: re.Match[str], page: Page, among: dict[str, Page]) -> str:
    code, opening, target, anchor, closing = match.groups()
    if code is not None:
        return code
    return f"{opening}{link(target, anchor or '', page, among)}{closing}"


def link(target: str, anchor: str, page: Page, among: dict[str, Page]) -> str:
    """Return where a link of a page leads on the site."""
    if not target or "://" in target or target.startswith("mailto:"):
        return target + anchor
    path = os.path.normpath(Path(page.source).parent / target).replace(os.sep, "/")
    other = among.get(path)
    if other is not None:
        same = other.language == page.language
        return (other.name if same else relative(page, other.address)) + anchor
    if path.startswith("docs/figures/"):
        return path.removeprefix("docs/")
    if path.startswith("docs/") and (ROOT / path).is_file():
        return relative(page, path.removeprefix("docs/")) + anchor
    return REPOSITORY + path + anchor


def relative(page: Page, address: str) -> str:
    """Return a link to an address of the site, from the folder that a page's Markdown is in."""
    return (("../" if page.language == "zh" else "") + address) or "./"


def headings(text: str) -> list[int]:
    """Return the levels of a page's headings, in order."""
    levels: list[int] = []
    fence = ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or mark[2].startswith(fence)):
            fence = "" if fence else mark[2]
        elif not fence and (heading := re.match(r"(#+) ", line)):
            levels.append(len(heading[1]))
    return levels
