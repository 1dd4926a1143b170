"""An entry of the journal is ours only where nobody else can have made it; all else is shown."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.workspace.faults import rubbish, tree
from tests.workspace.hostile import entry, file, put
from yamlmod.errors import Refusal
from yamlmod.workspace import journal
from yamlmod.workspace.commit import Purpose, commit
from yamlmod.workspace.entry import MAX_NUMBER, parse
from yamlmod.workspace.files import FileChange, real_path
from yamlmod.workspace.identity import Identity, identity_of
from yamlmod.workspace.recover import interrupted, settle
from yamlmod.workspace.undo import last_write, purpose_of, reverting, writes

posix = pytest.mark.skipif(os.name == "nt", reason="links, pipes and modes need POSIX")
_COMMAND = ("yamlmod", "test")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A repository with one write of ours in its journal."""
    root = real_path(tmp_path) / "repo"
    (root / "models").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "models" / "yolo.py").write_bytes(b"old\n")
    commit([FileChange(root / "models" / "yolo.py", b"old\n", b"new\n")], Purpose(_COMMAND))
    return root


def _doubts(home: Path) -> list[str]:
    return [one.doubt for one in journal.entries(home)]


def _undo(home: Path, trust: bool = False, outside: bool = False) -> None:
    chosen = last_write(home, trust=trust)
    changes = reverting(chosen.home, chosen.record, outside, own=not chosen.doubt)
    commit(changes, purpose_of(chosen.home, chosen.record, _COMMAND, redo=False))


def _all(folder: Path) -> dict[str, Any]:
    """Every file and folder with mode and bytes, the journal but for its lock as well."""
    return {
        path.relative_to(folder).as_posix(): (
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() and not path.is_symlink() else None,
        )
        for path in sorted(folder.rglob("*"))
    }


# Whose is it?


def test_what_we_wrote_is_ours(home: Path) -> None:
    assert _doubts(home) == [""]
    _undo(home)
    assert (home / "models" / "yolo.py").read_bytes() == b"old\n"
    assert _doubts(home) == ["", ""]


def test_no_byte_of_an_entry_may_change(home: Path) -> None:
    path = home / ".yamlmod" / "000001.json"
    data = path.read_bytes()
    for at in range(len(data)):
        for sign in (data[at] ^ 1, data[at] ^ 0x20):
            path.write_bytes(data[:at] + bytes([sign]) + data[at + 1 :])
            (doubt,) = _doubts(home)
            assert doubt, (at, sign)
    for changed in (data + b"\n", b" " + data, data[:-1], data.replace(b"\n", b"\r\n")):
        path.write_bytes(changed)
        assert _doubts(home) != [""]
    fields = json.loads(data)
    for other in ({"number": 2}, {"signature": None}, {"signature": "0" * 64}, {"format": 1}):
        put(home, {**fields, **other}, "000001.json")
        assert _doubts(home) != [""]


def test_an_entry_is_valid_in_its_own_folder_only(home: Path) -> None:
    copied = home.with_name("copied")
    shutil.copytree(home, copied)
    assert "in another folder" in _doubts(copied)[0]
    moved = home.with_name("moved")
    home.rename(moved)
    assert _doubts(moved) == [""]
    # Another repository in the old place, and the two exchanged.
    copied.rename(home)
    assert "in another folder" in _doubts(home)[0]
    shutil.rmtree(moved)
    home.rename(moved)
    assert "in another folder" in _doubts(moved)[0]


def test_a_new_clone_in_the_old_place_is_another_folder(home: Path) -> None:
    """A file system gives the number of a folder that is gone to the next one."""
    kept = home.with_name("kept")
    shutil.copytree(home, kept)
    for _ in range(30):
        shutil.rmtree(home)
        shutil.copytree(kept, home)
        assert _doubts(home) != [""]


def test_identities() -> None:
    one = Identity("/a", 1, 2, 3)
    for other, same in (
        (Identity("/b", 9, 2, 3), True),
        (Identity("/a", 1, 2, 4), False),
        (Identity("/a", 1, 7, 3), False),
        (Identity("/a", 9, 2, None), True),
        (Identity("/b", 1, 2, None), True),
        (Identity("/b", 9, 2, None), False),
        (Identity("/a", 1, 7, None), False),
    ):
        assert one.same(other) is same, other
        assert other.same(one) is same, other
    here = identity_of(Path.cwd())
    assert here.same(here)


