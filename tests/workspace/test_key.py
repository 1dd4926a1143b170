"""The key is this user's alone, and where there can be none the write is done and the user told."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from yamlmod.errors import Refusal
from yamlmod.workspace import journal
from yamlmod.workspace.commit import commit
from yamlmod.workspace.files import FileChange, real_path
from yamlmod.workspace.key import key_for, state_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes, links and owners need POSIX")
_NOWHERE = Path("/nowhere")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    base = real_path(tmp_path) / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(base))
    return base / "yamlmod"


def test_a_key_is_made_once_and_for_its_user_alone(state: Path) -> None:
    assert key_for(_NOWHERE, make=False).trouble == "there is no key yet"
    assert not state.exists()
    first = key_for(_NOWHERE, make=True)
    assert first.secret
    assert len(first.secret) == 32
    assert key_for(_NOWHERE, make=True) == key_for(_NOWHERE, make=False) == first
    assert stat.S_IMODE(state.stat().st_mode) == stat.S_IMODE(state.parent.stat().st_mode) == 0o700
    assert [path.name for path in state.iterdir()] == ["journal.key"]
    assert stat.S_IMODE((state / "journal.key").stat().st_mode) == 0o600
    assert first.signed(b"x", first.sign(b"x") or "")
    assert not first.signed(b"x", first.sign(b"y") or "")


def test_many_make_one_key(state: Path) -> None:
    code = (
        "from pathlib import Path\nfrom yamlmod.workspace.key import key_for\n"
        "print(key_for(Path('/nowhere'), make=True).secret.hex())"
    )
    words = [sys.executable, "-c", code]
    children = [subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(6)]
    assert len({child.communicate(timeout=60)[0] for child in children}) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: path.chmod(0o640), "other users may read"),
        (lambda path: path.chmod(0o604), "other users may read"),
        (lambda path: path.write_bytes(b""), "is damaged"),
        (lambda path: path.write_bytes(b"x" * 33), "is damaged"),
        (lambda path: path.rename(path.with_name("k")) and path.symlink_to("k"), "is a link"),
        (lambda path: path.unlink() or path.symlink_to("/dev/zero"), "is a link"),
        (lambda path: path.unlink() or os.mkfifo(path), "not a regular file"),
        (lambda path: path.unlink() or path.mkdir(), "not a regular file"),
    ],
)
def test_a_key_that_is_none(state: Path, change: object, reason: str, tmp_path: Path) -> None:
    assert key_for(_NOWHERE, make=True).secret
    change(state / "journal.key")  # type: ignore[operator]
    found = key_for(_NOWHERE, make=True)
    assert found.secret is None
    assert reason in found.trouble
    _works_without(tmp_path / "x.yaml", reason)


def _works_without(path: Path, reason: str) -> None:
    """A write is done, the user told, and its entry not taken for ours later."""
    lines = commit([FileChange(path, None, b"x")]).lines()
    assert path.read_bytes() == b"x"
    assert len(lines) == 1
    assert "--trust-journal" in lines[0]
    assert reason in lines[0]
    (entry,) = journal.entries(real_path(path.parent))
    assert "it is not signed" in entry.doubt


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give files away")
def test_the_key_of_another_user(state: Path, tmp_path: Path) -> None:
    assert key_for(_NOWHERE, make=True).secret
    os.chown(state / "journal.key", 12345, 12345)
    assert "another user" in key_for(_NOWHERE, make=True).trouble
    (state / "journal.key").unlink()
    os.chown(state, 12345, 12345)  # root with the HOME of another user
    assert "another user" in key_for(_NOWHERE, make=True).trouble
    state.rmdir()
    os.chown(state.parent, 12345, 12345)
    assert "another user" in key_for(_NOWHERE, make=True).trouble
    assert not state.exists()
    _works_without(tmp_path / "x.yaml", "another user")


def test_no_place_for_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file" / "state"))
    found = key_for(_NOWHERE, make=True)
    assert found.secret is None
    assert "no key can be kept" in found.trouble
    _works_without(tmp_path / "x.yaml", "no key can be kept")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    assert "Permission denied" in key_for(_NOWHERE, make=True).trouble
    _works_without(tmp_path / "x.yaml", "Permission denied")


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path would lie in the current folder, and could come with a repository."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    for value in ("", "state", "./state", "~/x"):
        monkeypatch.setenv("XDG_STATE_HOME", value)
        assert state_folder() == tmp_path / ".local" / "state" / "yamlmod"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert state_folder() == tmp_path / "Library" / "Application Support" / "yamlmod"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert state_folder() == Path("/local/yamlmod")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", "relative")
    assert state_folder() is None
    # A container whose user has no entry: `~` stays as it is.
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert state_folder() is None
    assert "no home folder" in key_for(_NOWHERE, make=True).trouble


def test_a_key_that_came_with_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a CI job the home folder may be the checkout."""
    home = real_path(tmp_path)
    (home / ".git").mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    made = key_for(_NOWHERE, make=True)
    assert made.secret
    assert "inside the repository" in key_for(home, make=True).trouble
    commit([FileChange(home / "x.yaml", None, b"x")])
    (entry,) = journal.entries(home)
    assert entry.doubt


def test_a_pending_write_that_could_not_be_signed_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/none")
    commit([FileChange(tmp_path / "x.yaml", None, b"x")])
    store = real_path(tmp_path) / ".yamlmod"
    (store / "000001.json").rename(store / "pending.json")
    with pytest.raises(Refusal) as caught:
        commit([FileChange(tmp_path / "y.yaml", None, b"x")])
    assert caught.value.code == "foreign-journal"
    assert "--trust-journal" in caught.value.hint
