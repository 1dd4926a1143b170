"""Text leaves by one door: nothing but `console` and `stream` writes to stdout or stderr."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import yamlmod

_ROOT = Path(yamlmod.__file__).parent
_DOORS = {"cli/console.py", "report/stream.py"}
# Programs of their own: they run in the fork's Python, and their output is read through pipes.
_APART = (
    *("runtime/yamlmod_worker/", "runtime/yamlmod_guard/", "runtime/worker_imports.py"),
    *("runtime/yamlmod_overlay/", "runtime/worker_package.py"),
    "study/guard/",
)
# A program of the user's: it is given what `write_diff` makes safe for a terminal.
_PAGER = "report/pager.py"
# `exec` hands the terminal to the command that it was given.
_HANDS_ON = {_PAGER, "cli/run_command.py"}
_NAMES = {"print", "input", "breakpoint"}
_STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__", "displayhook", "excepthook"}
_PRINTERS = {
    "echo", "secho", "echo_via_pager", "prompt", "confirm", "progressbar", "pause", "launch",
    "print_exc", "print_exception", "print_last", "print_stack", "print_tb", "print_list",
    "showwarning", "rich_format_error",
}  # fmt: skip
_MODULES = {"click", "logging", "getpass", "pprint", "curses", "readline", "colorama"}
_DEVICES = ("/dev/tty", "/dev/std", "/dev/fd", "/proc/self/fd", "CONOUT$")


def writes(source: str, name: str) -> Iterator[str]:
    """Yield what in a file of yamlmod could write past the door."""
    tree = ast.parse(source)
    # Functions that stand for torch's have its parameter `input`.
    parameters = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} & {"input"}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Name) and node.id in _NAMES - parameters:
            yield f"{name}:{line}: {node.id}"
        elif isinstance(node, ast.Attribute):
            owner = _dotted(node.value)
            if owner == "sys" and node.attr in _STREAMS and name not in _DOORS | _HANDS_ON:
                yield f"{name}:{line}: sys.{node.attr}"
            elif node.attr in _PRINTERS or (owner, node.attr) == ("os", "system"):
                yield f"{name}:{line}: {owner}.{node.attr}"
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            words = {module, *(alias.name for alias in node.names)}
            if {str(word).split(".")[0] for word in words} & _MODULES:
                yield f"{name}:{line}: import of {words}"
            if module == "sys" and words & _STREAMS:
                yield f"{name}:{line}: from sys import"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (f"{name}:{line}: {word}" for word in _DEVICES if word in node.value)
        if isinstance(node, ast.Call):
            yield from _calls(node, name)


def _dotted(node: ast.AST) -> str:
    """Return `a.b.c`; what else stands in front of a point is left out."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _calls(node: ast.Call, name: str) -> Iterator[str]:
    function, keywords = _dotted(node.func), {word.arg for word in node.keywords}
    place = f"{name}:{node.lineno}: {function}"
    kept = "capture_output" in keywords or {"stdout", "stderr"} <= keywords
    if function.startswith("subprocess.") and not kept and name not in _HANDS_ON:
        yield f"{place} hands its output on"
    if function.endswith("Console") and "file" not in keywords:
        yield f"{place} writes to stdout itself"
    if function == "Styled" and not name.startswith("report/"):
        yield f"{place}: only report knows what is styled"
    if function == "os.write" and name != "workspace/disk.py":
        yield place


_FILES = [path.relative_to(_ROOT).as_posix() for path in sorted(_ROOT.rglob("*.py"))]


def test_nothing_else_writes() -> None:
    names = [name for name in _FILES if not name.startswith(_APART)]
    texts = {name: (_ROOT / name).read_text(encoding="utf-8") for name in names}
    assert [place for name, text in texts.items() for place in writes(text, name)] == []


@pytest.mark.parametrize(
    "source",
    [
        "print(1)",
        "import sys\nsys.stderr.write('x')",
        "import sys\nshow = sys.__stdout__.write",
        "from sys import stdout",
        "import typer\ntyper.echo('x')",
        "from traceback import print_exc as p\nimport traceback\ntraceback.print_exc()",
        "import logging",
        "import subprocess\nsubprocess.run(['git'])",
        "import os\nos.write(1, b'x')",
        "open('/dev/tty')",
        "Console(stderr=True)",
        "Styled('x')",
    ],
)
def test_a_planted_writer_is_seen(source: str) -> None:
    assert list(writes(source, "cli/new.py"))
