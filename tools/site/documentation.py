"""The documentation, from the Markdown of the repository to static files, by Zensical."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tools.site.gallery import write_gallery
from tools.site.pages import ROOT, Language, Page, pages, site_text, twin

_LINK = re.compile(r"\]\(([^)\s#]+)\)")
_SECTIONS = {
    "Tutorials": "教程",
    "Editing": "编辑",
    "Checking and measuring": "检查与测量",
    "Trust": "安全",
    "Evidence": "测试与数据",
    "Internals": "内部结构",
}
_WORDS = {
    "en": ("Home", "Playground", "Gallery", "Contents", "en"),
    "zh": ("首页", "在线检查", "模块一览", "全部文档", "zh"),
}
_STYLE = """\
.md-typeset table:not([class]) { font-size: .68rem; }
.md-typeset pre > code { font-size: .68rem; }
.md-typeset img { max-width: 100%; height: auto; }
[data-md-color-scheme="slate"] .md-typeset img { background: #fff; }
/* The theme's colour of the page that is open has a contrast of 3.75. */
[data-md-color-scheme="default"] .md-nav__link--active,
[data-md-color-scheme="default"] .md-nav__link--active .md-ellipsis { color: #3a48a0; }
[data-md-color-scheme="slate"] .md-nav__link--active,
[data-md-color-scheme="slate"] .md-nav__link--active .md-ellipsis { color: #b3bcff; }
"""
# The theme's script adds buttons to code, in a landmark without a name.
_SCRIPT = """\
new MutationObserver(() => {
  for (const nav of document.querySelectorAll(".md-code__nav:not([aria-label])")) {
    nav.setAttribute("aria-label", document.documentElement.lang === "zh" ? "代码" : "Code");
  }
}).observe(document.documentElement, { childList: true, subtree: true });
"""


class Section(NamedTuple):
    """A section of the index of the documentation."""

    title: str
    pages: tuple[Page, ...]


def build_documentation(folder: Path) -> None:
    """Write the pages of both languages into a folder, the Chinese ones under zh/."""
    among = pages()
    with tempfile.TemporaryDirectory() as scratch:
        for language in ("en", "zh"):
            work = Path(scratch) / language
            _write_sources(work, language, among)
            _zensical(work)
            target = folder / "zh" if language == "zh" else folder
            shutil.copytree(work / "site", target, dirs_exist_ok=True)
    for path in (ROOT / "docs").glob("*.json"):
        shutil.copy(path, folder)


def sections(among: dict[str, Page]) -> list[Section]:
    """Return the sections of docs/README.md with their English pages."""
    text = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    found: list[Section] = []
    for part in text.split("\n## ")[1:]:
        title, _, body = part.partition("\n")
        names = [target.removeprefix("../") for target in _LINK.findall(body)]
        sources = [name if name in among else f"docs/{name}" for name in names]
        members = [among[source] for source in sources if source in among]
        found.append(Section(title, tuple(p for p in members if p.language == "en")))
    return found


def _write_sources(work: Path, language: Language, among: dict[str, Page]) -> None:
    docs = work / "docs"
    shutil.copytree(ROOT / "docs" / "figures", docs / "figures")
    for page in among.values():
        if page.language == language:
            (docs / page.name).write_text(site_text(page, among), encoding="utf-8")
    write_gallery(docs, language, _gallery_links(language, among))
    (docs / "site.css").write_text(_STYLE, encoding="utf-8")
    (docs / "site.js").write_text(_SCRIPT, encoding="utf-8")
    (work / "zensical.toml").write_text(_configuration(language, among), encoding="utf-8")


def _gallery_links(language: Language, among: dict[str, Page]) -> dict[str, str]:
    """Return where the gallery's links lead; a page without a translation is the English one."""
    sources = {"modules": "docs/modules.md", "speeds": "docs/benchmarks_modules.md"}
    links = {"playground": "playground/"}
    for name, source in sources.items():
        page = among[source]
        own = page if language == "en" else twin(page, among)
        links[name] = f"../{page.address}" if own is None else own.name
    return links


def _configuration(language: Language, among: dict[str, Page]) -> str:
    """Return the settings of Zensical: no font, script or number of stars from another host."""
    home, playground, gallery, contents, theme = _WORDS[language]
    nav: list[object] = [{home: "index.md"}, {playground: "playground/"}]
    nav += [{gallery: "gallery.md"}, {contents: "contents.md"}]
    for section in sections(among):
        title = section.title if language == "en" else _SECTIONS[section.title]
        nav.append({title: [_entry(page, language, among) for page in section.pages]})
    nav.append({"Changelog": "changelog.md" if language == "en" else "../changelog/"})
    other = {"name": "English", "link": "./", "lang": "en"}
    chinese = {"name": "中文", "link": "./zh/", "lang": "zh"}
    if language == "zh":
        other["link"], chinese["link"] = "../", "./"
    return f"""\
[project]
site_name = "yamlmod"
site_description = "Edit and check YOLO model YAMLs"
docs_dir = "docs"
site_dir = "site"
use_directory_urls = true
extra_css = ["site.css"]
extra_javascript = ["site.js"]
nav = {_toml(nav)}
[project.extra]
generator = false
alternate = {_toml([other, chinese])}
[project.theme]
language = "{theme}"
font = false
features = ["navigation.top", "search.highlight", "content.code.copy"]
[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"
toggle = {{ icon = "lucide/sun", name = "Dark" }}
[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
toggle = {{ icon = "lucide/moon", name = "Light" }}
[project.markdown_extensions.tables]
[project.markdown_extensions.attr_list]
[project.markdown_extensions.md_in_html]
[project.markdown_extensions.toc]
permalink = true
slugify = {{ object = "pymdownx.slugs.slugify", kwds = {{ case = "lower" }} }}
[project.markdown_extensions.pymdownx.highlight]
use_pygments = true
[project.markdown_extensions.pymdownx.superfences]
"""


def _entry(page: Page, language: Language, among: dict[str, Page]) -> object:
    if language == "en":
        return {_title(page): page.name}
    translated = twin(page, among)
    if translated is None:
        return {f"{_title(page)} (English)": f"../{page.address}"}
    return {_title(translated): translated.name}


def _title(page: Page) -> str:
    heading = re.search(r"^# (.*)$", page.path.read_text(encoding="utf-8"), re.MULTILINE)
    return heading[1].replace("`", "") if heading else page.name


def _toml(value: object) -> str:
    """Return a value of lists, tables and texts as TOML in one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_toml(k)} = {_toml(v)}' for k, v in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)


def _zensical(work: Path) -> None:
    program = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(program, cwd=work, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"zensical failed\n{done.stdout}{done.stderr}")
