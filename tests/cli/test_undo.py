"""Undo: the last write of any command, back to the byte, without git."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.run import snapshot, yamlmod
from tests.ops.samples import SMALL
from yamlmod.errors import Refusal
from yamlmod.workspace import journal
from yamlmod.workspace.commit import Purpose, commit
from yamlmod.workspace.files import FileChange, real_path
from yamlmod.workspace.home import home_of, homes_of

_FORK = Path(__file__).parents[2] / "examples" / "minifork"
_ADD = ("add", "SimAM", "--repo", "fork", "--cfg", "models/mini.yaml", "--at", "24", "-w")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "x.yaml").write_bytes(SMALL.encode())
    shutil.copytree(_FORK, tmp_path / "fork", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_a_transaction_back_and_forth(folder: Path) -> None:
    before = snapshot(folder)
    assert yamlmod(*_ADD, cwd=folder).code == 0
    after = snapshot(folder)
    preview = yamlmod("undo", "fork", cwd=folder)
    assert preview.code == 0
    assert "nothing was written" in preview.err
    assert snapshot(folder) == after
    assert yamlmod("undo", "fork", "--check", cwd=folder).code == 1
    for _ in range(2):
        done = yamlmod("undo", "fork", "-w", cwd=folder)
        assert done.code == 0, done.err
        assert "undo of write 1" in done.err
        assert "yamlmod add SimAM" in done.err
        assert snapshot(folder) == before
        again = yamlmod("undo", "fork", "-w", cwd=folder)
        assert again.code == 2
        assert "nothing-to-undo" in again.err
        assert yamlmod("undo", "fork", "--redo", "-w", cwd=folder).code == 0
        assert snapshot(folder) == after
    assert yamlmod("undo", "fork", "--redo", cwd=folder).code == 2
    subprocess.run(["git", "apply"], input=preview.out, cwd=folder, check=True, capture_output=True)
    assert snapshot(folder) == before


def test_several_writes_go_one_by_one(folder: Path) -> None:
    states = [snapshot(folder)]
    for place in ("3", "6", "9"):
        done = yamlmod("insert", "SimAM", "x.yaml", "--at", place, "-w", cwd=folder)
        assert done.code == 0, done.err
        states.append(snapshot(folder))
    listed = json.loads(yamlmod("undo", "x.yaml", "--list", "--json", cwd=folder).out)["writes"]
    assert [one["write"] for one in listed] == [3, 2, 1]
    assert listed[0]["files"] == ["x.yaml"]
    for state in reversed(states[:-1]):
        assert yamlmod("undo", "-w", cwd=folder).code == 0
        assert snapshot(folder) == state
    text = yamlmod("undo", "--list", cwd=folder).out.decode()
    assert text.count("undone") == 3
    for state in states[1:]:
        assert yamlmod("undo", "--redo", "-w", cwd=folder).code == 0
        assert snapshot(folder) == state


def test_a_file_that_the_write_made(folder: Path) -> None:
    before = snapshot(folder)
    assert yamlmod("insert", "SimAM", "x.yaml", "--at", "3", "-o", "y.yaml", cwd=folder).code == 0
    (folder / "y.yaml").chmod(0o640)
    after = snapshot(folder)
    preview = yamlmod("undo", "y.yaml", cwd=folder)
    assert b"+++ /dev/null" in preview.out
    done = yamlmod("undo", "y.yaml", "-w", cwd=folder)
    assert "removed y.yaml" in done.err
    assert snapshot(folder) == before
    assert yamlmod("undo", "--redo", "-w", cwd=folder).code == 0
    assert snapshot(folder) == after
    if os.name != "nt":
        assert (folder / "y.yaml").stat().st_mode & 0o777 == 0o640


def test_a_file_that_changed_since_is_named_and_kept(folder: Path) -> None:
    assert yamlmod(*_ADD, cwd=folder).code == 0
    with (folder / "fork/models/yolo.py").open("ab") as stream:
        stream.write(b"# mine\n")
    before = snapshot(folder)
    for flags in ((), ("-w",)):
        done = yamlmod("undo", "fork", *flags, cwd=folder)
        assert done.code == 2
        assert "error[changed-since]: fork/models/yolo.py changed since" in done.err
        assert snapshot(folder) == before


def test_a_write_that_git_has_reverted_already(folder: Path) -> None:
    before = (folder / "x.yaml").read_bytes()
    for place in ("P3", "P4"):
        assert yamlmod("insert", "SimAM", "x.yaml", "--after", place, "-w", cwd=folder).code == 0
        (folder / "x.yaml").write_bytes(before)
    for _ in range(2):
        done = yamlmod("undo", "-w", cwd=folder)
        assert done.code == 0
        assert "already holds" in done.err
    assert yamlmod("undo", "-w", cwd=folder).code == 2
    assert not (folder / ".yamlmod").exists()


def test_a_diff_file_is_no_edit_to_undo(folder: Path) -> None:
    insert = ("insert", "SimAM", "x.yaml", "--after", "P4")
    assert yamlmod(*insert, "--diff", "d.diff", cwd=folder).code == 0
    assert not (folder / ".yamlmod").exists()
    assert yamlmod(*insert, "--diff", "d.diff", "-w", cwd=folder).code == 0
    assert yamlmod("undo", "-w", cwd=folder).code == 0
    assert (folder / "x.yaml").read_bytes() == SMALL.encode()
    assert (folder / "d.diff").exists()


def test_new_folders_go_with_what_python_put_there(tmp_path: Path) -> None:
    path = tmp_path / "models" / "new" / "__init__.py"
    commit([FileChange(path, None, b"x = 1\n", makes_folders=True)])
    (path.parent / "__pycache__").mkdir()
    (path.parent / "__pycache__" / "__init__.cpython-311.pyc").write_bytes(b"")
    assert yamlmod("undo", "models", cwd=tmp_path).code == 2  # a folder of its own, no fork
    assert yamlmod("undo", "-w", cwd=tmp_path).code == 0
    assert snapshot(tmp_path) == {}
    assert not (tmp_path / "models").exists()
    assert yamlmod("undo", "--redo", "-w", cwd=tmp_path).code == 0
    (path.parent / "mine.py").write_bytes(b"")
    assert yamlmod("undo", "-w", cwd=tmp_path).code == 0
    assert snapshot(tmp_path) == {"models/new/mine.py": b""}


def test_files_elsewhere_need_a_word(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = tmp_path_factory.mktemp("elsewhere") / "y.yaml"
    before = snapshot(folder)
    assert yamlmod(*_ADD, "-o", target, cwd=folder).code == 0
    assert not (target.parent / ".yamlmod").exists()
    refused = yamlmod("undo", "fork", "-w", cwd=folder)
    assert refused.code == 2
    assert "--outside" in refused.err
    assert yamlmod("undo", "fork", "-w", "--outside", cwd=folder).code == 0
    assert snapshot(folder) == before
    assert not target.exists()


def test_the_journal_hides_from_git_and_serves_the_whole_repository(folder: Path) -> None:
    fork = folder / "fork"
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *words], cwd=fork, check=True, capture_output=True)
    status = ["git", "status", "--porcelain"]
    before = subprocess.run(status, cwd=fork, check=True, capture_output=True).stdout
    assert yamlmod(*_ADD, cwd=folder).code == 0
    assert yamlmod("undo", "fork/models", "-w", cwd=folder).code == 0
    assert subprocess.run(status, cwd=fork, check=True, capture_output=True).stdout == before
    assert (fork / ".yamlmod").is_dir()


def test_the_last_write_of_a_file_or_folder(folder: Path) -> None:
    shutil.copy(folder / "x.yaml", folder / "fork" / "y.yaml")
    before = snapshot(folder)
    assert yamlmod("insert", "SimAM", "fork/y.yaml", "--at", "3", "-w", cwd=folder).code == 0
    assert yamlmod(*_ADD, cwd=folder).code == 0
    assert yamlmod("undo", "fork/y.yaml", "-w", cwd=folder).code == 0
    assert (folder / "fork/y.yaml").read_bytes() == SMALL.encode()
    assert yamlmod("undo", "fork", "-w", cwd=folder).code == 0
    assert snapshot(folder) == before


def test_the_journal_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    data: bytes | None = None
    for number in range(journal.MAX_RECORDS + 5):
        commit([FileChange(path, data, data := b"%d" % number)])
    kept = journal.records(real_path(tmp_path))
    assert [one.number for one in kept] == list(range(6, journal.MAX_RECORDS + 6))
    monkeypatch.setattr(journal, "MAX_BYTES", 2000)
    commit([FileChange(path, data, os.urandom(3000))])
    data = path.read_bytes()
    commit([FileChange(path, data, b"last")])
    assert len(journal.records(real_path(tmp_path))) == 1


def test_a_journal_that_cannot_be_written_means_no_write(folder: Path) -> None:
    (folder / ".yamlmod").write_bytes(b"a file where the folder would be")
    done = yamlmod("insert", "SimAM", "x.yaml", "--after", "P4", "-w", cwd=folder)
    assert done.code == 2
    assert "error[journal-unwritable]" in done.err
    assert (folder / "x.yaml").read_bytes() == SMALL.encode()
    (folder / ".yamlmod").unlink()
    if os.name != "nt":
        (folder / ".yamlmod").symlink_to(folder / "fork")
        assert yamlmod("insert", "SimAM", "x.yaml", "--after", "P4", "-w", cwd=folder).code == 2
        assert (folder / "x.yaml").read_bytes() == SMALL.encode()


def test_an_interrupted_write_is_told_and_settled(folder: Path) -> None:
    whole = snapshot(folder)
    _interrupt(folder / "fork", _ADD[1:])
    show = yamlmod("show", "fork/models/mini.yaml", cwd=folder)
    assert show.code == 0
    assert "a write was interrupted in fork" in show.err
    preview = yamlmod("undo", "fork", cwd=folder)
    assert "-w puts it right" in preview.err
    told = yamlmod("insert", "SimAM", "fork/models/mini.yaml", "--at", "3", "-w", cwd=folder)
    assert told.code == 0
    assert "`yamlmod killed`: it was rolled back" in told.err
    assert yamlmod("undo", "fork", "-w", cwd=folder).code == 0
    assert snapshot(folder) == whole
    _interrupt(folder / "fork", _ADD[1:])
    undone = yamlmod("undo", "fork", "-w", cwd=folder)
    assert "it was rolled back" in undone.err
    assert snapshot(folder) == whole


def _interrupt(fork: Path, command: tuple[str, ...]) -> None:
    """Kill a write of two files between the first and the second."""
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from yamlmod.workspace import disk\n"
        "from yamlmod.workspace.commit import Purpose, commit\n"
        "from yamlmod.workspace.files import FileChange\n"
        "real = os.replace\n"
        "def replace(source, target):\n"
        "    if Path(target).name == 'common.py': os._exit(9)\n"
        "    real(source, target)\n"
        "os.replace = replace\n"
        "fork = Path(sys.argv[1])\n"
        "files = [fork / 'models/yolo.py', fork / 'models/common.py']\n"
        "commit([FileChange(f, f.read_bytes(), b'# half') for f in files],"
        " Purpose(('yamlmod', 'killed')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(fork)], check=False)
    assert done.returncode == 9
    assert (fork / "models" / "yolo.py").read_bytes() == b"# half"


_HOLD = """
import sys, time
from pathlib import Path
from yamlmod.workspace.lock import locked
with locked(Path(sys.argv[1]), ("yamlmod", "slow")):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def _holder(home: Path, seconds: float) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", _HOLD, str(real_path(home)), str(seconds)]
    child = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline().strip() == b"held"
    return child


