"""A place to attack: a repository with all that must not change, and commands in this process."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FORK = Path(__file__).parents[2] / "examples" / "minifork"


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code, both streams, and how long it took."""

    code: int
    out: str
    err: str
    seconds: float


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """Yield a folder in memory where there is one, with a key of its own."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    before = os.environ.get("XDG_STATE_HOME")
    here = Path.cwd()
    with tempfile.TemporaryDirectory(dir=memory, prefix="yamlmod-attack-") as name:
        os.environ["XDG_STATE_HOME"] = str(Path(name, "state"))
        try:
            yield Path(name).resolve()
        finally:
            os.chdir(here)
            if before is None:
                del os.environ["XDG_STATE_HOME"]
            else:
                os.environ["XDG_STATE_HOME"] = before


def build(root: Path) -> Path:
    """Make a repository with git's folder, an environment, a bare repository and links out."""
    repo = root / "repo"
    shutil.copytree(_FORK, repo, ignore=shutil.ignore_patterns("__pycache__"))
    outside = root / "outside"
    for folder in (
        *(repo / ".git" / name for name in ("hooks", "objects", "refs", "empty")),
        *(repo / "bare" / name for name in ("hooks", "objects", "refs", "empty")),
        repo / ".venv" / "bin",
        repo / "sub" / ".git" / "hooks",
        repo / "empty",
        outside / "empty",
        outside / "cache" / "__pycache__",
    ):
        folder.mkdir(parents=True)
    texts = {
        repo / ".git" / "HEAD": "ref: refs/heads/main\n",
        repo / ".git" / "config": "[core]\n\trepositoryformatversion = 0\n",
        repo / "bare" / "HEAD": "ref: refs/heads/main\n",
        repo / ".venv" / "pyvenv.cfg": "home = /usr\n",
        repo / ".venv" / "bin" / "activate": "# activate\n",
        repo / "Makefile": "all:\n",
        repo / "sub" / ".git" / "config": "[core]\n",
        outside / "x.yaml": "nc: 1\n",
        outside / "x.py": "x = 1\n",
        outside / "cache" / "__pycache__" / "x.cpython-311.pyc": "",
    }
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    (repo / "out").symlink_to("../outside")
    (repo / "models" / "link.py").symlink_to("../../outside/x.py")
    return repo


def state(root: Path) -> dict[str, tuple[int, bytes | str | None]]:
    """Return every file, folder and link with its mode and what it holds, no link followed."""
    found: dict[str, tuple[int, bytes | str | None]] = {}
    pending = [str(root)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                mode = entry.stat(follow_symlinks=False).st_mode
                held: bytes | str | None = None
                if stat.S_ISDIR(mode):
                    pending.append(entry.path)
                elif stat.S_ISLNK(mode):
                    held = str(Path(entry.path).readlink())
                elif stat.S_ISREG(mode):
                    held = Path(entry.path).read_bytes()
                found[entry.path[len(str(root)) + 1 :]] = (mode, held)
    return found


def run(words: list[str], folder: Path) -> Ran:
    """Run a command of yamlmod in this process, as `python -m yamlmod` does."""
    from yamlmod.cli.app import app

    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in range(2)]
    os.chdir(folder)
    started = time.monotonic()
    code: Any = 0
    before = sys.stdout, sys.stderr, sys.argv
    sys.stdout, sys.stderr = streams
    sys.argv = ["yamlmod", *words]
    try:
        app(words, prog_name="yamlmod")
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout, sys.stderr, sys.argv = before
    texts = []
    for stream in streams:
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8", "replace"))  # type: ignore[attr-defined]
    return Ran(code if isinstance(code, int) else 1, *texts, time.monotonic() - started)