def test_another_key(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    assert "your own key cannot be read" in _doubts(home)[0]
    commit([FileChange(home / "x.yaml", None, b"x")])
    assert _doubts(home) == ["it is not signed with your key", ""]


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("name", ["000001.json", "pending.json"])
def test_what_git_tracks_is_not_ours(home: Path, name: str) -> None:
    (home / ".git").rmdir()
    _git(home, "init", "-q")
    path = home / ".yamlmod" / "000001.json"
    commit([FileChange(home / "x.yaml", None, b"x")])
    assert _doubts(home) == ["", ""]
    if name == "pending.json":
        path = path.rename(path.with_name(name))
        assert (journal.pending(home) or pytest.fail("none")).doubt == ""
    _git(home, "add", "-f", str(path))
    if name == "pending.json":
        assert "git tracks it" in (journal.pending(home) or pytest.fail("none")).doubt
    else:
        assert "git tracks it" in _doubts(home)[0]
        assert _doubts(home)[1] == ""


def test_a_journal_that_git_knows_as_a_whole_or_by_another_name(home: Path) -> None:
    (home / ".git").rmdir()
    _git(home, "init", "-q")
    blob = subprocess.run(
        ["git", "hash-object", "-w", ".yamlmod/000001.json"],
        cwd=home,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    for mode, name in (
        ("160000", ".yamlmod"),
        ("120000", ".yamlmod"),
        ("100644", ".YAMLmod/000001.json"),
        ("100644", ".yamlmod/000001.JSON"),
        ("100644", ".yaml\u200cmod/000001.json"),
        ("100644", "YAMLMO~1/000001.json"),
    ):
        _git(home, "update-index", "--add", "--cacheinfo", f"{mode},{blob},{name}")
        assert "git tracks it" in _doubts(home)[0], name
        _git(home, "update-index", "--force-remove", name)
        assert _doubts(home) == [""]
    for name in ("a/.yamlmod/000001.json", ".yamlmod/000002.json", ".yamlmod2/000001.json"):
        _git(home, "update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
        assert _doubts(home) == [""], name


@posix
def test_to_ask_git_runs_nothing_of_the_repository(home: Path) -> None:
    (home / ".git").rmdir()
    _git(home, "init", "-q")
    script = home / "run.sh"
    script.write_text(f"#!/bin/sh\ntouch '{home}/PWNED'\n", encoding="utf-8")
    script.chmod(0o755)
    for name in ("post-index-change", "fsmonitor-watchman", "query-watchman"):
        shutil.copy(script, home / ".git" / "hooks" / name)
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "diff.external", "core.editor"):
        _git(home, "config", key, str(script))
    _git(home, "config", "remote.origin.url", f"ext::{script}")
    _git(home, "config", "remote.origin.promisor", "true")
    _git(home, "config", "protocol.allow", "always")
    assert _doubts(home) == [""]
    _undo(home)
    assert not (home / "PWNED").exists()


def test_a_copy_of_an_entry_that_is_done_is_no_interrupted_write(home: Path) -> None:
    store = home / ".yamlmod"
    shutil.copy(store / "000001.json", store / "pending.json")
    (home / "models" / "yolo.py").write_bytes(b"new\n")
    with pytest.raises(Refusal) as caught:
        settle(home, _COMMAND)
    assert caught.value.code == "foreign-journal"
    assert "a copy of a completed entry" in caught.value.message
    shutil.copy(store / "000001.json", store / "000007.json")
    assert "its name is another entry's" in _doubts(home)[1]


# What it says.

_JUNK = (None, -1, 10**30, 1.5, "x", "../x", "\0", "a\ud800", [], [[]], {}, {"a": 1}, True, "9")


def _mutations() -> list[tuple[str, Any]]:
    good = entry([file(0, "models/yolo.py", b"old\n", b"new\n"), file(1, "b.py", None, b"b")])
    found: list[tuple[str, Any]] = []
    for key in good:
        found += [(f"{key}={value!r}", {**good, key: value}) for value in _JUNK]
        found.append((f"no {key}", {k: v for k, v in good.items() if k != key}))
    for key in good["files"][0]:
        for value in _JUNK:
            changed = copy.deepcopy(good)
            changed["files"][0][key] = value
            found.append((f"files.{key}={value!r}", changed))
        changed = copy.deepcopy(good)
        del changed["files"][0][key]
        found.append((f"no files.{key}", changed))
    for key, value in (("home", {}), ("signature", None), ("more", 1)):
        found.append((f"{key} too much", {**good, key: value}))
    return found


@pytest.mark.parametrize(("what", "fields"), _mutations(), ids=lambda value: str(value)[:40])
def test_whatever_an_entry_says_it_is_ours_or_refused(home: Path, what: str, fields: Any) -> None:
    put(home, fields)
    put(home, fields, "000002.json")
    before = _all(home)
    for trust in (False, True):
        try:
            settle(home, _COMMAND, trust)
            assert trust, what
            return  # a spelling that yamlmod could have written
        except Refusal as refusal:
            assert refusal.exit_code == 2
            lines = "\n".join(refusal.lines())
            assert all(sign.isprintable() or sign == "\n" for sign in lines), what
            assert lines.encode()
        assert _all(home) == before, what
    assert _doubts(home)[1] != ""
    with pytest.raises(Refusal):
        commit([FileChange(home / "x.yaml", None, b"x")])
    assert _all(home) == before


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff", "not JSON"),
        (b"nul", "not JSON"),
        (b"[]", "not a journal entry"),
        (b'{"format": 3}', "its format is 3"),
        (b'{"format": true}', "not a journal entry"),
        (b'{"format": 1, "format": 1}', "duplicate"),
        (b'{"format": ' + b"9" * 1_000_000 + b"}", "too large"),
        (b'{"format": 1e999}', "not an integer"),
        (b'{"format": NaN}', "not an integer"),
        (b"[" + b"[]," * 600_000 + b"[]]", "too large"),
        (b" " * 33_000_000, "too large"),
        (b"\xef\xbb\xbf{}", "not a journal entry"),
        ('{"format": 1}'.encode("utf-16"), "missing or unexpected"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_entry(home: Path, data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(data, home)


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files.__setitem__(1, {**files[0], "temporary": files[1]["temporary"]}),
        lambda files: files[1].update(temporary=files[0]["temporary"]),
        lambda files: files[1].update(temporary=".yamlmod-ffffffff-1.tmp"),
        lambda files: files[0].update(temporary="../.yamlmod-0a1b2c3d-0.tmp"),
        lambda files: files[0].update(temporary=".yamlmod-0a1b2c3d-\u0660.tmp"),
        lambda files: files[0].update(before=files[0]["before"][:8]),
        lambda files: files[0].update(before=files[0]["before"] + files[0]["before"]),
        lambda files: files[0].update(before="%%%"),
        lambda files: files[0].update(before=None),
        lambda files: files[0].update(mode=None),
        lambda files: files[0].update(mode=0o10000),
        lambda files: files[0].update(after=files[0]["after"].upper()),
        lambda files: files[0].update(after=None, before=None, mode=None),
        lambda files: files.clear(),
        lambda files: files.extend(file(i, f"f{i}.py", None, b"") for i in range(2, 100_000)),
        *(
            lambda files, path=path: files[0].update(path=path)
            for path in (
                *("", ".", "..", "a/..", "a//b", "./a", "a/", "/", "//a", "/a/../b", "~\0"),
                "a" * 5000,
                "\udcff\ud800",
            )
        ),
    ],
)
def test_shapes_that_yamlmod_never_writes(home: Path, change: Any) -> None:
    files = [file(0, "models/yolo.py", b"old\n", b"new\n"), file(1, "b.py", None, b"b")]
    change(files)
    put(home, entry(files))
    before = _all(home)
    with pytest.raises(Refusal) as caught:
        settle(home, _COMMAND, trust=True)
    assert caught.value.code == "journal-damaged"
    assert _all(home) == before


def test_what_unpacks_to_much_is_not_unpacked(home: Path) -> None:
    zeros = bytes(4_000_000)
    one = file(0, "a.py", bytes(17_000_000), b"")
    with pytest.raises(ValueError, match="too large"):
        parse(json.dumps(entry([one])).encode(), home)
    many = [file(i, f"{i}.py", zeros, b"") for i in range(17)]
    with pytest.raises(ValueError, match="too large"):
        parse(json.dumps(entry(many)).encode(), home)
    parse(json.dumps(entry(many[:15])).encode(), home)
    # Also not of many entries together, and ours are read all the same.
    for number in range(2, 12):
        put(home, entry(many[:10], number), f"{number:06}.json")
    doubts = _doubts(home)
    assert doubts[0] == ""
    assert sum("too large" in doubt for doubt in doubts) == 9


def test_a_write_that_could_not_be_read_again_is_refused(home: Path) -> None:
    path = home / "large.yaml"
    path.write_bytes(os.urandom(17_000_000))
    before = _all(home)
    with pytest.raises(Refusal) as caught:
        commit([FileChange(path, path.read_bytes(), b"x")])
    assert caught.value.code == "journal-too-large"
    assert _all(home) == before


# Where it may act.


def _settle_with_trust(home: Path) -> Refusal:
    with pytest.raises(Refusal) as caught:
        settle(home, _COMMAND, trust=True)
    return caught.value


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (".git/hooks/x.py", "belongs to git"),
        (".GIT/hooks/x.py", "belongs to git"),
        (".git./x.py", "belongs to git"),
        (".g\u200cit/x.py", "belongs to git"),
        ("git~1/x.py", "belongs to git"),
        ("sub/.git/x.py", "belongs to git"),
        ("sub/.git", "belongs to git"),
        ("bare/hooks/x.py", "belongs to git"),
        ("bare/x.yaml", "belongs to git"),
        ("tree/x.yaml", "belongs to git"),
        (".yamlmod/x.yaml", "yamlmod's journal"),
        ("sub/.YAMLMOD/000001.yaml", "yamlmod's journal"),
        ("env/lib/x.py", "an environment"),
        ("conda/x.py", "an environment"),
        ("lib/site-packages/x.py", "an environment"),
        ("node_modules/x.yaml", "an environment"),
        (".github/workflows/x.yml", "hidden"),
        ("models/.x.py", "hidden"),
        ("Makefile", "never writes a file of this name"),
        ("x.sh", "never writes a file of this name"),
        ("setup.cfg", "never writes a file of this name"),
        ("x.pth", "never writes a file of this name"),
        ("pyproject.toml", "never writes a file of this name"),
        pytest.param("link/x.py", "a link in its path leads", marks=posix),
        pytest.param("inner/x.py", "a link in its path leads", marks=posix),
        pytest.param("leaf.py", "it is a link", marks=posix),
        pytest.param("pipe.py", "not a regular file", marks=posix),
        ("folder.py", "not a regular file"),
    ],
)
@pytest.mark.parametrize("before", [b"x\n", None])
def test_places_that_no_entry_reaches(
    home: Path, path: str, reason: str, before: bytes | None
) -> None:
    for folder in ("bare/objects", "bare/refs", "tree", "env/lib", "conda/conda-meta", "sub"):
        (home / folder).mkdir(parents=True)
    for marker in ("bare/HEAD", "tree/HEAD", "tree/commondir", "env/pyvenv.cfg"):
        (home / marker).touch()
    (home / "folder.py").mkdir()
    outside = home.with_name("outside")
    outside.mkdir()
    if os.name != "nt":
        (home / "link").symlink_to(outside)
        (home / "inner").symlink_to(home / ".git")
        (home / "leaf.py").symlink_to(outside / "x.py")
        os.mkfifo(home / "pipe.py")
    after = None if before else b""
    # The other file is old: all is to be rolled back.
    files = [file(0, "models/yolo.py", b"new\n", b"?"), file(1, path, before, after, 0o777)]
    put(home, entry(files))
    state = _all(home.parent)
    refusal = _settle_with_trust(home)
    assert refusal.code == "protected-place"
    assert reason in refusal.hint
    assert _all(home.parent) == state
    (home / ".yamlmod" / "pending.json").rename(home / ".yamlmod" / "000002.json")
    put(home, entry(files, 2), "000002.json")
    state = _all(home.parent)
    with pytest.raises(Refusal) as caught:
        _undo(home, trust=True, outside=True)
    assert caught.value.code == "protected-place"
    assert _all(home.parent) == state


