"""Attack a study that two machines share over a network, each with a mount of its own.

The machines are mount namespaces of this one. In each, sshfs mounts the folder at its own place, so
that file locks do not reach the other, and another boot id tells the two apart.
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tools.study_daemons.studies import command, stub_study
from tools.study_daemons.watch import Watch, all_held, kill, processes, variable

_PROGRAMS = ("sshfs", "ssh-keygen", "unshare", "mount")
_SSHD = "/usr/sbin/sshd"
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_NAME = "YAMLMOD_TRIAL_MACHINE"


def reason_without() -> str:
    """Say why there can be no such mounts here; empty where there can."""
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing or not Path(_SSHD).exists():
        return f"no {', '.join(missing) or 'sshd'} on this machine"
    if os.getuid() != 0 or not Path("/dev/fuse").exists():
        return "mounts need root and FUSE"
    return ""


class SharedFolder:
    """A folder that an SSH server of this trial hands out; everything ends with it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "shared"
        self.folder.mkdir()
        self.port = _free_port()
        self.drivers: list[subprocess.Popen[bytes]] = []
        for name in ("host", "user"):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)]
            subprocess.run(words, check=True)
        (home / "authorized").write_bytes((home / "user.pub").read_bytes())
        options = {
            "Port": self.port, "ListenAddress": "127.0.0.1", "HostKey": home / "host",
            "AuthorizedKeysFile": home / "authorized", "StrictModes": "no", "UsePAM": "no",
            "PermitRootLogin": "prohibit-password", "Subsystem": "sftp internal-sftp",
            "PidFile": "none",
        }  # fmt: skip
        text = "".join(f"{name} {value}\n" for name, value in options.items())
        (home / "sshd.conf").write_text(text, encoding="utf-8")
        Path("/run/sshd").mkdir(exist_ok=True)
        with (home / "sshd.log").open("ab") as log:
            words = [_SSHD, "-D", "-e", "-f", str(home / "sshd.conf")]
            self.server = subprocess.Popen(words, stdout=log, stderr=log)
        time.sleep(1.0)

    def start(self, machine: str, study: Path) -> subprocess.Popen[bytes]:
        """Start `study run` on a machine of its own."""
        boot_id = self.home / f"boot-{machine}"
        boot_id.write_text(f"{machine * 8}\n", encoding="ascii")
        options = [
            *("-p", str(self.port), "-o", f"IdentityFile={self.home / 'user'}"),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
        ]
        source = f"root@127.0.0.1:{self.folder}"
        steps = [
            ["mount", "--make-rprivate", "/"],
            ["mount", "--bind", str(boot_id), _BOOT_ID],
            ["sshfs", *options, source, str(self.folder)],
            ["exec", *command("run", str(study))],
        ]
        script = " && ".join(shlex.join(step) for step in steps)
        with (self.home / f"machine-{machine}.log").open("ab") as log:
            driver = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", script],
                stdout=log,
                stderr=log,
                env={**os.environ, _NAME: machine},
            )
        self.drivers.append(driver)
        return driver

    def crash(self, machine: str) -> None:
        """Kill everything on a machine at once, its mount too."""
        for number in processes():
            if variable(number, _NAME) == machine:
                kill(number)

    def stop(self) -> None:
        for machine in "ab":
            self.crash(machine)
        for driver in self.drivers:
            driver.wait()
        self.server.terminate()
        self.server.wait(10)


def run_shared(home: Path, only: str = "") -> bool:
    """Run both trials; True if they hold."""
    shared = SharedFolder(home)
    try:
        trials = (_two_machines, _crash)
        outcomes = [trial(shared) for trial in trials if only in trial.__name__]
        return all_held(outcomes, only)
    finally:
        shared.stop()


def _two_machines(shared: SharedFolder) -> bool:
    """Let two machines begin the same study at the same time."""
    study = stub_study(shared.folder / "two", 8, 10, 0.5)
    watch = Watch("two machines at once", study)
    for driver in [shared.start(machine, study) for machine in "ab"]:
        watch.wait("an end of a driver", lambda: driver.poll() is not None, 600)  # noqa: B023
    if watch.most < 2:
        watch.problems.append("the machines did not train at the same time")
    return watch.finish(kills=0, starts=1)


def _crash(shared: SharedFolder) -> bool:
    """Let a machine fail while it trains; the other one takes its run over."""
    study = stub_study(shared.folder / "crash", 4, 40, 0.5)
    watch = Watch("a machine crashes", study)
    first, second = (shared.start(machine, study) for machine in "ab")
    watch.wait("two trainings", lambda: len(watch.trainings()) == 2)
    watch.wait_for_epochs(3)
    shared.crash("a")
    began = time.monotonic()
    first.wait()
    watch.wait("an end of the other driver", lambda: second.poll() is not None, 900)
    # It passes over the run of the machine that seems to be alive; the next driver takes it.
    last = shared.start("b", study)
    watch.wait("an end of the last driver", lambda: last.poll() is not None, 900)
    watch.notes.append(f"all was done {time.monotonic() - began:.0f} s after the crash")
    return watch.finish(kills=1)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
