"""Checks of the playground that edit: insertions, two files, and a page without a network."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tools.site.pages import ROOT
from tools.site.server import Served, serving
from tools.site.visitor import Visitor

_MINI = (ROOT / "examples" / "minifork" / "models" / "mini.yaml").read_bytes()
_WINDOWS = b"\xef\xbb\xbf" + _MINI.replace(b"\n", b"\r\n").removesuffix(b"\r\n")
_YOLO11 = (ROOT / "examples" / "models" / "yolo11.yaml").read_bytes()


class Insertion(NamedTuple):
    """An insertion: the file, the connection, what is filled in, and an option it must lead to."""

    data: bytes
    source: int
    reader: int
    module: str
    where: str
    args: str
    option: str


_INSERTIONS = (
    Insertion(_MINI, 8, 9, "ACmix", "", "", "--after 8"),
    Insertion(_MINI, 4, 16, "SimAM", "", "", "--edge 4:16"),
    Insertion(_MINI, 4, 5, "CBAM", "skips", "[8]", "--after 4 --keep-skips"),
    Insertion(_MINI, 17, 24, "CBAM", "end", '[16, ["avg"]]', "--edge 17:24 --at-end"),
    Insertion(_MINI, -1, 0, "SimAM", "", "", "--at 0"),
    Insertion(_WINDOWS, 14, 19, "SE", "after", "", "--after 14"),
    Insertion(_YOLO11, 4, 15, "CoordAtt", "", "", "--edge 4:15"),
)


def run(words: list[str], folder: Path) -> bytes:
    """Run a command of yamlmod in a folder, and return what it prints."""
    command = [sys.executable, "-m", "yamlmod", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True)
    assert done.returncode in (0, 1), done.stderr.decode()
    return done.stdout


def check_insertions(visitor: Visitor, served: Served) -> None:
    """The YAML and the patch are those of the command that is shown, and `git apply` takes it."""
    with tempfile.TemporaryDirectory() as scratch:
        for number, case in enumerate(_INSERTIONS):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            visitor.do(visitor.drop("own.yaml", case.data))
            visitor.insert(case.module, case.source, case.reader, case.where, case.args)
            _check_insertion(visitor, case, folder)


def _check_insertion(visitor: Visitor, case: Insertion, folder: Path) -> None:
    command = visitor.text_of("#change-command")
    words = shlex.split(command)
    assert case.option in command and words[:2] == ["yamlmod", "insert"], command
    assert _changes(visitor)["added"], command
    text = visitor.download("#change-yaml")
    patch = visitor.download("#change-patch")
    path = folder / "own.yaml"
    path.write_bytes(case.data)
    assert run([word for word in words[1:] if word != "-w"], folder) == patch, command
    applied = subprocess.run(["git", "apply", "-"], cwd=folder, input=patch, capture_output=True)
    assert applied.returncode == 0, (command, applied.stderr)
    assert path.read_bytes() == text, (command, path.read_bytes()[:40], text[:40])
    path.write_bytes(case.data)
    run(words[1:], folder)
    assert path.read_bytes() == text, command
    visitor.apply()
    assert visitor.text.encode() == text and visitor.download() == text, command
    assert _changes(visitor)["added"], command
    visitor.do("document.getElementById('undo').click()")
    assert visitor.text.encode() == case.data
    assert not _changes(visitor)["added"]


def _changes(visitor: Visitor) -> dict[str, int]:
    """Return how often the figure has each kind of change."""
    found: list[str] = visitor.page.run(
        "[...document.querySelectorAll('#picture [data-change]')].map((e) => e.dataset.change)"
    )
    names = {"added", "removed", "replaced", "moved", "changed", "rewired", *found}
    return {name: found.count(name) for name in names}


def check_insertion_by_keys(visitor: Visitor, served: Served) -> None:
    """Tab into the figure, arrows to a connection, Enter, search in Chinese, Enter; Esc leaves."""
    visitor.do(visitor.drop("own.yaml", _MINI))
    visitor.page.run("document.getElementById('picture').focus()")
    visitor.page.key("Tab")
    where = "document.activeElement.dataset.from + ':' + document.activeElement.dataset.to"
    assert visitor.page.run(where) == "-1:0"
    for _ in range(40):
        if visitor.page.run(where) == "8:9":
            break
        visitor.page.key("ArrowDown")
    assert visitor.page.run(where) == "8:9"
    visitor.page.key("Enter")
    visitor.wait("document.activeElement.id === 'search'")
    visitor.wait("document.querySelectorAll('#module option').length > 40")
    visitor.fill("#search", "坐标")
    found = visitor.lines_of("#module option")
    assert 1 < len(found) < 8 and any(line.startswith("CoordAtt ") for line in found), found
    visitor.fill("#module", "CoordAtt")
    visitor.settle()
    visitor.wait("!document.getElementById('apply').disabled")
    rounds = visitor.page.run("performance.getEntriesByName('findings').length")
    visitor.page.key("Enter")
    visitor.wait(f"performance.getEntriesByName('findings').length > {rounds}")
    visitor.settle()
    assert "CoordAtt" in visitor.text
    assert visitor.page.run("document.activeElement.id") == "change-title"
    visitor.do("document.getElementById('undo').click()")
    visitor.click_connection(8, 9)
    visitor.page.key("Escape")
    visitor.wait("document.getElementById('insert').hidden")
    assert visitor.text.encode() == _MINI


def check_refused_insertions(visitor: Visitor, served: Served) -> None:
    """What cannot be inserted is said with its reason, and nothing can be downloaded or applied."""
    visitor.do(visitor.drop("own.yaml", _MINI))
    for module, source, reader, args, part in (
        ("ACmix", -1, 0, "", "takes its input's channels"),
        ("CBAM", 8, 9, "[7]", "reduction_ratio must not be 7"),
        ("CBAM", 8, 9, "[8", "is not JSON"),
        ("DySample", 8, 9, "", "other"),
    ):
        visitor.insert(module, source, reader, args=args)
        told = visitor.text_of("#insert-message")
        assert part in told, told
        hidden = "document.getElementById('change').hidden"
        assert visitor.page.run(f"{hidden} && document.getElementById('apply').disabled")
        visitor.page.run("document.getElementById('cancel').click()")
        visitor.settle()


def check_two_files(visitor: Visitor, served: Served) -> None:
    """The figure has the changes of `draw --base`, the lines are those of `diff`."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "mini.yaml").write_bytes(_MINI)
        run(["insert", "SimAM", "mini.yaml", "--edge", "4:16", "-o", "own.yaml"], folder)
        run(["replace", "own.yaml", "SPPF", "CBAM", "-w"], folder)
        visitor.do(visitor.drop("own.yaml", (folder / "own.yaml").read_bytes()))
        visitor.press("#compare-toggle")
        visitor.wait("performance.getEntriesByName('compare').length > 0")
        visitor.settle()
        assert visitor.lines_of("#base-lines li") == ["no differences"]
        visitor.fill("#base", "mini")
        visitor.settle()
        printed = run(["diff", "mini.yaml", "own.yaml"], folder).decode()
        assert visitor.lines_of("#base-lines li") == printed.splitlines()
        commands = visitor.text_of("#base-commands").split("\n")
        assert commands[0] == "yamlmod diff mini.yaml own.yaml"
        run(shlex.split(commands[1])[1:], folder)
        drawn = (folder / "change.svg").read_text(encoding="utf-8")
        expected = re.findall(r'data-change="(\w+)"', drawn)
        changes = _changes(visitor)
        assert expected and changes == {name: expected.count(name) for name in changes}
        _check_other_bases(visitor)


