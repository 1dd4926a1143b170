"""What a fork that is run is kept from, at each level that a kernel may offer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime.caged import caged
from yamlmod.errors import Refusal
from yamlmod.runtime import protection
from yamlmod.runtime.protection import Protection
from yamlmod.usecases.fork_run import draft_of, keep_draft

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the guard is for Linux")


def _offers(*flags: str) -> bool:
    """Say whether this machine lets a user have namespaces at all."""
    tool = shutil.which("unshare")
    words = [tool or "", "-U", "-r", *flags, "true"]
    return bool(tool) and not subprocess.run(words, capture_output=True, check=False).returncode


_NAMESPACES = pytest.mark.skipif(
    not _offers("-m", "-p", "-n", "--fork"), reason="no namespaces for a user here"
)
_SEEN = """
import json, os, socket
def attempt(path):
    try:
        with open(path, "w") as file:
            file.write("x")
        return "written"
    except OSError as error:
        return "refused"
def reach(kind, family=socket.AF_INET):
    with socket.socket(family, kind) as one:
        try:
            one.connect((ADDRESS, 9))
            one.send(b"x")
            return "sent"
        except OSError as error:
            return type(error).__name__
"""


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    home, fork = tmp_path / "home", tmp_path / "fork"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "config").write_text("mine", encoding="utf-8")
    (fork / "models").mkdir(parents=True)
    return fork, home


def _code(*paths: Path | str) -> str:
    names = [str(path) for path in paths]
    return f"{_SEEN}\nprint(json.dumps([attempt(path) for path in {names!r}]))"


def _ways(data: dict[str, str]) -> tuple[str, ...]:
    return tuple(data[name] for name in protection.NAMES)


@_NAMESPACES
def test_what_is_written_is_thrown_away(places: tuple[Path, Path], tmp_path: Path) -> None:
    fork, home = places
    files = [home / "new", home / ".ssh" / "config", fork / "models" / "x.py", tmp_path / "y"]
    run = caged(_code(*files, "/dev/shm/yamlmod-test"), fork, home)
    assert run.protection["home"] == "discarded"
    assert run.out == '["written", "written", "written", "written", "written"]\n'
    assert not any(path.exists() for path in (files[0], files[2], files[3]))
    assert not Path("/dev/shm/yamlmod-test").exists()
    assert files[1].read_text(encoding="utf-8") == "mine"


@_NAMESPACES
def test_everything_else_is_read_only(places: tuple[Path, Path]) -> None:
    fork, home = places
    # The checkout itself may lie among the temporary files, which are a copy that is thrown away.
    outside = ["/yamlmod-test", "/usr/yamlmod", "/etc/yamlmod", "/proc/sys/vm/swappiness"]
    run = caged(_code(*outside), fork, home)
    assert run.out == '["refused", "refused", "refused", "refused"]\n'


@_NAMESPACES
def test_a_user_without_a_home(places: tuple[Path, Path]) -> None:
    fork, _ = places
    run = caged(_code(fork / "x", "/yamlmod-test"), fork, Path("/"))
    assert run.protection["home"] == "read-only"
    assert run.out == '["written", "refused"]\n'
    assert not (fork / "x").exists()


@_NAMESPACES
def test_out_is_the_one_folder_that_stays(places: tuple[Path, Path], tmp_path: Path) -> None:
    fork, home = places
    out = home / ".yamlmod-draft"
    out.mkdir()
    code = f"{_code(out / 'x', home / 'y')}; print(open({str(out / 'x')!r}).read())"
    run = caged(code, fork, home, out=out)
    assert run.out == '["written", "written"]\nx\n'
    assert [path.name for path in home.iterdir()] == [".ssh"]  # the guard takes the draft away


@_NAMESPACES
def test_there_is_no_network_but_its_own(places: tuple[Path, Path]) -> None:
    fork, home = places
    code = (
        _SEEN
        + """
