"""A fault at every step of a write: afterwards all is old or all is new, and nothing is left."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.workspace.faults import Killed, Machine, machine, rubbish, tree
from yamlmod.errors import Refusal
from yamlmod.workspace.commit import Purpose, commit
from yamlmod.workspace.files import FileChange, real_path
from yamlmod.workspace.key import key_for
from yamlmod.workspace.recover import Settled, interrupted, settle
from yamlmod.workspace.undo import last_write, purpose_of, reverting


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a folder: these tests make some thousand forks."""
    if not Path("/dev/shm").is_dir() or not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="yamlmod-") as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def _patient_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    # No test here cuts the power; waiting for the disk a thousand times would take minutes.
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    # The first write of all makes the key; a test of its own disturbs that.
    assert key_for(Path("/nowhere"), make=True).secret


# With YAMLMOD_TEST_ALL=1 every step of everything; else what other cases do not do alike.
_ALL = bool(os.environ.get("YAMLMOD_TEST_ALL"))
Write = Callable[[Path], None]
_COMMAND = ("yamlmod", "test")


def _fill(fork: Path) -> None:
    """A fork as it is before a write: two files to change, one to remove, folders to make."""
    (fork / "models").mkdir(parents=True)
    (fork / "models" / "yolo.py").write_bytes(b"old yolo\n")
    (fork / "models" / "common.py").write_bytes(b"old common\n" * 99)
    (fork / "gone.yaml").write_bytes(b"gone\n")
    (fork / "models" / "common.py").chmod(0o640)


def _write(fork: Path) -> None:
    models = fork / "models"
    commit(
        [
            FileChange(models / "common.py", b"old common\n" * 99, b"new common\n"),
            FileChange(models / "yolo.py", b"old yolo\n", b"new yolo\n" * 99),
            FileChange(models / "a" / "b" / "c.py", None, b"new\n", makes_folders=True),
            FileChange(fork / "gone.yaml", b"gone\n", None),
        ],
        Purpose(_COMMAND),
    )


def _undo(fork: Path) -> None:
    home, record, _, _ = last_write(fork)
    commit(reverting(home, record, outside=False), purpose_of(home, record, _COMMAND, redo=False))


def _prepare(folder: Path, kind: str) -> tuple[Path, Write]:
    """A fork, and the write to be disturbed: of a command, or of the undo of one."""
    fork = folder / "fork"
    _fill(fork)
    if kind == "undo":
        _write(fork)
        return fork, _undo
    return fork, _write


def _both(folder: Path, kind: str) -> tuple[dict[str, object], dict[str, object], list[str]]:
    """The state before and after an undisturbed write, and the calls that it makes."""
    fork, write = _prepare(folder / "undisturbed", kind)
    before = dict(tree(fork))
    with pytest.MonkeyPatch.context() as patch, machine(patch) as counted:
        write(fork)
    after = dict(tree(fork))
    assert before != after
    assert rubbish(fork) == []
    return before, after, counted.calls


def _settle(fork: Path) -> list[Settled]:
    return [one for home in interrupted([fork]) if (one := settle(home, _COMMAND)) is not None]


def _next_run(fork: Path) -> None:
    """Whatever the next write is, it settles what was left, and takes a dead process's lock."""
    _settle(fork)
    notes = fork / "notes.yaml"
    commit([FileChange(notes, None, b"x")], Purpose(_COMMAND))
    commit([FileChange(notes, b"x", None)], Purpose(_COMMAND))


@pytest.mark.parametrize("fault", ["kill", "torn"])
@pytest.mark.parametrize("kind", ["write", "undo"])
def test_a_kill_at_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, fault: str
) -> None:
    before, after, calls = _both(tmp_path, kind)
    assert len(calls) > 40
    seen = set()
    for at, call in enumerate(calls, 1):
        if fault == "torn" and not _ALL and not call.startswith("write "):
            continue  # a kill
        fork, write = _prepare(tmp_path / str(at), kind)
        with machine(monkeypatch, at, fault) as killed, pytest.raises(Killed):
            write(fork)
        told = _settle(fork)
        found = tree(fork)
        assert found in (before, after), (at, killed.calls[-1])
        if told:
            assert told[0].finished == (found == after), (at, killed.calls[-1])
            assert told[0].left == ()
        seen.add(found == after)
        _next_run(fork)
        assert tree(fork) == found
        assert rubbish(fork) == []
    assert seen == {True, False} or (fault == "torn" and seen == {False})