@pytest.mark.parametrize("key", ["made", "gone"])
@pytest.mark.parametrize("place", ["{out}", ".git/empty", "bare/empty", "link", "models", "x.py"])
def test_folders_that_no_entry_reaches(home: Path, key: str, place: str) -> None:
    out = home.with_name("empty")
    for folder in (out, home / ".git/empty", home / "bare/objects", home / "bare/refs"):
        folder.mkdir(parents=True)
    (home / "bare/HEAD").touch()
    (home / "bare/empty").mkdir()
    (out / "__pycache__").mkdir()
    (out / "__pycache__" / "x.cpython-311.pyc").touch()
    (home / "x.py").touch()
    if os.name != "nt":
        (home / "link").symlink_to(out)
    folders = [place.format(out=out.as_posix())]
    for name, after in (("pending.json", b"new\n"), ("pending.json", b"?"), ("000002.json", b"")):
        put(home, entry([file(0, "models/yolo.py", b"old\n", after)], 2, **{key: folders}), name)
        state = {k: v for k, v in _all(home.parent).items() if "yolo.py" not in k}
        state = {k: v for k, v in state.items() if ".yamlmod" not in k}
        try:
            if name == "pending.json":
                settle(home, _COMMAND, trust=True)
            else:
                (home / "models/yolo.py").write_bytes(b"")
                _undo(home, trust=True)
        except Refusal as refusal:
            assert refusal.code == "protected-place"
        found = {k: v for k, v in _all(home.parent).items() if "yolo.py" not in k}
        assert {k: v for k, v in found.items() if ".yamlmod" not in k} == state
        for left in ("pending.json", "000002.json", "000003.json"):
            (home / ".yamlmod" / left).unlink(missing_ok=True)