ADDRESS = "127.0.0.1"
server = socket.create_server((ADDRESS, 0))
own = socket.create_connection(server.getsockname())
ADDRESS = "192.0.2.1"
print(reach(socket.SOCK_STREAM), reach(socket.SOCK_DGRAM), sorted(socket.if_nameindex()))
"""
    )
    run = caged(code, fork, home)
    assert run.protection["network"] == "namespace"
    assert run.out == "OSError OSError [(1, 'lo')]\n"


@_NAMESPACES
def test_services_of_the_machine_are_out_of_reach(
    places: tuple[Path, Path], tmp_path: Path
) -> None:
    import socket

    fork, home = places
    with socket.socket(socket.AF_UNIX) as by_path, socket.socket(socket.AF_UNIX) as abstract:
        by_path.bind(str(home / "agent"))
        abstract.bind(f"\0yamlmod-{os.getpid()}")
        by_path.listen()
        abstract.listen()
        code = f"""
import socket
for address in ({str(home / "agent")!r}, "\\0yamlmod-{os.getpid()}"):
    try:
        socket.socket(socket.AF_UNIX).connect(address)
        print("reached")
    except OSError as error:
        print(type(error).__name__)
"""
        run = caged(code, fork, home)
        assert run.out == "ConnectionRefusedError\nConnectionRefusedError\n"
        assert caged(code, fork, home, "none").out == "reached\nreached\n"


@_NAMESPACES
def test_rights_are_gone_for_good(places: tuple[Path, Path]) -> None:
    """Nor does a namespace of its own give the fork back what it was kept from."""
    fork, home = places
    target = home / ".ssh" / "config"
    code = f"""
import ctypes, os, subprocess
libc = ctypes.CDLL(None)
print(libc.unshare(0x10000000 | 0x20000) in (0, -1))
for words in (["mount", "-o", "remount,rw", "/"], ["umount", "-l", {str(home)!r}],
              ["umount", "-l", "/tmp"], ["mount", "-t", "tmpfs", "x", "/etc"]):
    subprocess.run(words, stderr=subprocess.DEVNULL)
try:
    open({str(target)!r}, "w").write("x")
except OSError:
    pass
try:
    open("/etc/yamlmod", "w")
except OSError:
    print("refused")
