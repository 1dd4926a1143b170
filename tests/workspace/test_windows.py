"""The rules of Windows, put on as a shim: a write needs nothing that it does not offer.

No file is renamed over, renamed or removed while somebody holds it open, no folder is opened,
and of the calls that only POSIX systems have none is there.
"""

from __future__ import annotations

import errno
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workspace.faults import rubbish, tree
from yamlmod.errors import Refusal
from yamlmod.workspace import disk
from yamlmod.workspace.commit import Purpose, commit
from yamlmod.workspace.files import FileChange
from yamlmod.workspace.recover import interrupted
from yamlmod.workspace.undo import last_write, purpose_of, reverting

_OPEN = Path("/proc/self/fd")
pytestmark = pytest.mark.skipif(
    not _OPEN.is_dir(), reason="the shim reads /proc; Windows itself needs no shim"
)


def _held_open(path: Any) -> bool:
    wanted = os.path.realpath(path)
    for one in _OPEN.iterdir():
        try:
            if str(one.readlink()) == wanted:
                return True
        except OSError:
            continue
    return False


def _guarded(name: str) -> Any:
    real = getattr(os, name)

    def call(*paths: Any) -> Any:
        for path in paths:
            if _held_open(path):
                raise PermissionError(errno.EACCES, "used by another process", str(path))
        return real(*paths)

    return call


def _open_no_folder(real: Any) -> Any:
    def call(path: Any, *rest: Any) -> Any:
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "a folder", str(path))
        return real(path, *rest)

    return call


@pytest.fixture(autouse=True)
def windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    assert tmp_path.is_dir()  # pytest makes it with calls that are gone below
    import fcntl

    flock = fcntl.flock

    def locking(descriptor: int, mode: int, size: int) -> None:
        assert size == 1
        assert os.lseek(descriptor, 0, os.SEEK_CUR) > 1 << 20  # past the text that others read
        try:
            flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermissionError(errno.EACCES, "locked") from None

    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "fcntl", None)
        patch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(locking=locking, LK_NBLCK=2))
        patch.setattr(disk, "WINDOWS", True)
        for name in ("replace", "rename", "unlink", "remove"):
            patch.setattr(os, name, _guarded(name))
        patch.setattr(os, "open", _open_no_folder(os.open))
        for name in ("fork", "chown", "geteuid", "getuid", "umask", "fchmod", "link", "symlink"):
            patch.delattr(os, name)
        yield


def _fill(folder: Path) -> list[FileChange]:
    (folder / "models").mkdir()
    (folder / "models" / "yolo.py").write_bytes(b"old")
    (folder / "x.yaml").write_bytes(b"old x")
    return [
        FileChange(folder / "models" / "yolo.py", b"old", b"new"),
        FileChange(folder / "models" / "pack" / "a.py", None, b"a", makes_folders=True),
        FileChange(folder / "x.yaml", b"old x", None),
    ]


def _undo(folder: Path, redo: bool) -> None:
    home, record, _, _ = last_write(folder, redo)
    changes = reverting(home, record, outside=False)
    commit(changes, purpose_of(home, record, ("yamlmod",), redo))


def test_write_undo_redo(tmp_path: Path) -> None:
    changes = _fill(tmp_path)
    before = tree(tmp_path)
    commit(changes, Purpose())
    after = tree(tmp_path)
    assert before != after
    for _ in range(2):
        _undo(tmp_path, redo=False)
        assert tree(tmp_path) == before
        _undo(tmp_path, redo=True)
        assert tree(tmp_path) == after
    assert rubbish(tmp_path) == []


@pytest.mark.parametrize("name", ["models/yolo.py", "x.yaml"])
def test_a_file_that_a_program_holds_open(tmp_path: Path, name: str) -> None:
    changes = _fill(tmp_path)
    before = tree(tmp_path)
    with (tmp_path / name).open("rb"), pytest.raises(Refusal) as caught:
        commit(changes)
    assert caught.value.code == "unwritable"
    assert name in caught.value.message
    assert tree(tmp_path) == before
    assert rubbish(tmp_path) == []
    assert interrupted([tmp_path]) == []
    commit(changes)
    assert tree(tmp_path) != before


def test_one_writer_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from yamlmod.workspace import lock
    from yamlmod.workspace.files import real_path

    monkeypatch.setattr(lock, "WAIT", 0.1)
    changes = _fill(tmp_path)
    with lock.locked(real_path(tmp_path), ("yamlmod", "first")):
        with pytest.raises(Refusal) as caught:
            commit(changes)
        assert caught.value.code == "locked"
        assert "yamlmod first" in caught.value.message
    commit(changes)
    assert not (tmp_path / ".yamlmod" / "lock").exists()