def test_what_python_compiled_goes_and_nothing_else(home: Path) -> None:
    for name, stays in (("a.cpython-311.pyc", False), ("a.pyc", True), ("mine.txt", True)):
        cache = home / "models" / "gone" / "__pycache__"
        cache.mkdir(parents=True)
        (cache / name).touch()
        fields = entry([file(0, "models/yolo.py", b"old\n", b"new\n")], 2, gone=["models/gone"])
        put(home, fields)
        assert settle(home, _COMMAND, trust=True)
        assert cache.exists() is stays, name
        shutil.rmtree(cache.parent, ignore_errors=True)
        (home / ".yamlmod" / "000002.json").unlink(missing_ok=True)


def test_we_write_nowhere_where_nothing_could_be_undone(home: Path) -> None:
    before = _all(home)
    for name in (".git/x.yaml", ".yamlmod/x.yaml", "models/.GIT"):
        with pytest.raises(Refusal) as caught:
            commit([FileChange(home / name, None, b"x", makes_folders=True)])
        assert caught.value.code == "protected-place"
        assert _all(home) == before


@posix
def test_modes_that_a_stranger_gives(home: Path) -> None:
    (home / "models/yolo.py").chmod(0o600)
    for name in ("a.py", "b.yaml"):
        files = [
            file(0, "models/yolo.py", b"old\n", b"new\n", 0o6777),
            file(1, f"models/{name}", b"back", None, 0o6777),
            file(2, "models/c.py", b"?", b"!"),
        ]
        put(home, entry(files, 2))
        (home / "models/yolo.py").write_bytes(b"new\n")
        assert settle(home, _COMMAND, trust=True)
        assert (home / "models/yolo.py").stat().st_mode & 0o7777 == 0o600
        mode = (home / "models" / name).stat().st_mode & 0o7777
        assert mode == (0o755 if name == "a.py" else 0o644)
    put(home, entry([file(0, "models/yolo.py", b"new\n", b"old\n", 0o4777)], 2), "000002.json")
    (home / "models/a.py").unlink()
    put(home, entry([file(0, "models/a.py", b"back", None, 0o4777)], 3), "000003.json")
    _undo(home, trust=True)
    _undo(home, trust=True)
    assert (home / "models/yolo.py").stat().st_mode & 0o7777 == 0o600
    assert (home / "models/a.py").stat().st_mode & 0o7777 == 0o755


