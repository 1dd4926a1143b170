"""What a visitor does on the playground, done in a real browser."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tools.browser import Page

# How long Python may take to start in the browser, on a machine that does other work.
START = 300.0
_READY = "document.getElementById('state').dataset.state === 'ready'"
_ROUNDS = "performance.getEntriesByName('findings').length"


class Shown(NamedTuple):
    """A finding as the page lists it."""

    rule: str
    line: int
    severity: str


class Visitor:
    """A visitor of one page."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address

    def open(self, path: str = "playground/", width: int = 1280, height: int = 900) -> None:
        """Open the page and wait for its first findings and figure."""
        self.page.open(self.address + path, width, height)
        self.wait(f"{_ROUNDS} > 0", START)
        self.settle()

    def wait(self, condition: str, seconds: float = 60.0) -> None:
        self.page.wait(condition, seconds)

    def settle(self, seconds: float = 60.0) -> None:
        """Wait until the worker has answered everything and the page has stayed so."""
        calm = 0
        end = time.monotonic() + seconds
        while calm < 4:
            assert time.monotonic() < end, "the page does not settle"
            calm = calm + 1 if self.page.run(_READY) else 0
            time.sleep(0.06)

    def do(self, script: str, seconds: float = 60.0) -> None:
        """Run a script that changes the text, and wait for its findings."""
        rounds = self.page.run(_ROUNDS)
        self.page.run(f"{{ {script}; null }}")
        self.wait(f"{_ROUNDS} > {rounds}", seconds)
        self.settle()

    def paste(self, text: str) -> str:
        """Return the script that pastes a text over what is there."""
        return (
            "const view = playground.editor.view;"
            "view.dispatch({ selection: { anchor: 0, head: view.state.doc.length } });"
            "const data = new DataTransfer();"
            f"data.setData('text/plain', {json.dumps(text)});"
            "view.contentDOM.dispatchEvent(new ClipboardEvent('paste',"
            "{ clipboardData: data, bubbles: true, cancelable: true }))"
        )

    def drop(self, name: str, data: bytes) -> str:
        """Return the script that drops a file on the page."""
        return (
            f"const bytes = Uint8Array.from(atob('{base64.b64encode(data).decode()}'),"
            "(letter) => letter.charCodeAt(0)); const carried = new DataTransfer();"
            f"carried.items.add(new File([bytes], {json.dumps(name)}));"
            "document.getElementById('editor').dispatchEvent(new DragEvent('drop',"
            "{ dataTransfer: carried, bubbles: true, cancelable: true }))"
        )

    @property
    def text(self) -> str:
        return str(self.page.run("playground.editor.text"))

    @property
    def message(self) -> str:
        return str(self.page.run("document.getElementById('message').textContent"))

    @property
    def findings(self) -> list[Shown]:
        rows: Sequence[Any] = self.page.run(
            "[...document.querySelectorAll('#findings li')]"
            ".map((e) => [e.dataset.rule, Number(e.dataset.line), e.className])"
        )
        return [Shown(*row) for row in rows]

    def press(self, selector: str) -> None:
        """Click an element with the mouse."""
        found = json.dumps(selector)
        self.page.run(f"document.querySelector({found}).scrollIntoView({{ block: 'center' }})")
        self.page.click(*self.page.middle(selector))

    def download(self, folder: Path) -> bytes:
        """Click Download, and return the bytes of the file."""
        self.page.call(
            "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder.resolve())
        )
        self.press("#download")
        end = time.monotonic() + 30
        while not (done := [p for p in folder.iterdir() if p.suffix == ".yaml"]):
            assert time.monotonic() < end, "nothing was downloaded"
            time.sleep(0.05)
        data = done[0].read_bytes()
        done[0].unlink()
        return data
