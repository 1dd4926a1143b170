"""All or nothing: every changed file is replaced, or none is."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.workspace.files import Change, display, real_path


def commit(changes: Sequence[Change]) -> None:
    """Write ``changes`` as one step. Raises Refusal, and leaves every file as it was, on failure.

    Each file is checked to hold the bytes that the change was planned on. New contents are written
    beside their targets and flushed to the disk before the first target is replaced.
    """
    targets = [(_target(change), change) for change in changes]
    for path, change in targets:
        _check_unchanged(path, change)
    staged: list[tuple[Path, Path, Change]] = []
    replaced: list[tuple[Path, Change]] = []
    try:
        for path, change in targets:
            staged.append((_stage(path, change), path, change))
        for temporary, path, change in staged:
            _check_unchanged(path, change)
            replaced.append((path, change))
            temporary.replace(path)
    except BaseException as error:
        _restore(replaced)
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise Refusal(
                "unwritable",
                f"{_named(error, targets)} cannot be written: {reason}",
                hint="nothing was changed",
            ) from error
        raise
    finally:
        for temporary, _, _ in staged:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def _target(change: Change) -> Path:
    # Replacing a symbolic link would leave its target as it was; write through it.
    return real_path(change.path)


def _check_unchanged(path: Path, change: Change) -> None:
    try:
        found = path.read_bytes() if path.exists() else None
    except OSError as error:
        raise Refusal("unreadable", f"{display(path)} cannot be read: {error.strerror}") from error
    if found == change.before:
        return
    what = "appeared" if change.before is None else "changed"
    raise Refusal(
        "changed-meanwhile",
        f"{display(path)} {what} since it was read; nothing was written",
        hint="run the command again",
    )


def _stage(path: Path, change: Change) -> Path:
    """Write the new contents to a temporary file in the target's folder, with its mode."""
    if not path.parent.is_dir():
        raise Refusal(
            "no-such-folder", f"there is no folder {display(path.parent)}", hint="create it first"
        )
    if change.before is not None and not os.access(path, os.W_OK):
        raise Refusal("unwritable", f"{display(path)} is read-only; nothing was changed")
    import tempfile  # not for a preview

    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(change.after)
            stream.flush()
            os.fsync(stream.fileno())
        _keep_owner(path, temporary)
        temporary.chmod(_mode(path))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _mode(path: Path) -> int:
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _keep_owner(path: Path, temporary: Path) -> None:
    """Give the new file its predecessor's owner, where this user may do that."""
    if hasattr(os, "chown") and path.exists():
        status = path.stat()
        with contextlib.suppress(OSError):
            os.chown(temporary, status.st_uid, status.st_gid)


def _restore(replaced: Sequence[tuple[Path, Change]]) -> None:
    """Put back what was there; files that did not exist go away again."""
    for path, change in reversed(replaced):
        with contextlib.suppress(OSError):
            if change.before is None:
                path.unlink(missing_ok=True)
            elif path.read_bytes() != change.before:
                path.write_bytes(change.before)


def _named(error: OSError, targets: Sequence[tuple[Path, Change]]) -> str:
    named = Path(str(error.filename2 or error.filename or ""))
    for path, _ in targets:
        if named == path or named.parent == path.parent:
            return display(path)
    return str(named)