def test_a_kill_at_every_step_of_the_very_first_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is whole or not there, and what was written before it is there is settled, too."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "counted"))
    before, after, calls = _both(tmp_path, "write")
    keys = set()
    for at in range(1, len(calls) + 1):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / f"state{at}"))
        fork, write = _prepare(tmp_path / str(at), "write")
        with machine(monkeypatch, at, "torn"), pytest.raises(Killed):
            write(fork)
        keys.add(key_for(real_path(fork), make=False).trouble)
        _settle(fork)
        assert tree(fork) in (before, after)
        _next_run(fork)
        assert rubbish(fork) == []
        assert key_for(real_path(fork), make=False).secret
    assert keys == {"", "there is no key yet"}


@pytest.mark.parametrize("kind", ["write", "undo"])
def test_a_kill_at_every_step_of_the_recovery_from_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    before, after, calls = _both(tmp_path, kind)
    recoveries = 0
    for at in range(1 + len(kind) % 3, len(calls) + 1, 1 if _ALL else 41):
        again = 0
        while True:
            again += 1
            fork, write = _prepare(tmp_path / f"{at}-{again}", kind)
            with machine(monkeypatch, at), pytest.raises(Killed):
                write(fork)
            with machine(monkeypatch, again) as second:
                try:
                    _settle(fork)
                except Killed:
                    recoveries += 1
            _settle(fork)
            assert tree(fork) in (before, after), (at, again, second.calls[-1])
            _next_run(fork)
            assert rubbish(fork) == []
            if not second.dead:
                break
    assert recoveries > 20


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("kind", ["write", "undo"])
def test_an_error_at_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, code: int
) -> None:
    """Refused with everything as it was; or, where the step is no part of the write, done."""
    before, after, calls = _both(tmp_path, kind)
    refused = 0
    # Every step fails with one of the codes, every third one with each of the others.
    first = {errno.ENOSPC: 1, errno.EACCES: 2, errno.EIO: 3}[code]
    for at in range(first, len(calls) + 1, 1 if _ALL or code == errno.ENOSPC else 3):
        fork, write = _prepare(tmp_path / str(at), kind)
        with machine(monkeypatch, at, OSError(code, "")) as failing:
            try:
                write(fork)
            except Refusal as error:
                refused += 1
                assert error.exit_code == 2
                assert tree(fork) == before, (at, failing.calls[-1], error.message)
            else:
                told = failing.calls[at - 1]
                found = dict(tree(fork))
                if told.startswith("rmdir "):  # an empty folder stays then
                    found = {name: file for name, file in found.items() if name in after or file}
                assert found == after, (at, told)
        assert _settle(fork) == [], (at, failing.calls[at - 1])
        _next_run(fork)
        assert rubbish(fork) == []
    assert refused > (25 if code == errno.ENOSPC else 8)


