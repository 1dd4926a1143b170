"""What a visitor does on the playground, done in a real browser."""

from __future__ import annotations

import base64
import json
import tempfile
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

    def download(self, selector: str = "#download") -> bytes:
        """Click a button that downloads, and return the bytes of the file."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            self.page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=name)
            self.press(selector)
            end = time.monotonic() + 30
            while (done := _finished(folder)) is None:
                assert time.monotonic() < end, "nothing was downloaded"
                time.sleep(0.05)
            return done.read_bytes()

    def text_of(self, selector: str) -> str:
        return str(self.page.run(f"document.querySelector({json.dumps(selector)}).textContent"))

    def lines_of(self, selector: str) -> list[str]:
        found = f"[...document.querySelectorAll({json.dumps(selector)})]"
        return [str(line) for line in self.page.run(f"{found}.map((e) => e.textContent)")]

    def fill(self, selector: str, value: str) -> None:
        """Give a field a value, as typing it or choosing it does."""
        field = f"document.querySelector({json.dumps(selector)})"
        self.page.run(
            f"{{ const field = {field}; field.value = {json.dumps(value)};"
            "field.dispatchEvent(new Event('input', { bubbles: true }));"
            "field.dispatchEvent(new Event('change', { bubbles: true })); null }"
        )

    def click_connection(self, source: int, reader: int) -> None:
        """Click a connection of the figure with the mouse, where nothing is over it."""
        found = f".connection[data-from='{source}'][data-to='{reader}']"
        x, y = self.page.run(
            f"(() => {{ const line = document.querySelector({json.dumps(found)});"
            "line.scrollIntoView({ block: 'center' }); const end = line.getTotalLength();"
            "const there = line.getScreenCTM();"
            "for (let part = 0.02; part < 1; part += 0.02) {"
            "const point = line.getPointAtLength(end * part).matrixTransform(there);"
            "if (document.elementFromPoint(point.x, point.y) === line) return [point.x, point.y];"
            "} return [-1, -1]; })()"
        )
        assert x >= 0, f"the connection {source}:{reader} cannot be clicked"
        self.page.click(x, y)

    def insert(
        self, module: str, source: int, reader: int, where: str = "", args: str = ""
    ) -> None:
        """Click a connection and fill in what to insert; wait for what it would give."""
        self.click_connection(source, reader)
        self.choose(module, where, args)

    def choose(self, module: str, where: str = "", args: str = "") -> None:
        """Fill in "insert here", which is open, and wait for its answer."""
        self.wait("document.querySelectorAll('#module option').length > 0")
        self.fill("#search", module)
        self.fill("#args", args)
        if where:
            self.press(f"#where input[value={where}]")
        seen = self.page.run("performance.getEntriesByName('insert').length")
        self.fill("#module", module)
        self.wait(f"performance.getEntriesByName('insert').length > {seen}")
        self.settle()

    def apply(self) -> None:
        """Put the insertion into the editor."""
        self.do("document.getElementById('apply').click()")


def _finished(folder: Path) -> Path | None:
    """Return the file that was downloaded; the browser takes its name with an empty one first."""
    named = (path for path in folder.iterdir() if path.suffix in (".yaml", ".patch"))
    return next((path for path in named if path.stat().st_size), None)
