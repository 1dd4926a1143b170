"""The one function that reads files: what it refuses, and that it neither waits nor overflows."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from yamlmod.errors import Refusal
from yamlmod.workspace import disk
from yamlmod.workspace.files import read_bytes

posix = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX system")


def _code(path: Path, limit: int = 100, below: Path | None = None) -> str:
    start = time.monotonic()
    with pytest.raises(Refusal) as caught:
        read_bytes(path, "THE NAME", limit, below)
    assert time.monotonic() - start < 20  # a busy machine is slow; a pipe would never answer
    name = path.as_posix() if caught.value.code == "outside" else "THE NAME"
    assert name in caught.value.message  # a link out is named as it is, not by what it leads to
    return caught.value.code


def test_a_file_of_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 100)
    assert read_bytes(path, "a", 100) == b"x" * 100
    path.write_bytes(b"x" * 101)
    assert _code(path) == "too-large"
    assert disk.read(tmp_path / "none") is None
    assert _code(tmp_path / "none") == "no-such-file"
    assert _code(tmp_path / "a" / "b") == "unreadable"
    assert _code(tmp_path) == "is-folder"
    assert _code(tmp_path / "a\0b") == "unreadable"


@posix
def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        here = Path.cwd()
        os.chdir(tmp_path)  # the path of a socket may have a hundred characters
        bound.bind("socket")
        os.chdir(here)
    for name in ("zero", "random", "full", "null", "tty", "stdin"):
        (tmp_path / name).symlink_to(f"/dev/{name}")
    (tmp_path / "round").symlink_to("round")
    for name in ("pipe", "socket", "zero", "random", "full", "null"):
        assert _code(tmp_path / name) == "not-a-file", name
    for name in ("tty", "stdin", "round"):
        assert _code(tmp_path / name) in ("not-a-file", "unreadable", "no-such-file"), name


def test_a_huge_file_without_contents_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    assert _code(tmp_path / "sparse", disk.LIMIT) == "too-large"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_file_that_has_no_size_is_read_up_to_the_limit(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/proc/self/status")
    assert link.stat().st_size == 0
    assert b"Pid:" in read_bytes(link, "link", 100_000)
    assert _code(link, 100) == "too-large"
    assert _code(Path("/proc/self/mem"), 100) == "unreadable"


def test_a_file_that_changes_its_kind_after_it_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is the open file: neither its kind nor its size can change behind a look."""
    path = tmp_path / "a"
    path.write_bytes(b"small")
    harmless = path.stat()
    monkeypatch.setattr(disk.os, "stat", lambda path: harmless)
    path.write_bytes(b"x" * 200)
    assert _code(path) == "too-large"
    if os.name != "nt":
        path.unlink()
        os.mkfifo(path)
        assert _code(path) == "not-a-file"


def test_a_file_that_grows_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    small = path.stat()
    path.write_bytes(b"x" * 1000)
    monkeypatch.setattr(disk.os, "stat", lambda path: small)
    monkeypatch.setattr(disk.os, "fstat", lambda descriptor: small)
    assert _code(path) == "too-large"


@posix
def test_links_that_lead_out(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "in-other"
    for folder in (inside / "sub", outside):
        folder.mkdir(parents=True)
    for path in (inside / "a", inside / "sub" / "b", outside / "c"):
        path.write_bytes(b"1")
    (inside / "out").symlink_to(outside / "c")
    (inside / "up").symlink_to("../in-other/c")
    (inside / "folder").symlink_to(outside)
    (inside / "twice").symlink_to("out")
    (inside / "fine").symlink_to("sub/b")
    (inside / "sub" / "fine").symlink_to(inside / "a")
    for name in ("out", "up", "folder/c", "twice", "../in-other/c", "sub/../../in-other/c"):
        assert _code(inside / name, below=inside) == "outside", name
    for name in ("a", "fine", "sub/fine", "sub/../a"):
        assert read_bytes(inside / name, name, below=inside) == b"1"
    assert read_bytes(inside / "out", "out") == b"1"  # named: a link may lead anywhere
