"""Checks of the built site in a real browser; each is a function that fails by an assertion."""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from tools.browser import browser_page
from tools.site.audit import (
    audit_documentation,
    audit_finds_faults,
    audit_playground,
    unnamed,
)
from tools.site.edit_checks import CHECKS as EDIT_CHECKS
from tools.site.pages import ROOT
from tools.site.server import Served, serving
from tools.site.visitor import Shown, Visitor
from tools.site.wrong import WRONG

Check: TypeAlias = Callable[[Visitor, Served], None]
_MINI = ROOT / "examples" / "minifork" / "models" / "mini.yaml"
_WRONG = ROOT / "examples" / "models" / "wrong_insertion.yaml"
_HOSTILE = "</title></script><script>window.bad=1</script><img src=x onerror=window.bad=1>\\e[31m"
_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in itertools.pairwise("abcdefghi")
)

# Controls of which another element takes the click, at the width that the page has.
_COVERED = """
[...document.querySelectorAll("a, button, select")].filter((control) => {
  if (!control.checkVisibility()) return false;
  control.scrollIntoView({ block: "center" });
  const { x, y, width, height } = control.getBoundingClientRect();
  const hit = document.elementFromPoint(x + width / 2, y + height / 2);
  return !(control.contains(hit) || hit?.contains(control));
}).map((control) => control.id || control.textContent)
"""


def failures(folder: Path, program: str) -> Iterator[tuple[str, str]]:
    """Run all checks; give each with why it failed, or with an empty text."""
    with serving(folder) as served, browser_page(program) as page:
        visitor = Visitor(page, served.address)
        for name, check in CHECKS.items():
            try:
                check(visitor, served)
                error = "; ".join(page.complaints)
            except AssertionError as failure:
                error = str(failure) or "failed"
            page.complaints.clear()
            yield name, error


def _command(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "yamlmod", *arguments], capture_output=True)


