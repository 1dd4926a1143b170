"""Read a tutorial of docs/: its fork, the files it shows, its commands and what they print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, NamedTuple

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(page for page in DOCS.glob("tutorial_*.md") if "zh-CN" not in page.name)
_FORK = re.compile(r"<!-- tutorial: (\S+) -->")
# A block, with the comment that may be directly in front of it.
_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>file|not run): (?P<word>[^\n]*) -->\n)?"
    r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_FAILS = " # exits with 1"


class Step(NamedTuple):
    """A file that is shown, or commands with what they print (empty: not shown)."""

    kind: Literal["file", "run"]
    name: str
    text: str
    printed: str = ""


class Command(NamedTuple):
    """A line of a block, and the code that it exits with."""

    line: str
    code: int


def fork_of(page: Path) -> str:
    """Return the published fork that a tutorial is about, or `minifork`."""
    match = _FORK.search(page.read_text(encoding="utf-8"))
    assert match, f"{page.name} names no fork"
    return match[1]


def steps_of(page: Path) -> list[Step]:
    """Return the steps of a tutorial in order; every block of commands is one, or says why not."""
    steps: list[Step] = []
    for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        mark, word, kind, text = block["mark"], block["word"], block["kind"], block["text"]
        if mark == "file":
            steps.append(Step("file", word, text))
        elif mark == "not run":
            assert len(word) > 10, f"{page.name} leaves commands out without a reason"
        elif kind == "sh":
            steps.append(Step("run", "", text))
        elif kind == "text":
            assert steps[-1].kind == "run" and not steps[-1].printed, (page.name, text)
            steps[-1] = steps[-1]._replace(printed=text)
        else:
            assert kind in ("yaml",), f"{page.name}: a block of {kind} that is neither file nor run"
    return steps


def commands_of(step: Step) -> list[Command]:
    """Return the commands of a block, a line each."""
    lines = [line for line in step.text.splitlines() if line]
    found = [Command(line.partition(_FAILS)[0], int(_FAILS in line)) for line in lines]
    assert all("#" not in command.line for command in found), step.text
    return found


def is_shown(shown: str, printed: str) -> bool:
    """Whether a page shows what was printed; `...` is any text, alone in a line any lines."""
    parts = []
    for line in shown.rstrip("\n").split("\n"):
        if line == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            pieces = [re.escape(piece) for piece in line.rstrip().split("...")]
            parts.append(r"[^\n]*".join(pieces) + r"[ ]*\n")
    return re.fullmatch("".join(parts), printed.rstrip("\n") + "\n") is not None