def test_two_at_once(folder: Path) -> None:
    insert = ("insert", "SimAM", "x.yaml", "--after", "P4", "-w")
    with _holder(folder, 60) as child:
        refused = yamlmod(*insert, cwd=folder)
        assert refused.code == 2
        assert f"another yamlmod is writing in {folder.as_posix()}" in refused.err.replace(
            " in .:", f" in {folder.as_posix()}:"
        )
        assert f"process {child.pid}, yamlmod slow" in refused.err
        assert (folder / "x.yaml").read_bytes() == SMALL.encode()
        child.kill()
    assert (folder / ".yamlmod" / "lock").exists()  # of a process that is dead
    with _holder(folder, 0.5):
        started = time.monotonic()
        waited = yamlmod(*insert, cwd=folder)
        assert waited.code == 0, waited.err
        assert time.monotonic() - started > 0.2
    assert not (folder / ".yamlmod" / "lock").exists()


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each process adds its line to what it read; those that came too late say so."""
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from yamlmod.errors import Refusal\n"
        "from yamlmod.workspace.commit import commit\n"
        "from yamlmod.workspace.files import FileChange\n"
        "path = Path(sys.argv[1]) / 'x'\n"
        "for i in range(15):\n"
        "    while True:\n"
        "        data = path.read_bytes()\n"
        "        try: commit([FileChange(path, data, data + b'x')]); break\n"
        "        except Refusal as error: assert error.code == 'changed-meanwhile', error\n"
    )
    (tmp_path / "x").write_bytes(b"")
    words = [sys.executable, "-c", code, str(tmp_path)]
    children = [subprocess.Popen(words) for _ in range(4)]
    assert [child.wait(120) for child in children] == [0, 0, 0, 0]
    assert (tmp_path / "x").read_bytes() == b"x" * 60
    assert not (tmp_path / ".yamlmod" / "lock").exists()


def test_homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = real_path(tmp_path)
    inner = root / "a" / "fork" / "models"
    inner.mkdir(parents=True)
    (inner / "x.yaml").touch()
    assert home_of(inner / "x.yaml") == inner
    assert home_of(inner / "none" / "x.yaml") == inner
    (inner / "yolo.py").touch()
    assert home_of(inner / "x.yaml") == root / "a" / "fork"
    (root / "a" / ".git").touch()  # as in a submodule
    assert home_of(inner / "x.yaml") == root / "a"
    monkeypatch.setenv("HOME", str(root / "a"))
    monkeypatch.setenv("USERPROFILE", str(root / "a"))
    assert home_of(inner / "x.yaml") == root / "a" / "fork"
    assert Purpose().kind == "write"


def test_homes_in_an_environment(tmp_path: Path) -> None:
    """What is installed in an environment of the repository is no part of the repository."""
    root = real_path(tmp_path)
    (root / ".git").mkdir()
    package = root / ".venv" / "lib" / "site-packages" / "ultralytics"
    (package / "nn").mkdir(parents=True)
    (root / ".venv" / "pyvenv.cfg").touch()
    (package / "nn" / "tasks.py").write_bytes(b"old")
    (root / "x.yaml").write_bytes(b"old")
    assert home_of(package / "nn" / "tasks.py") == package
    assert home_of(root / "x.yaml") == root
    paths = (root / "x.yaml", package / "nn" / "tasks.py")
    assert homes_of(paths) == [package, root]
    commit([FileChange(path, b"old", b"new") for path in paths])
    assert yamlmod("undo", str(package), "-w", cwd=root).code == 2
    assert yamlmod("undo", str(package), "-w", "--outside", cwd=root).code == 0
    assert [path.read_bytes() for path in paths] == [b"old", b"old"]


def test_a_write_that_settles_on_its_way_says_so(folder: Path) -> None:
    """Also where what was settled makes the write itself too late."""
    fork = folder / "fork"
    yolo = fork / "models" / "yolo.py"
    old = yolo.read_bytes()
    _interrupt(fork, ())
    done = commit([FileChange(fork / "x.txt", None, b"x")])
    assert yolo.read_bytes() == old
    assert "it was rolled back" in done.lines()[0]
    assert any("models/yolo.py: gets its old" in line for line in done.lines())
    _interrupt(fork, ())
    with pytest.raises(Refusal) as caught:
        commit([FileChange(yolo, b"# half", b"new")])
    assert caught.value.code == "changed-meanwhile"
    assert "models/yolo.py: gets its old" in caught.value.hint


def test_a_fork_one_folder_deeper(folder: Path) -> None:
    (folder / "clone").mkdir()
    (folder / "fork").rename(folder / "clone" / "fork")
    before = snapshot(folder)
    done = yamlmod("patch", "clone", "SimAM", "-w", cwd=folder)
    assert done.code == 0, done.err
    assert (
        "yamlmod patch clone SimAM -w"
        in yamlmod("undo", "clone", "--list", cwd=folder).out.decode()
    )
    assert yamlmod("undo", "clone", "-w", cwd=folder).code == 0
    assert snapshot(folder) == before
    assert yamlmod("undo", "clone", "-w", cwd=folder).code == 2
