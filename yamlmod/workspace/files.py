"""Read a target's files as bytes or text without BOM, and plan changes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from yamlmod.errors import Place, Refusal
from yamlmod.safe_text import visible_line
from yamlmod.workspace import disk

_BOM = b"\xef\xbb\xbf"
# No model YAML and no models/*.py comes near this; a file that does is something else.
MAX_BYTES = 8_000_000
# Of a file that a repository brings, and of all of them together: they stay in memory.
SOURCE_BYTES = 2_000_000
TREE_BYTES = 200_000_000
_NAME_IT = "links of a repository are only followed inside it: name the file itself"


class TextFile(NamedTuple):
    """A file as it was read: its bytes, and its text with the BOM set aside."""

    path: Path
    raw: bytes
    text: str
    bom: bool

    def encode(self, text: str) -> bytes:
        """Return ``text`` as this file's bytes: UTF-8, with its BOM if it had one."""
        return (_BOM if self.bom else b"") + text.encode("utf-8")


class FileChange(NamedTuple):
    """A file to write: its bytes before (None: it does not exist) and after (None: it goes).

    ``makes_folders`` permits folders that do not exist yet; of a file that goes, its folder goes
    with it where that is left empty. ``kept`` says that `undo` reverts it
    (a diff that was asked for is not an edit); ``mode`` is for a file that comes back.
    """

    path: Path
    before: bytes | None
    after: bytes | None
    makes_folders: bool = False
    kept: bool = True
    mode: int | None = None


def read_text(
    path: Path, shown: str | None = None, limit: int = MAX_BYTES, below: Path | None = None
) -> TextFile:
    """Read a UTF-8 file. Raises Refusal when it is missing, no file, too large or not UTF-8."""
    name = shown if shown is not None else display(path)
    raw = read_bytes(path, name, limit, below)
    bom = raw.startswith(_BOM)
    body = raw[len(_BOM) :] if bom else raw
    try:
        return TextFile(path, raw, body.decode("utf-8"), bom)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise Refusal(
            "not-utf8",
            f"byte 0x{body[error.start]:02x} at offset {error.start} is not UTF-8",
            place=Place(name, line),
            hint="save the file as UTF-8 (Python and YAML readers expect it)"
            + (" and remove its coding comment, if it has one" if path.suffix == ".py" else ""),
        ) from error


def read_bytes(path: Path, name: str, limit: int = MAX_BYTES, below: Path | None = None) -> bytes:
    """Read a regular file's bytes. Raises Refusal with the reason where that fails.

    ``below`` is a folder without links that the file must not lead out of: for a file that
    no one named.
    """
    if str(path) in ("", "."):
        raise Refusal("is-folder", "a file name is empty or names the current folder")
    try:
        return disk.read_regular(path, limit, below)
    except FileNotFoundError:
        raise Refusal("no-such-file", f"there is no file {name}") from None
    except disk.UnfitError as error:
        hint = ""
        if error.code == "outside":  # `display` would name what the link leads to
            name, hint = link_name(path), _NAME_IT
        raise Refusal(error.code, f"{name} is not read: {error.strerror}", hint=hint) from None
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or str(error)
        raise Refusal("unreadable", f"{name} cannot be read: {reason}") from error


def real_path(path: Path) -> Path:
    """Return a path without links; unlike Path.resolve it survives links that run in a circle."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):  # a name that no file can have; opening it will say so
        return path


def current_folder() -> Path | None:
    """Return the current folder, or None where it has been deleted."""
    try:
        return real_path(Path.cwd())
    except OSError:
        return None


def exists(path: Path) -> bool:
    """Check whether a path exists. Raises Refusal where that cannot be found out."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError as error:
        raise Refusal("unreadable", f"{display(path)} cannot be read: {error.strerror}") from error
    return True


def display(path: Path) -> str:
    """Return a path as messages and diffs name it: relative to the current folder if below it.

    Controls and invisible characters, which a file name may hold, come out escaped.
    """
    here = current_folder()
    full = real_path(path) if here is not None else path
    inside = here is not None and full.is_relative_to(here)
    name = full.relative_to(here).as_posix() if inside and here else path.as_posix()
    return visible_line(name)


def link_name(path: Path) -> str:
    """Return a path as it was walked to, safe to show."""
    return visible_line(path.as_posix())
