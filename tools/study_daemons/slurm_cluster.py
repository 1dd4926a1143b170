"""A SLURM of two nodes on one machine: munge, a controller and two slurmd, all of one folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
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
AuthInfo=cred_expire=5
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


class SlurmCluster:
    """The daemons; everything ends with it. Its folder is named in the environment."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        port = 16817 + os.getpid() % 1000 * 3
        values = {"host": socket.gethostname(), "home": self.home, "port": port}
        text = _CONFIG.format(**values, first=port + 1, second=port + 2)
        (self.home / "slurm.conf").write_text(text, encoding="utf-8")
        (self.home / "gres.conf").write_text(_GRES, encoding="utf-8")
        for name in ("ctld", "spool-n1", "spool-n2"):
            (self.home / name).mkdir()
        os.environ["SLURM_CONF"] = str(self.home / "slurm.conf")
        if not Path("/run/munge/munge.socket.2").exists():
            self._start_munge()
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
                raise SystemExit(f"the nodes of SLURM are {states}; see {self.home}")
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

    def _start_munge(self) -> None:
        folder = Path("/run/munge")
        folder.mkdir(exist_ok=True)
        shutil.chown(folder, "munge", "munge")
        folder.chmod(0o755)
        self._start("munged", "--foreground", "--force", user="munge")
        while not (folder / "munge.socket.2").exists():
            time.sleep(0.1)

    def _start(self, *words: str, name: str = "", user: str | None = None) -> None:
        name = name or words[0]
        with (self.home / f"{name}.out").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                words, stdout=log, stderr=log, user=user, cwd="/"
            )
