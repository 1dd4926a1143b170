"""Check a built site: every link and anchor leads somewhere, and nothing loads from other hosts."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

# Elements that a browser fetches by itself, with the attribute that says from where.
_LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}
_PASSIVE = {"canonical", "alternate", "next", "prev", "license"}


class Reference(NamedTuple):
    """A link of a page; ``loads`` where a browser follows it by itself."""

    target: str
    loads: bool


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.references: list[Reference] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.anchors |= {value for name in ("id", "name") if (value := known.get(name))}
        if tag in _LOADED and (target := known.get(_LOADED[tag])):
            self.references.append(Reference(target, True))
        if tag == "link" and (target := known.get("href")):
            kinds = set((known.get("rel") or "").split())
            self.references.append(Reference(target, not kinds & _PASSIVE))
        if tag in ("a", "area") and (target := known.get("href")):
            self.references.append(Reference(target, False))


def read_page(path: Path) -> tuple[list[Reference], set[str]]:
    """Return the links and the anchors of a page."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader.references, reader.anchors


def link_errors(folder: Path) -> list[str]:
    """Return what is wrong with the links of a site, one line each."""
    site = folder.resolve()
    pages = {path: read_page(path) for path in sorted(site.rglob("*.html"))}
    errors: list[str] = []
    for path, (references, _) in pages.items():
        if path.name == "404.html":  # served at any depth; its links are from the top
            continue
        for reference in references:
            error = _error(path, reference, pages, site)
            if error:
                errors.append(f"{path.relative_to(site).as_posix()}: {reference.target}: {error}")
    return errors


def _error(
    page: Path,
    reference: Reference,
    pages: dict[Path, tuple[list[Reference], set[str]]],
    site: Path,
) -> str:
    parts = urlsplit(reference.target)
    if parts.scheme in ("http", "https") or parts.netloc:
        return "loads from another host" if reference.loads else ""
    if parts.scheme:
        return "" if parts.scheme in ("mailto", "data") else f"a link of kind {parts.scheme}"
    if parts.path.startswith("/"):
        return "starts at the root of the host, where the site need not be"
    path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not path.is_relative_to(site):
        return "leads out of the site"
    if path.is_dir():
        path /= "index.html"
    if not path.is_file():
        return "is not there"
    anchor = unquote(parts.fragment)
    if anchor and path in pages and anchor not in pages[path][1]:
        return "has no such anchor"
    return ""
