"""Running the command line in a terminal of a given width."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


_DRIVER = """
import json, sys
from yamlmod.cli.app import app
from yamlmod.cli.console import prepare
prepare()
for words in json.loads(sys.argv[1]):
    sys.stdout.write("\\nCOMMAND " + " ".join(words) + "\\n")
    sys.stdout.flush()
    try:
        app(words, prog_name="yamlmod")
    except SystemExit:
        pass
"""


def screen(*arguments: str | Path, cwd: Path, width: int, **environment: str) -> str:
    """Return what a terminal of ``width`` cells gets, stdout and stderr, with its colours."""
    return _shown(["-m", "yamlmod", *map(str, arguments)], cwd, width, environment)


def screens(commands: Sequence[Sequence[str]], cwd: Path, width: int) -> dict[str, list[str]]:
    """Return the lines of several commands, which run one after the other in one process."""
    text = _shown(["-c", _DRIVER, json.dumps([list(words) for words in commands])], cwd, width, {})
    found: dict[str, list[str]] = {}
    name = ""
    for line in plain(text):
        if line.startswith("COMMAND "):
            name = line.removeprefix("COMMAND ")
            found[name] = []
        elif name:  # a table that is drawn again begins at the left
            found[name] += line.split("\r")
    return found


def open_terminal(
    words: Sequence[str], cwd: Path, size: tuple[int, int], environment: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], int]:
    """Start the tool in a terminal of its own; return it, and the end that a person sees."""
    return _started(["-m", "yamlmod", *words], cwd, size, environment)


def _started(
    words: Sequence[str], cwd: Path, size: tuple[int, int], environment: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], int]:
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    variables = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        # In a session of its own, whose terminal this is: keys such as Ctrl-C reach it.
        [sys.executable, "-c", _OWN_TERMINAL, sys.executable, *words],
        cwd=cwd,
        stdin=child,
        stdout=child,
        stderr=child,
        env={**variables, **environment},
        close_fds=True,
        start_new_session=True,
    )
    os.close(child)
    return process, parent


_OWN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def _shown(words: Sequence[str], cwd: Path, width: int, environment: Mapping[str, str]) -> str:
    variables = {"TERM": "xterm", "PAGER": "cat", "YAMLMOD_PAGER": "", **environment}
    process, parent = _started(words, cwd, (50, width), variables)
    text = b""
    while True:
        ready, _, _ = select.select([parent], [], [], 120)
        try:
            part = os.read(parent, 65536) if ready else b""
        except OSError:  # the other end is closed
            break
        if not part:
            break
        text += part
    os.close(parent)
    process.wait(30)
    return text.decode("utf-8", "replace").replace("\r\n", "\n")


def plain(text: str) -> list[str]:
    """Return the lines of a screen without colours."""
    # What was under way has been written over.
    return _CODES.sub("", re.sub(r"[^\n]*\r\x1b\[K", "", text)).split("\n")