def _check_other_bases(visitor: Visitor) -> None:
    """Side by side, a base that is typed, and one that is no network; then without one."""
    visitor.press("#sides")
    visitor.settle()
    assert visitor.page.run("document.querySelectorAll('#picture g.part').length") == 2
    visitor.press("#sides")
    visitor.fill("#base-text", _MINI.decode().replace("nc: 4", "nc: 7"))
    visitor.settle()
    assert "setting   nc 7 -> 4" in visitor.lines_of("#base-lines li")
    visitor.fill("#base-text", "backbone: <img src=x onerror=window.bad=1>\n")
    visitor.settle()
    assert "cannot be read" in visitor.text_of("#base-message")
    assert visitor.page.run("typeof window.bad") == "undefined"
    assert sum(_changes(visitor).values()) == 0
    visitor.press("#compare-close")
    visitor.settle()
    assert visitor.page.run("document.getElementById('compare').hidden")


def check_offline(visitor: Visitor, served: Served) -> None:
    """Once opened, the page works without its server, in both languages, from what it keeps.

    A damaged snapshot of Python is forgotten.
    """
    with serving(served.folder) as other:
        alone = Visitor(visitor.page, other.address)
        alone.open()
        first = alone.findings
        for mark in ("offline", "snapshot"):
            alone.wait(f"performance.getEntriesByName('{mark}').length > 0", 300)
        asked = len(other.requests)
    for path, is_warm in (("playground/", True), ("zh/playground/", True), ("playground/", False)):
        if not is_warm:
            _damage_snapshot(alone)
        alone.open(path)
        assert alone.findings == first, path
        assert bool(alone.page.run("performance.getEntriesByName('warm').length")) == is_warm
        alone.do(alone.paste(_MINI.decode()))
        alone.insert("CBAM", 8, 9)
        assert "CBAM" in alone.text_of("#change-command"), path
    assert len(other.requests) == asked
    visitor.page.complaints.clear()  # the browser says that the server is gone


def _damage_snapshot(visitor: Visitor) -> None:
    visitor.page.run(
        "{ (async () => { for (const name of await caches.keys()) {"
        "if (!name.startsWith('yamlmod-snapshot-')) continue;"
        "const cache = await caches.open(name); const [kept] = await cache.keys();"
        "await cache.put(kept, new Response(new Uint8Array(4000)));"
        "window.damaged = true; } })(); null }"
    )
    visitor.wait("window.damaged")


CHECKS = {
    "insertions": check_insertions,
    "an insertion by keys": check_insertion_by_keys,
    "refused insertions": check_refused_insertions,
    "two files": check_two_files,
    "without a network": check_offline,
}
