"""Audit pages in a browser: contrast, names, landmarks, headings, languages, visible focus."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.browser import Page
from tools.site.server import Served
from tools.site.visitor import Visitor

_SCRIPT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")
_NAMED = {
    "button", "link", "combobox", "listbox", "textbox", "searchbox", "checkbox", "radio", "region",
    "toolbar",
}  # fmt: skip
_DOCUMENTATION = {
    "light": ("", "insertion/", "modules/", "gallery/", "zh/", "zh/tutorial_yolov5/"),
    "dark": ("check/", "zh/gallery/"),
}
_LANGUAGES = {"en": {"en"}, "zh": {"zh", "zh-CN"}}


def problems(page: Page, language: str) -> list[str]:
    """Return what is wrong with the page that is open."""
    found: list[str] = list(page.run(_SCRIPT))
    own = str(page.run("document.documentElement.lang"))
    if own not in _LANGUAGES[language]:
        found.append(f"the page's language is {own!r}")
    return found + unnamed(page)


def unnamed(page: Page) -> list[str]:
    """Return the controls and parts that have no name for a screen reader."""
    tree: Any = page.call("Accessibility.getFullAXTree")
    nodes = [node for node in tree["nodes"] if not node["ignored"]]
    roles = ((node["role"]["value"], node) for node in nodes if "role" in node)
    return [
        f"no name: {role}"
        for role, node in roles
        if role in _NAMED and not node["name"].get("value")
    ]


def check_editor_focus(page: Page) -> None:
    """The editor shows its focus, too, a moment after it has it."""
    page.run("playground.editor.view.focus()")
    looks = "getComputedStyle(playground.editor.view.dom).outlineStyle"
    page.wait(f"{looks} === 'solid'", 5)
    page.run("document.activeElement.blur()")


def audit_playground(visitor: Visitor, served: Served) -> None:
    """Both languages, with findings, with "insert here" open, applied, and with two files."""
    for language, path in (("en", "playground/"), ("zh", "zh/playground/")):
        visitor.open(path)
        check_editor_focus(visitor.page)
        states: dict[str, Callable[[], None]] = {
            "findings": lambda: None,
            "insert here": lambda: visitor.insert("SimAM", 2, 3),
            "inserted": visitor.apply,
            "two files": lambda: visitor.press("#compare-toggle"),
        }
        for state, make in states.items():
            make()
            visitor.settle()
            found = problems(visitor.page, language)
            assert not found, (path, state, found)


def audit_documentation(visitor: Visitor, served: Served) -> None:
    """Pages of the documentation, light and dark."""
    page = visitor.page
    try:
        for scheme, paths in _DOCUMENTATION.items():
            feature = {"name": "prefers-color-scheme", "value": scheme}
            page.call("Emulation.setEmulatedMedia", features=[feature])
            page.run("localStorage.clear()")  # the theme keeps what it chose first
            for path in paths:
                page.open(served.address + path, 1280, 900)
                visitor.wait("!!document.querySelector('h1')")
                found = problems(page, "zh" if path.startswith("zh/") else "en")
                assert not found, (path, scheme, found[:20])
            assert page.run("matchMedia('(prefers-color-scheme: dark)').matches") == (
                scheme == "dark"
            )
    finally:
        page.call("Emulation.setEmulatedMedia", features=[])


_FAULTS = {
    "<p style-test='color: #999'>pale</p>": "contrast 2.85",
    "<img src='data:,'>": "no text for an image",
    "<h5>deep</h5>": "a heading of level 5 after",
    "<p lang='xx'>x</p>": "language xx",
    "<p id='twice'>x</p><p id='twice'>x</p>": "two of #twice",
    "<button style-test='outline: 0 !important' aria-label='x'>x</button>": "the focus is not seen",
    "<button style-test='width: 9px; height: 9px'></button>": "no name: button",
    "<main>another</main>": "not one main part",
    "<h1>another</h1>": "not one heading of the first level",
}


def audit_finds_faults(visitor: Visitor, served: Served) -> None:
    """The audit reports each fault that is put into a page, and nothing when it is gone."""
    page = visitor.page
    page.open(served.address + "playground/")
    visitor.settle()
    for fault, expected in _FAULTS.items():
        # The page's policy forbids styles in markup, not those that a script sets.
        page.run(
            "{ const part = document.createElement('section'); part.id = 'fault';"
            f"part.innerHTML = {json.dumps(fault)};"
            "for (const e of part.querySelectorAll('[style-test]')) "
            "e.style.cssText = e.getAttribute('style-test');"
            "document.querySelector('main').append(part); null }"
        )
        found = problems(page, "en")
        assert any(expected in line for line in found), (fault, found)
        page.run("document.getElementById('fault').remove()")
    assert problems(page, "en") == []
    assert problems(page, "zh") == ["the page's language is 'en'"]