def test_a_disk_that_fails_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be put back then: that is said, and the next run does it."""
    before, after, calls = _both(tmp_path, "write")
    codes = set()
    for at in range(1, len(calls) + 1):
        fork, write = _prepare(tmp_path / str(at), "write")
        with machine(monkeypatch, at, OSError(errno.EIO, ""), for_good=True):
            try:
                write(fork)
            except Refusal as error:
                codes.add(error.code)
                if error.code != "half-written":
                    assert {
                        name: told for name, told in tree(fork).items() if told and name in before
                    } == {name: told for name, told in before.items() if told}
        _settle(fork)
        assert tree(fork) in (before, after)
        _next_run(fork)
        assert rubbish(fork) == []
    assert "half-written" in codes


_CHILD = """
import sys
import tempfile
from pathlib import Path
from tests.workspace import faults
from tests.workspace.test_faults import _write
from yamlmod.workspace import disk
disk.os = faults.Machine(int(sys.argv[2]), "exit")
_write(Path(sys.argv[1]))
"""


def test_a_process_that_really_dies(tmp_path: Path) -> None:
    before, after, calls = _both(tmp_path, "write")
    for at in range(1, len(calls) + 1, 11):
        fork, _ = _prepare(tmp_path / str(at), "write")
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, str(fork), str(at)],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 77, done.stderr
        _next_run(fork)
        assert tree(fork) in (before, after)
        assert rubbish(fork) == []


def test_what_somebody_wrote_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork, write = _prepare(tmp_path, "write")
    with machine(monkeypatch) as counted:
        pass
    replaced = _step_of(tmp_path, "replace", 3)
    with machine(monkeypatch, replaced) as counted, pytest.raises(Killed):
        write(fork)
    assert (fork / "models" / "common.py").read_bytes() == b"new common\n"
    (fork / "models" / "common.py").write_bytes(b"mine\n")
    (settled,) = _settle(fork)
    assert settled.left == (real_path(fork / "models" / "common.py"),)
    told = {line.split(": ")[0].rsplit("/")[-1]: line for line in settled.lines()[1:]}
    assert set(told) == {"common.py", "yolo.py", "c.py", "gone.yaml", "a", "b"}
    assert "check it yourself: it was changed since" in told["common.py"]
    assert told["yolo.py"].endswith("stays as it was before")
    assert (fork / "models" / "common.py").read_bytes() == b"mine\n"
    assert (fork / "models" / "yolo.py").read_bytes() == b"old yolo\n"
    assert counted.dead


def test_a_journal_from_elsewhere_reaches_no_further_than_its_fork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive may hold a journal that names any file of the machine."""
    outside = tmp_path / "outside.txt"
    outside.write_bytes(b"new")
    fork, _ = _prepare(tmp_path, "write")
    path = fork / "models" / "yolo.py"
    changes = [FileChange(path, b"old yolo\n", b"new"), FileChange(outside, b"new", b"newer")]
    with machine(monkeypatch, _step_of(tmp_path, "replace", 3)), pytest.raises(Killed):
        commit(changes, Purpose(_COMMAND))
    path.write_bytes(b"old yolo\n")
    outside.write_bytes(b"newer")
    (settled,) = _settle(fork)
    assert outside.read_bytes() == b"newer"
    assert settled.left == (real_path(outside),)


@pytest.mark.skipif(os.name == "nt", reason="links and pipes need rights on Windows")
def test_a_journal_folder_of_somebodys_making(tmp_path: Path) -> None:
    """Neither a link nor a pipe nor a folder in the place of a file harms or hangs."""
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    for name in ("lock", ".gitignore", "pending.json", "000001.json", "pending.tmp"):
        for kind in ("link", "pipe", "folder"):
            fork = tmp_path / f"{name}-{kind}"
            _fill(fork)
            store = fork / ".yamlmod"
            store.mkdir()
            if kind == "link":
                (store / name).symlink_to(precious)
            elif kind == "pipe":
                os.mkfifo(store / name)
            else:
                (store / name).mkdir()
            before = tree(fork)
            try:
                _settle(fork)
                _write(fork)
            except Refusal as error:
                assert error.code in ("journal-unwritable", "journal-damaged"), (name, kind)
                assert tree(fork) == before
            assert precious.read_bytes() == b"mine"


def _step_of(folder: Path, call: str, count: int) -> int:
    """The number of the step at which the write calls something for the n-th time."""
    fork, write = _prepare(folder / f"{call}{count}", "write")
    with pytest.MonkeyPatch.context() as patch, machine(patch) as counted:
        write(fork)
    found = [i for i, one in enumerate(counted.calls, 1) if one.startswith(call + " ")]
    return found[count - 1]


def test_the_machine_counts_what_changes_the_disk() -> None:
    """A call that disk.py makes and the machine does not know would go untested."""
    import ast

    from tests.workspace.faults import CALLS
    from yamlmod.workspace import disk

    used = {
        node.func.attr
        for node in ast.walk(ast.parse(Path(disk.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "os"
    }
    assert used - {"lseek", "lstat"} <= CALLS  # these two change nothing
    assert isinstance(Machine().getpid(), int)
