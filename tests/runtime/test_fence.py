"""The fence inside the worker: what it stops where the kernel takes no network away."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

_RUNTIME = Path(__file__).parents[2] / "yamlmod" / "runtime"
_START = """
import json, os, socket, subprocess, sys
sys.path.insert(0, sys.argv[1])
from yamlmod_worker.building.fence import Blocked, Fence
TCP, UDP, LOCAL = socket.socket(), socket.socket(type=socket.SOCK_DGRAM), ("127.0.0.1", 9)
fence = Fence(os.getcwd())
fence.close()
try:
    exec(sys.argv[2])
    print("passed")
except Blocked:
    print(fence.blocked[0])
except Exception as error:
    print(type(error).__name__)
"""
_STOPPED = {
    "TCP.connect(LOCAL)": "connect to 127.0.0.1",
    "TCP.connect_ex(LOCAL)": "connect to 127.0.0.1",
    "socket.create_connection(LOCAL)": "look up 127.0.0.1",
    "UDP.connect(LOCAL)": "connect to 127.0.0.1",
    "UDP.sendto(b'x', LOCAL)": "connect to 127.0.0.1",
    "UDP.sendto(b'x', 0, LOCAL)": "connect to 127.0.0.1",
    "socket.gethostbyname('localhost')": "look up localhost",
    "socket.gethostbyaddr('127.0.0.1')": "look up 127.0.0.1",
    "socket.getnameinfo(LOCAL, 0)": "look up ('127.0.0.1', 9)",
    "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)": "open a raw socket",
    "socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)": "open a raw socket",
    "subprocess.run(['bash', '-c', 'echo x > /dev/tcp/127.0.0.1/9'])":
        "run `bash -c echo x > /dev/tcp/127.0.0.1/9`",
    "subprocess.run('cat < /dev/udp/127.0.0.1/9', shell=True)": "/dev/udp/127.0.0.1/9`",
    "os.system('true; nc 127.0.0.1 9')": "run `true; nc 127.0.0.1 9`",
    "subprocess.run(['ssh', 'host'])": "run `ssh host`",
    "subprocess.run(['/usr/bin/pip', 'install', 'x'])": "run `pip install x`",
    "os.system('git clone x')": "run `git clone x`",
}  # fmt: skip
_PASSES = [
    "a, b = socket.socketpair(); a.send(b'x'); b.recv(1)",
    "socket.socket().bind(('127.0.0.1', 0))",
    "socket.socket(type=socket.SOCK_DGRAM)",
    "subprocess.run([sys.executable, '-c', 'pass', '--nc', '80', 'nc=80', 'data/nc.yaml'])",
    "subprocess.run([sys.executable, '-c', 'pass', 'ssh', 'ftp.yaml'])",
]


def _result(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _START, str(_RUNTIME), code],
        cwd=folder, capture_output=True, check=True, timeout=30,
    )  # fmt: skip
    return done.stdout.decode().strip().partition(" (<string>")[0]


@pytest.mark.parametrize("code", _STOPPED)
def test_stopped_and_named(code: str, tmp_path: Path) -> None:
    result = _result(code, tmp_path)
    assert result.endswith(_STOPPED[code]) or result == _STOPPED[code], json.dumps(result)


@pytest.mark.skipif(sys.platform != "linux", reason="such sockets are Linux's")
@pytest.mark.parametrize(
    "code, word",
    [
        ("UDP.sendmsg([b'x'], [], 0, LOCAL)", "connect to 127.0.0.1"),
        ("socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", "open a raw socket"),
        ("socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)", "open a raw socket"),
        ("socket.socket(2, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 1)", "open a raw socket"),
    ],
)
def test_stopped_on_linux(code: str, word: str, tmp_path: Path) -> None:
    assert _result(code, tmp_path) == word


@pytest.mark.parametrize("code", _PASSES)
def test_what_needs_no_network_passes(code: str, tmp_path: Path) -> None:
    assert _result(code, tmp_path) == "passed"