def _expected(text: bytes) -> list[Shown]:
    """Return what the command finds in a text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.yaml"
        path.write_bytes(text)
        data: Any = json.loads(_command("check", "--json", str(path)).stdout)
    return [Shown(item["rule"], item["line"] or 0, item["severity"]) for item in data["findings"]]


def _first_findings(visitor: Visitor, served: Served) -> None:
    visitor.open()
    assert visitor.findings == _expected(_WRONG.read_bytes()), visitor.findings
    assert visitor.page.run("document.querySelectorAll('#picture svg .layer').length") == 26
    served.expect_only_own(visitor.page.requests)


def _wrong_texts(visitor: Visitor, served: Served) -> None:
    for wrong in WRONG:
        visitor.do(visitor.paste(wrong.text))
        assert visitor.text == wrong.text, wrong.name
        found = visitor.findings
        assert found == _expected(wrong.text.encode()), (wrong.name, found)
        places = [(finding.rule, finding.line) for finding in found]
        assert (wrong.rule, wrong.line) in places, (wrong.name, found)
        index = places.index((wrong.rule, wrong.line)) + 1
        visitor.press(f"#findings li:nth-child({index}) .go")
        line = visitor.page.run(
            "playground.editor.view.state.doc.lineAt("
            "playground.editor.view.state.selection.main.from).number"
        )
        assert line == wrong.line, (wrong.name, line)
        assert visitor.page.run(
            "!!document.getElementById('editor').shadowRoot.querySelector('.cm-lint-marker')"
        ), wrong.name


def _fixes(visitor: Visitor, served: Served) -> None:
    """One click fixes one finding; a second one undoes nothing else."""
    visitor.do(visitor.paste(_WRONG.read_text(encoding="utf-8")))
    before = visitor.findings
    index = next(i for i, found in enumerate(before, 1) if found.rule == "index-comment")
    visitor.do(f"document.querySelector('#findings li:nth-child({index}) .fix').click()")
    assert visitor.findings == [f for i, f in enumerate(before, 1) if i != index]
    assert "# 8-P5/32" in visitor.text


def _downloads(visitor: Visitor, served: Served) -> None:
    """Read a file, fix it, download it: the bytes are those that the command writes."""
    plain = _WRONG.read_bytes()
    windows = b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n").removesuffix(b"\r\n")
    mixed = plain.replace(b"\n", b"\r\n", 9)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "own.yaml"
        for data in (plain, windows, mixed, _MINI.read_bytes()):
            visitor.do(visitor.drop(path.name, data))
            assert visitor.download() == data
            path.write_bytes(data)
            _command("check", "--fix", "-w", str(path))
            expected = path.read_bytes()
            path.unlink()
            if expected != data:
                visitor.do("document.getElementById('fix-all').click()")
            assert visitor.download() == expected


def _languages(visitor: Visitor, served: Served) -> None:
    text = visitor.text
    visitor.do("document.getElementById('language').click()")
    assert visitor.page.run("document.documentElement.lang") == "zh-CN"
    assert visitor.page.run("location.pathname") == "/zh/playground/"
    assert visitor.page.run("document.getElementById('open').textContent") == "打开文件"
    assert visitor.text == text
    visitor.do("document.getElementById('language').click()")
    assert visitor.page.run("document.getElementById('open').textContent") == "Open file"
    assert visitor.page.run("location.pathname") == "/playground/"


def _links(visitor: Visitor, served: Served) -> None:
    """A link holds the text; what is no text, or too long a one, is refused."""
    text = _MINI.read_text(encoding="utf-8").replace("minifork", "模型 🙂\r") + "\t"
    visitor.do(visitor.paste(text))
    assert visitor.text == text
    visitor.press("#share")
    visitor.wait("location.hash.startsWith('#yaml=')")
    fragment = visitor.page.run("location.hash")
    visitor.do(visitor.paste("a: 1\n"))
    visitor.page.run("history.replaceState(null, '', location.pathname)")
    visitor.do(f"location.hash = {json.dumps(fragment)}")
    assert visitor.text == text
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = bomb.compress(b"a" * 300_000_000) + bomb.flush()
    for bad in ("@@", base64.urlsafe_b64encode(data).decode().rstrip("=")):
        visitor.page.run("document.getElementById('message').textContent = ''")
        visitor.page.run(f"location.hash = {json.dumps('#yaml=' + bad)}")
        visitor.wait("document.getElementById('message').textContent.includes('no text')", 20)
        assert visitor.text == text
    visitor.page.run("history.replaceState(null, '', location.pathname)")


def _hostile(visitor: Visitor, served: Served) -> None:
    row = f'   [-1, 3, "{_HOSTILE}", ["{_HOSTILE}"]],\n'
    text = _MINI.read_text(encoding="utf-8").replace("   [-1, 3, C3, [128]],\n", row)
    visitor.do(visitor.paste(text))
    assert visitor.page.run("typeof window.bad") == "undefined"
    allowed = (
        "svg, g, rect, line, path, polyline, polygon, circle, text, tspan, title, defs, marker"
    )
    strange = f"[...document.querySelectorAll('#picture *')].filter((e) => !e.matches('{allowed}'))"
    assert visitor.page.run(f"{strange}.map((e) => e.localName).join()") == ""
    assert "<script>" in visitor.page.run("document.getElementById('picture').textContent")
    visitor.do(visitor.paste(f"backbone: <img src=x onerror=window.bad=1>\nhead: {_HOSTILE}\n"))
    assert visitor.page.run("typeof window.bad") == "undefined"
    assert visitor.page.run("document.querySelectorAll('main img, main script').length") == 0


def _large(visitor: Visitor, served: Served) -> None:
    """Five megabytes are not taken, and a bomb is refused; the page answers meanwhile."""
    visitor.do(visitor.paste(_MINI.read_text(encoding="utf-8")))
    before = visitor.text
    row = "  - [-1, 1, Conv, [64, 3, 2]]\n"
    script = visitor.paste("@").replace('"@"', f"{json.dumps(row)}.repeat(180000)")
    visitor.page.run(f"{{ {script}; null }}")
    visitor.wait("document.getElementById('message').textContent.includes('5,400,000')", 10)
    assert visitor.text == before
    visitor.page.run(f"{{ {visitor.drop('big.yaml', row.encode() * 60000)}; null }}")
    visitor.wait("document.getElementById('message').textContent.includes('1,800,000')", 10)
    assert visitor.text == before
    for text in (_BOMB, f"backbone: {'[' * 50000}\n", row * 13000):
        visitor.do(visitor.paste(text), 40)
        assert visitor.page.run("1 + 1") == 2
        assert visitor.findings or visitor.message


def _outside(visitor: Visitor, served: Served) -> None:
    """Neither the page nor its worker reaches another host: the policy forbids it."""
    with serving(Path(__file__).parent) as other:
        fetch = f"fetch('{other.address}x').then(() => 'sent', () => 'kept')"
        visitor.page.run(f"{{ {fetch}.then((word) => {{ window.own = word; }}); null }}")
        code = f"{fetch}.then((word) => postMessage(word))"
        visitor.page.run(
            f"{{ const w = new Worker(URL.createObjectURL(new Blob([{json.dumps(code)}])));"
            "w.onmessage = (event) => { window.workers = event.data; }; null }"
        )
        visitor.wait("window.own && window.workers")
        assert visitor.page.run("window.own + window.workers") == "keptkept"
        assert other.requests == []
    visitor.page.complaints.clear()  # the browser says that it kept them


def _keyboard(visitor: Visitor, served: Served) -> None:
    """The fix of a finding is reached and pressed by keys alone, from the editor on."""
    visitor.do(visitor.paste(_WRONG.read_text(encoding="utf-8")))
    rounds = len(visitor.findings)
    visitor.page.run("playground.editor.view.focus()")
    visitor.page.key("Escape")
    for _ in range(12):
        visitor.page.key("Tab")
        if visitor.page.run("document.activeElement.className") == "fix":
            break
    assert visitor.page.run("document.activeElement.className") == "fix"
    visitor.page.run("globalThis.seen = performance.getEntriesByName('findings').length")
    visitor.page.key("Enter")
    visitor.wait("performance.getEntriesByName('findings').length > seen")
    visitor.settle()
    assert len(visitor.findings) == rounds - 1


def _names(visitor: Visitor, served: Served) -> None:
    """Controls have names for a screen reader and are not covered; nothing is too wide."""
    assert unnamed(visitor.page) == []
    for width in (390, 1280, 1920):
        visitor.page.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        wide = "document.documentElement.scrollWidth - innerWidth"
        assert visitor.page.run(wide) <= 0, width
        assert visitor.page.run(_COVERED) == [], width


def _stopped(visitor: Visitor, served: Served) -> None:
    """A question without an answer is stopped after 15 seconds; a new worker answers the next."""
    visitor.do("playground.engine.worker.postMessage = () => {};" + visitor.paste("a: 1\n"), 40)
    assert "15 seconds" in visitor.message, visitor.message
    visitor.do(visitor.paste(_WRONG.read_text(encoding="utf-8")), 300)
    assert visitor.findings == _expected(_WRONG.read_bytes())


def _documentation(visitor: Visitor, served: Served) -> None:
    """Pages of the documentation load nothing from elsewhere and complain of nothing."""
    visitor.page.requests.clear()
    for path in ("", "insertion/", "architecture/", "modules/", "zh/", "zh/overlay/"):
        visitor.page.open(served.address + path)
        visitor.wait("!!document.querySelector('h1')")
    served.expect_only_own(visitor.page.requests)


CHECKS: dict[str, Check] = {
    "first findings": _first_findings,
    "ten wrong texts": _wrong_texts,
    "a fix": _fixes,
    "downloads": _downloads,
    "languages": _languages,
    "links": _links,
    "hostile text": _hostile,
    "large texts and bombs": _large,
    "other hosts": _outside,
    "keyboard": _keyboard,
    **EDIT_CHECKS,
    "names and widths": _names,
    "a question without an answer": _stopped,
    "documentation": _documentation,
    "the audit itself": audit_finds_faults,
    "audit of the playground": audit_playground,
    "audit of the documentation": audit_documentation,
}
