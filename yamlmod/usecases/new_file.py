"""Plan the write of a file that a user names: one that exists needs --force."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Refusal
from yamlmod.workspace.files import FileChange, display, exists, read_bytes

_OTHER_NAME = "choose another name, or overwrite it with --force"


class Overwriting(NamedTuple):
    """What may be overwritten: anything with --force, else what ``is_ours`` says of its bytes.

    ``note`` is added to the refusal of a file that exists.
    """

    force: bool
    is_ours: Callable[[bytes], bool] = lambda _: False
    note: str = ""


def new_file_change(
    path: Path, after: bytes, overwriting: Overwriting, kept: bool = False
) -> FileChange:
    """Return the change that writes ``path``; ``kept`` says that `undo` reverts it."""
    if not is_taken(path):
        return FileChange(path, None, after, kept=kept)
    before = read_bytes(path, display(path))
    if not overwriting.force and not overwriting.is_ours(before):
        raise _exists(path, overwriting.note)
    return FileChange(path, before, after, kept=kept)


def refuse_taken(path: Path, force: bool) -> None:
    """Refuse a place where no new file can be, or where one is, without reading that one."""
    if is_taken(path) and not force:
        raise _exists(path, "")


def is_taken(path: Path) -> bool:
    """Check whether there is a file. Raises Refusal for a folder, or for a place in none."""
    if not exists(path):
        folder = path.absolute().parent
        if not folder.is_dir():
            raise Refusal(
                "no-such-folder", f"there is no folder {display(folder)}", hint="create it first"
            )
        return False
    if path.is_dir():
        raise Refusal("is-folder", f"{display(path)} is a folder; name a file")
    return True


def _exists(path: Path, note: str) -> Refusal:
    return Refusal("exists", f"{display(path)} exists{note}", hint=_OTHER_NAME)