# The user's own of before.


def test_old_entries_of_ones_own_are_taken_with_the_flag(home: Path) -> None:
    shutil.rmtree(home / ".yamlmod")
    models = home / "models"
    before = tree(home)
    (models / "new").mkdir()
    (models / "new" / "a.py").write_bytes(b"a")
    (models / "yolo.py").write_bytes(b"patched\n")
    files = [
        file(0, "models/yolo.py", (models / "yolo.py").read_bytes(), b"?"),
        file(0, "models/yolo.py", b"new\n", b"patched\n"),
        file(1, "models/new/a.py", None, b"a"),
    ][1:]
    for name in ("pending.json", "000001.json"):
        (models / "new").mkdir(exist_ok=True)
        (models / "new" / "a.py").write_bytes(b"a")
        (models / "yolo.py").write_bytes(b"patched\n")
        after = tree(home)
        shown = [*files, file(2, "x.yaml", b"old", b"new")] if name == "pending.json" else files
        if name == "pending.json":
            (home / "x.yaml").write_bytes(b"old")
        put(home, entry(shown, made=["models/new"]), name)
        with pytest.raises(Refusal) as caught:
            _settle_or_undo(home, trust=False)
        assert caught.value.code == "foreign-journal"
        assert {k: v for k, v in tree(home).items() if k != "x.yaml"} == after
        _settle_or_undo(home, trust=True)
        (home / "x.yaml").unlink(missing_ok=True)
        assert tree(home) == before
        assert rubbish(home) == []
    (written,) = writes(home)
    assert written.undone
    assert written.doubt
    chosen = last_write(home, redo=True)  # the undo is ours, and so is what takes it back
    commit(
        reverting(home, chosen.record, outside=False),
        purpose_of(home, chosen.record, _COMMAND, redo=True),
    )
    assert (models / "yolo.py").read_bytes() == b"patched\n"


