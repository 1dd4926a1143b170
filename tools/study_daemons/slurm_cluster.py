"""A SLURM of two nodes on one machine: munge, a controller and two slurmd, all of one folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tools.study_daemons.watch import kill

_PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "munged")
_CONFIG = """\
ClusterName=mini
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5,socket={munge}/socket
CryptoType=crypto/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
GresTypes=gpu
StateSaveLocation={home}/ctld
SlurmdSpoolDir={home}/spool-%n
SlurmctldPidFile={home}/ctld.pid
SlurmdPidFile={home}/slurmd-%n.pid
SlurmctldLogFile={home}/ctld.log
SlurmdLogFile={home}/slurmd-%n.log
KillWait=2
SlurmdTimeout=15
SchedulerParameters=sched_interval=5
NodeName=n[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port={first}-{second} CPUs=2 \
RealMemory=1000 Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
"""
_GRES = "NodeName=n1 Name=gpu File=/dev/null\nNodeName=n2 Name=gpu File=/dev/zero\n"


def reason_without() -> str:
    """Say why no SLURM can be started here; empty where one can."""
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"no {', '.join(missing)} on this machine"
    if os.getuid() != 0:
        return "slurmd needs root"
    if Path("/etc/slurm/slurm.conf").exists():
        return "this machine has a SLURM of its own"
    return ""


def _free_ports(count: int) -> int:
    """Return the first of so many ports in a row that nobody listens on."""
    for first in range(16817 + os.getpid() % 1000 * count, 32000, count):
        taken = False
        for port in range(first, first + count):
            with socket.socket() as trial:
                taken |= trial.connect_ex(("127.0.0.1", port)) == 0
        if not taken:
            return first
    raise NoSlurm("no free ports")


class NoSlurm(Exception):
    """The daemons did not come up on this machine; the text has their last words."""


class SlurmCluster:
    """The daemons; everything ends with it. Its folder is named in the environment."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.folders: list[Path] = []

    def start(self) -> None:
        """Start all daemons, or none: raises NoSlurm where they do not come up."""
        try:
            self._start_all()
        except NoSlurm:
            self.stop()
            raise

    def _start_all(self) -> None:
        port = _free_ports(3)
        munge = self._start_munge()
        values = {"host": socket.gethostname(), "home": self.home, "munge": munge, "port": port}
        text = _CONFIG.format(**values, first=port + 1, second=port + 2)
        (self.home / "slurm.conf").write_text(text, encoding="utf-8")
        (self.home / "gres.conf").write_text(_GRES, encoding="utf-8")
        for name in ("ctld", "spool-n1", "spool-n2"):
            (self.home / name).mkdir()
        os.environ["SLURM_CONF"] = str(self.home / "slurm.conf")
        self._start("slurmctld", "-D", "-c")
        for node in ("n1", "n2"):
            self.start_node(node)
        self.wait_for_nodes()

    def start_node(self, node: str) -> None:
        self._start("slurmd", "-D", "-N", node, name=node)

    def kill_node(self, node: str) -> None:
        """Kill a node's daemon; what it has started goes on without it."""
        kill(self.processes[node].pid)
        self.processes[node].wait()

    def wait_for_nodes(self, seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while True:
            states = self.call("sinfo", "-h", "-N", "-o", "%t").split()
            if len(states) == 2 and all(state in ("idle", "mix", "alloc") for state in states):
                return
            if time.monotonic() > end:
                raise NoSlurm(f"the nodes of SLURM are {states}\n{self._last_words()}")
            time.sleep(0.5)

    def call(self, *words: str) -> str:
        done = subprocess.run(words, capture_output=True, check=False)
        return done.stdout.decode()

    def stop(self) -> None:
        self.call("scancel", "-u", "root")
        end = time.monotonic() + 30
        while self.call("squeue", "-h").strip() and time.monotonic() < end:
            time.sleep(0.5)
        for name in reversed(self.processes):
            process = self.processes[name]
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                kill(process.pid)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _start_munge(self) -> Path:
        """Start a munged of its own, with a key of its own: what the machine has may be stale."""
        folder = Path(tempfile.mkdtemp(prefix="munge-"))
        self.folders.append(folder)
        shutil.chown(folder, "munge", "munge")
        folder.chmod(0o755)
        key = folder / "key"
        key.write_bytes(os.urandom(128))
        shutil.chown(key, "munge", "munge")
        key.chmod(0o600)
        files = [f"--{name}-file={folder / name}" for name in ("key", "pid", "log", "seed")]
        self._start("munged", "-F", "--force", f"--socket={folder}/socket", *files, user="munge")
        end = time.monotonic() + 30
        while not (folder / "socket").exists():
            if time.monotonic() > end:
                raise NoSlurm(f"munged does not start\n{self._last_words()}")
            time.sleep(0.1)
        return folder

    def _last_words(self) -> str:
        """Return the ends of the daemons' logs."""
        client = subprocess.run(["sinfo"], capture_output=True, check=False).stderr.decode()
        parts = ["sinfo:", client.strip()]
        for path in sorted([*self.home.glob("*.out"), *self.home.glob("*.log")]):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            parts += [f"{path.name}:", *lines[-6:]]
        return "\n".join(parts)

    def _start(self, *words: str, name: str = "", user: str | None = None) -> None:
        name = name or words[0]
        with (self.home / f"{name}.out").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                words, stdout=log, stderr=log, user=user, cwd="/"
            )
