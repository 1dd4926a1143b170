"""Start the worker under the strongest protection available, watch it, and end everything."""

from __future__ import annotations

import marshal
import os
import select
import signal

from . import cage, kernel, processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ALL = frozenset({"processes", "network", "home"})


class _Reported:
    """The reports of the child until the worker starts."""

    def __init__(self) -> None:
        self.failed: dict[str, Any] | None = None
        self.home, self.writable = "", []  # type: str, list[str]


def main(text: str) -> int:
    """Run one worker; the settings are those of `cage.Settings`."""
    settings = cage.CageSettings(text)
    os.set_inheritable(settings.lifeline, False)
    os.set_inheritable(settings.status, False)
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    kernel.adopt_orphans()
    child, result = _start(settings)
    if child:
        cage.close_streams()
        code = _watch(settings, child, result, wake)
        left = processes.end_all()
        if settings.out:  # yamlmod has taken what it wanted of it, or was killed
            import shutil

            shutil.rmtree(settings.out, ignore_errors=True)
        _tell(settings, {"ended": code, "left": left})
    return 0


def _tell(settings: cage.CageSettings, message: dict[str, Any]) -> None:
    try:
        cage.tell(settings.status, message)
    except OSError:  # yamlmod was killed
        return


def _start(settings: cage.CageSettings) -> tuple[int, int]:
    """Start the child with all that works; what fails is left out and named."""
    wanted = _ALL & {*settings.wanted}
    missing: dict[str, str] = dict.fromkeys(_ALL - wanted, "turned off")
    while True:
        pipes = cage.Pipes()
        guard = os.getpid()
        child = os.fork()
        if not child:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(settings.lifeline)
            os.close(settings.status)
            os.close(pipes.report[0])
            os.close(pipes.go[1])
            cage.run(settings, wanted, pipes, guard)
        pipes.close(pipes.report[0], pipes.go[1], pipes.result[0])
        reported = _listen(pipes, child)
        pipes.close(pipes.result[0])
        if reported.failed is None:
            kernel.hide_memory()
            _tell(settings, {"started": _protection(wanted, missing, reported)})
            return child, pipes.result[0]
        os.close(pipes.result[0])
        processes.end_all()
        step = reported.failed["failed"]
        if not wanted:
            _tell(settings, {"failed": reported.failed["reason"]})
            return 0, 0
        # Perhaps only the view of the files keeps a worker from starting.
        if step == "start":
            step = "home" if "home" in wanted else "all"
        gone = wanted if step == "all" or step not in wanted else {step}
        missing.update(dict.fromkeys(gone, f"the kernel reports: {reported.failed['reason']}"))
        wanted -= gone


def _protection(
    wanted: frozenset[str], missing: dict[str, str], reported: _Reported
) -> dict[str, object]:
    return {
        "processes": "namespace" if "processes" in wanted else "adopted",
        "network": "namespace" if "network" in wanted else "hooks",
        "home": reported.home or "open",
        "writable": reported.writable,
        "missing": missing,
    }


def _listen(pipes: cage.Pipes, child: int) -> _Reported:
    """Hear the child out; the pipe ends when the worker is started, or nothing of it lives."""
    reported = _Reported()
    with open(pipes.report[0], "rb", closefd=False) as file:
        for line in file:
            message = marshal.loads(bytes.fromhex(line.decode()))
            if "map" in message:
                os.write(pipes.go[1], b"1" if _map(child) else b"0")
            elif "failed" in message:
                reported.failed = message
            else:
                reported.home, reported.writable = message["home"], message["writable"]
    return reported


def _map(child: int) -> bool:
    """Give the child's user namespace the ids of this one: all for a superuser, else its own."""
    if os.geteuid() == 0 and all(_write(child, kind, _extents(kind)) for kind in ("gid", "uid")):
        return True
    _write(child, "setgroups", "deny")
    own = {"gid": os.getegid(), "uid": os.geteuid()}
    return all(_write(child, kind, f"{number} {number} 1\n") for kind, number in own.items())


def _extents(kind: str) -> str:
    with open(f"/proc/self/{kind}_map", encoding="ascii") as file:
        extents = [line.split() for line in file]
    return "".join(f"{inside} {inside} {count}\n" for inside, _, count in extents)


def _write(child: int, kind: str, text: str) -> bool:
    name = kind if kind == "setgroups" else f"{kind}_map"
    try:
        with open(f"/proc/{child}/{name}", "w", encoding="ascii") as file:
            file.write(text)
    except OSError:
        return False
    return True


def _watch(settings: cage.CageSettings, child: int, result: int, wake: int) -> int | None:
    """Wait for the worker's end, or for yamlmod's: it holds the other end of the lifeline.

    Return how the worker ended; None where it had not.
    """
    while True:
        ready, _, _ = select.select([settings.lifeline, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
        for number, code in processes.reap():
            if number == child:
                return _result(result, code)
        if settings.lifeline in ready:
            return None


def _result(result: int, code: int) -> int:
    with open(result, "rb", closefd=False) as file:
        text = file.read(32).strip()
    return int(text) if text else code