line = next(line for line in open("/proc/self/status") if line.startswith("NoNewPrivs"))
print(line.split()[1])
"""
    run = caged(code, fork, home)
    assert run.out.splitlines()[-1] == "1", run
    assert target.read_text(encoding="utf-8") == "mine"
    assert not Path("/etc/yamlmod").exists()


_WITHOUT = {
    "no user namespaces": ("user", "adopted", "hooks", "open"),
    "no network of one's own": ("net", "namespace", "hooks", "discarded"),
    "no mounts of one's own": ("mnt", "adopted", "namespace", "open"),
    "no process numbers": ("pid", "adopted", "namespace", "discarded"),
}


@_NAMESPACES
@pytest.mark.parametrize("kind, processes, network, files", _WITHOUT.values(), ids=_WITHOUT)
def test_a_kernel_that_refuses_gives_the_next_weaker_protection(
    kind: str, processes: str, network: str, files: str, places: tuple[Path, Path]
) -> None:
    fork, home = places
    script = f'echo 0 > /proc/sys/user/max_{kind}_namespaces; exec "$@"'
    before = ["unshare", "-Ur", "sh", "-c", script, "-"]
    run = caged(_code(home / "x"), fork, home, before=before)
    assert _ways(run.protection) == (processes, network, files)
    assert set(run.protection["missing"].values()) == {
        "the kernel reports: No space left on device"
    }
    assert (home / "x").exists() == (files == "open")
    assert run.code == 0


@_NAMESPACES
def test_a_container_that_hides_part_of_proc(places: tuple[Path, Path]) -> None:
    """As Docker does: a new one may not be mounted, and the processes are not on their own."""
    fork, home = places
    script = 'mount -t tmpfs t /proc/sys/kernel && exec "$@"'
    before = ["unshare", "-Urm", "sh", "-c", script, "-"]
    run = caged(_code(home / "x"), fork, home, before=before)
    assert run.protection["processes"] == "adopted"
    assert run.protection["missing"] == {"processes": "the kernel reports: Operation not permitted"}
    assert (run.protection["network"], run.protection["home"]) == ("namespace", "discarded")
    assert not (home / "x").exists()


@_NAMESPACES
def test_a_home_with_another_file_system_in_it(places: tuple[Path, Path]) -> None:
    """No copy can be laid over it: said as it is."""
    fork, home = places
    (home / "disk").mkdir()
    script = f'mount -t tmpfs t "{home}/disk" && exec "$@"'
    before = ["unshare", "-Urm", "sh", "-c", script, "-"]
    run = caged(_code(home / "x", home / "disk" / "x"), fork, home, before=before)
    # Where the home is in /tmp, as it is here, all of that stays as it was.
    assert run.protection["home"] == ("open" if (home / "x").exists() else "read-only")
    assert run.protection["network"] == "namespace"


def test_nothing_can_be_asked_for_and_is_said(places: tuple[Path, Path]) -> None:
    fork, home = places
    run = caged(_code(home / "x"), fork, home, "none")
    assert _ways(run.protection) == ("adopted", "hooks", "open")
    assert (home / "x").exists()
    run = caged(_code(home / "y"), fork, home, "group")
    assert run.protection["processes"] == "group"


def test_exit_codes_and_signals_come_through(places: tuple[Path, Path]) -> None:
    fork, home = places
    for level in ("all", "none", "group"):
        assert caged("raise SystemExit(7)", fork, home, level).code == 7
        assert caged("import os; os.kill(os.getpid(), 9)", fork, home, level).code == -9
        assert caged("import os; os.abort()", fork, home, level).code == -6


def test_a_word_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("", "everything", "home,", "processes;home"):
        monkeypatch.setenv(protection.VARIABLE, word)
        if word == "home,":
            assert protection.wanted() == ["home"]
            continue
        with pytest.raises(Refusal) as refused:
            protection.wanted()
        assert refused.value.code == "usage"
    monkeypatch.delenv(protection.VARIABLE)
    assert protection.wanted() == ["processes", "network", "home"]


def test_the_line_says_what_is_not_protected() -> None:
    full = Protection("namespace", "namespace", "discarded")
    assert full.line == (
        "protection: every process ends with the run; no network; changes to files are discarded"
    )
    assert Protection(missing={"home": "not on win32", "network": "not on win32"}).line == (
        "protection: processes that leave the fork's group are not ended; the network is open "
        "(only Python's own calls are blocked); your files are not protected (not on win32)"
    )
    part = Protection("adopted", "namespace", "read-only", ["/repo"], {"processes": "why"})
    assert part.line == (
        "protection: processes end with the run, unless one ends yamlmod's guard; no network; "
        "files are read-only; writable: /repo (why)"
    )


def test_a_draft_that_is_no_file_is_not_kept(tmp_path: Path) -> None:
    out = tmp_path / "out.pt"
    out.write_text("mine", encoding="utf-8")
    for leave in (
        lambda path: path.symlink_to("/etc/passwd"),
        lambda path: path.mkdir(),
        lambda path: os.mkfifo(path),
        lambda path: None,
    ):
        with draft_of(out) as draft, pytest.raises(Refusal) as refused:
            assert draft is not None
            leave(draft)
            keep_draft(draft, out)
        assert refused.value.code in ("bad-answer", "unwritable")
        assert out.read_text(encoding="utf-8") == "mine"
    with draft_of(out) as draft:
        assert draft is not None
        draft.write_text("new", encoding="utf-8")
        keep_draft(draft, out)
    assert [path.name for path in tmp_path.iterdir()] == ["out.pt"]
    assert out.read_text(encoding="utf-8") == "new"
