"""Ask git about files, without running programs from a repository's own settings."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from yamlmod.programs import find_program
from yamlmod.workspace.files import FileChange, display, real_path

if TYPE_CHECKING:
    import subprocess

_SECONDS = 3
# A partial clone fetches what it lacks, with programs that its own settings name: not here, nor
# with a git that does not know the first variable.
_EMPTY = {
    "LC_ALL": "C",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
}
_QUIET = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")


def not_in_git(changes: Sequence[FileChange]) -> str | None:
    """Return one sentence about the files that git could not restore, None where it could.

    It asks for the names and digests of the last commit and compares them with what was read.
    `git status` would tell the same, but runs what a repository's own settings name (filters and
    file watchers), and nothing of a target is run. Without git, or without an answer, None.
    """
    old = {
        real_path(change.path): change.before
        for change in changes
        if change.kept and change.before is not None
    }
    root = _repository(next(iter(old))) if old else None
    if root is None:
        return None
    paths = {path.relative_to(root).as_posix(): path for path in old if path.is_relative_to(root)}
    committed = _committed(root, list(paths))
    if committed is None:
        return None
    told = []
    for name, path in paths.items():
        if name not in committed:
            told.append(f"{display(path)} (not committed)")
        elif committed[name] not in _digests(old[path] or b"", len(committed[name])):
            told.append(f"{display(path)} (uncommitted changes)")
    if not told:
        return None
    return f"git could not restore {', '.join(told)}; `yamlmod undo` can"


def _repository(path: Path) -> Path | None:
    return next((parent for parent in path.parents if (parent / ".git").exists()), None)


def tracked(folder: Path, name: str) -> frozenset[str]:
    """Return what git's index holds below ``folder``, however it spells its ``name`` there.

    Only the folder's own name represents itself, if that is what is in the index (a link, or a
    repository of its own). Without git, or without an answer, nothing.
    """
    parent = folder.parent
    if _repository(folder) is None:
        return frozenset()
    # Other spellings than the system's are sorted out by the caller's rules for names.
    spelled = "*".join(name)
    patterns = [f":(icase,glob){pattern}" for pattern in (f"*{spelled}*", f"{name[1:7]}~*")]
    inner = [f"{pattern}/**" for pattern in patterns]
    done = _ask(parent, "ls-files", "-z", "--cached", "--", *patterns, *inner)
    if done is None or done.returncode != 0:
        return frozenset()
    return frozenset(os.fsdecode(one) for one in done.stdout.split(b"\0") if one)


def _committed(root: Path, names: Sequence[str]) -> dict[str, str] | None:
    done = _ask(root, "ls-tree", "-r", "-z", "HEAD", "--", *names)
    if done is None:
        return None
    if done.returncode != 0:
        return {} if b"Not a valid object name HEAD" in done.stderr else None
    found = {}
    for entry in done.stdout.split(b"\0"):
        head, _, name = entry.partition(b"\t")
        if name:
            found[os.fsdecode(name)] = head.split()[2].decode("ascii")
    return found


def _ask(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes] | None:
    import subprocess  # only where there is a repository to ask about

    git = find_program("git")
    if git is None:
        return None
    # Variables such as GIT_DIR, which hooks set, would point to another repository.
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        return subprocess.run(
            [git, "--no-pager", *_QUIET, "-C", str(folder), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            env={**kept, **_EMPTY},
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _digests(data: bytes, length: int) -> set[str]:
    """Return the names that git gives the contents: as they are, and with LF newlines."""
    make = hashlib.sha256 if length == 64 else hashlib.sha1
    return {
        make(b"blob %d\0" % len(form) + form).hexdigest()
        for form in (data, data.replace(b"\r\n", b"\n"))
    }
