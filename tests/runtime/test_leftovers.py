"""Nothing of a fork outlives the command: not its daemons, nor after a kill of yamlmod itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")

_ROOT = Path(__file__).parents[2]
_TORCH = "__version__ = '2.13.0'\nsave = load = None\ndef manual_seed(seed): pass\n"
_DAEMONS = """
import os, signal, time
for _ in range(5):
    if not os.fork():
        os.setsid()
        if os.fork():
            os._exit(0)
        signal.alarm(30)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(30)
        os._exit(0)
"""
_READY = "open({path!r}, 'w').close()\ntime.sleep(30)\n"


class Fork:
    """A fork with something planted, and what is alive of it."""

    def __init__(self, folder: Path, planted: str) -> None:
        self.mark = f"YAMLMOD_TEST={uuid.uuid4().hex}"
        self.folder = folder
        (folder / "stub" / "torch").mkdir(parents=True)
        (folder / "stub" / "torch" / "__init__.py").write_text(_TORCH + planted, encoding="utf-8")

    def start(self, level: str, seconds: float) -> subprocess.Popen[bytes]:
        """Start `verify` of the example; the planted code runs where torch is imported."""
        name, _, value = self.mark.partition("=")
        return subprocess.Popen(
            [sys.executable, "-m", "yamlmod", "verify", str(_ROOT / "examples" / "minifork"),
             "models/mini.yaml", "--timeout", str(seconds)],
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            # A shell starts background jobs with SIGINT ignored, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            env={**os.environ, name: value, "YAMLMOD_PROTECTION": level,
                 "PYTHONPATH": f"{self.folder / 'stub'}{os.pathsep}{_packages()}"},
        )  # fmt: skip

    def living(self) -> list[int]:
        """Return the processes that carry the mark."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                state = (folder / "stat").read_bytes().rpartition(b")")[2].split()[0]
                environment = (folder / "environ").read_bytes()
                if state not in (b"Z", b"X") and self.mark.encode() in environment:
                    found.append(int(folder.name))
        return found

    def gone(self, seconds: float) -> bool:
        """Wait until nothing is alive."""
        end = time.monotonic() + seconds
        while self.living():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True


def _packages() -> str:
    """Return where yamlmod and its own packages are: the environment may have a path of its own."""
    return os.pathsep.join(dict.fromkeys([str(_ROOT), *filter(None, sys.path)]))


@pytest.fixture
def made(tmp_path: Path) -> Iterator[list[Fork]]:
    forks: list[Fork] = []
    yield forks
    for fork in forks:
        for process in fork.living():
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)


def _fork(made: list[Fork], folder: Path, planted: str) -> Fork:
    made.append(Fork(folder, planted))
    return made[0]


@pytest.mark.parametrize("level", ["all", "none", "home,network"])
@pytest.mark.parametrize("end", ["os._exit(0)", "time.sleep(30)", "raise SystemExit(4)"])
def test_daemons_end_with_the_command(
    level: str, end: str, made: list[Fork], tmp_path: Path
) -> None:
    fork = _fork(made, tmp_path, _DAEMONS + end)
    done = fork.start(level, 2)
    done.communicate(timeout=30)
    assert done.returncode == 2
    assert fork.living() == []


@pytest.mark.parametrize("level", ["all", "none"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_kill_of_yamlmod_leaves_nothing(
    level: str, number: signal.Signals, made: list[Fork], tmp_path: Path
) -> None:
    # The planted code is run in a view of its own: what it does is seen by its processes.
    fork = _fork(made, tmp_path, f"{_DAEMONS}\ntime.sleep(30)\n")
    command = fork.start(level, 60)
    end = time.monotonic() + 60
    # yamlmod, the worker and five daemons, or some of those that start them; the guard is hidden.
    while len(fork.living()) < 7:
        assert time.monotonic() < end
        time.sleep(0.02)
    os.kill(command.pid, number)
    code = command.wait(60)
    assert code == (130 if number is signal.SIGINT else -number)
    assert fork.gone(10)


@pytest.mark.parametrize("planted", ["", _DAEMONS], ids=["alone", "with daemons"])
def test_a_guard_that_the_fork_kills(planted: str, made: list[Fork], tmp_path: Path) -> None:
    """Without process numbers of its own a fork can do that; yamlmod adopts what is left."""
    kill = "os.kill(os.getppid(), 9)\ntime.sleep(30)\n"
    fork = _fork(made, tmp_path, f"import os, time\n{planted}\n{kill}")
    command = fork.start("none", 20)
    _, err = command.communicate(timeout=30)
    assert (command.returncode, b"no-answer" in err) == (2, True), err
    assert fork.living() == []


def test_children_of_whoever_calls_are_left_alone(tmp_path: Path) -> None:
    """The API may run beside other work: only what the guard left is ended."""
    code = """
import os, subprocess, sys, time
from pathlib import Path
from yamlmod.runtime.launch import Guarded, Task
own = subprocess.Popen(["sleep", "20"])
code = "import os, time; os.kill(os.getppid(), 9) if os.fork() else os.setsid(); time.sleep(9)"
folder = Path(sys.argv[1])
process = Guarded(Task([sys.executable, "-c", code], folder, folder, {**os.environ}), [])
while not process.gone():
    time.sleep(0.01)
start = time.monotonic()
print(process.end(), own.poll(), time.monotonic() - start < 5)
own.kill()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=_ROOT, capture_output=True, check=False, timeout=40,
    )  # fmt: skip
    assert done.stdout == b"None None True\n", (done.stdout, done.stderr)


_STALE = """
import os, sys, time
sys.path.insert(0, {folder!r})
from yamlmod_guard import kernel, processes
kernel.adopt_orphans()
child = os.fork()
if not child:
    time.sleep(30)
    os._exit(0)
real, looks = processes.seen, []
def seen():
    looks.append(1)
    return real() if len(looks) > 1 else {{}}
processes.seen = seen
print(processes.end_all(), os.path.exists(f"/proc/{{child}}"))
"""


def test_what_a_list_of_processes_missed_is_ended() -> None:
    """One that forks and ends between the listing and the look at it leaves a child on no list."""
    code = _STALE.format(folder=str(_ROOT / "yamlmod" / "runtime"))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "0 False\n", done.stderr