def _settle_or_undo(home: Path, trust: bool) -> None:
    if interrupted([home]):
        assert settle(home, _COMMAND, trust)
    else:
        _undo(home, trust)


# What others put there harms nothing of ours.


def test_strangers_push_nothing_of_ours_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(900_001, 900_040):
        put(home, entry([file(0, "x.py", None, b"x")], number), f"{number}.json")
    monkeypatch.setattr(journal, "MAX_RECORDS", 3)
    data: bytes | None = None
    for number in range(5):
        commit([FileChange(home / "x.yaml", data, data := b"%d" % number)])
    kept = journal.records(home)
    assert [one.number for one in kept] == [900_042, 900_043, 900_044]
    assert len(list((home / ".yamlmod").glob("9000[0-3]?.json"))) == 39
    _undo(home)
    assert (home / "x.yaml").read_bytes() == b"3"


def test_a_stranger_says_nothing_of_a_write_of_ours(home: Path) -> None:
    files = [file(0, "models/yolo.py", b"new\n", b"new\n")]
    put(home, entry(files, 2, kind="undo", of=1), "000002.json")
    assert [one.undone for one in writes(home)] == [False]
    _undo(home, trust=True)
    assert (home / "models/yolo.py").read_bytes() == b"old\n"


def test_no_number_is_left(home: Path) -> None:
    put(home, b"{}", f"{MAX_NUMBER}.json")
    before = _all(home)
    with pytest.raises(Refusal) as caught:
        commit([FileChange(home / "x.yaml", None, b"x")])
    assert caught.value.code == "journal-full"
    assert _all(home) == before


@posix
def test_a_lock_file_of_somebodys_making(home: Path) -> None:
    precious = home.parent / "precious"
    precious.write_bytes(b"mine")
    lock = home / ".yamlmod" / "lock"
    for make in (
        lambda: lock.symlink_to(precious),
        lambda: lock.hardlink_to(precious),
        lambda: os.mkfifo(lock),
        lock.mkdir,
        lambda: lock.symlink_to(lock),
    ):
        make()
        with pytest.raises(Refusal) as caught:
            commit([FileChange(home / "x.yaml", None, b"x")])
        assert caught.value.code == "journal-unwritable"
        assert precious.read_bytes() == b"mine"
        lock.rmdir() if lock.is_dir() and not lock.is_symlink() else lock.unlink()
    lock.write_bytes(b"\x1b]0;x\x07" * 5_000)
    ignore = home / ".yamlmod" / ".gitignore"
    for make in (lambda: ignore.symlink_to("/dev/zero"), lambda: os.mkfifo(ignore)):
        ignore.unlink(missing_ok=True)
        make()
        commit([FileChange(home / "x.yaml", None, b"x")])
        commit([FileChange(home / "x.yaml", b"x", None)])
        assert ignore.read_bytes() == b"*\n"


@posix
def test_a_journal_behind_a_link(home: Path) -> None:
    """The journal of another repository is not taken for this one's."""
    other = home.with_name("other")
    (other / ".git").mkdir(parents=True)
    (other / ".yamlmod").symlink_to(home / ".yamlmod")
    before = _all(home)
    assert "is a link" in _doubts(other)[0]
    with pytest.raises(Refusal):
        _undo(other, trust=True)
    with pytest.raises(Refusal):
        commit([FileChange(other / "x.yaml", None, b"x")])
    assert _all(home) == before
