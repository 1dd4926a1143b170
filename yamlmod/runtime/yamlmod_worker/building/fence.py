"""Keep a fork's Python from the network and from installers, and record what it tried.

It sees what Python itself calls, and no other program and no C library: where the kernel offers it,
yamlmod's guard takes the network away as a whole.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from typing import Any, Callable, Dict, List

_INSTALLERS = re.compile(
    r"(?<![\w.-])(pip[\d.]*|conda|mamba|uv|poetry|easy_install|curl|wget|gdown|gsutil|aria2c"
    r"|apt|apt-get|brew|git\s+(clone|fetch|pull))(?![\w-])|/dev/(tcp|udp)/"
    # `nc` is also what a YAML calls its number of classes: here it is a program.
    r"|(^|[;&|`(]\s*)(nc|ncat|netcat|socat|telnet|ssh|scp|sftp|rsync|ftp)(\s|$)"
)
_QUIET = {
    "PIP_NO_INDEX": "1",
    "YOLO_OFFLINE": "true",
    "YOLO_AUTOINSTALL": "false",
    "YOLOv5_AUTOINSTALL": "false",
    "YOLOv5_VERBOSE": "false",
    "YOLO_VERBOSE": "false",
    "WANDB_MODE": "disabled",
}
_LOCAL = getattr(socket, "AF_UNIX", None)


class Blocked(OSError):
    """Raised in the fork when it uses the network or an installer."""


class Fence:
    """An audit hook: it sees every connection and every process before they begin."""

    def __init__(self, fork: str) -> None:
        self.fork = os.path.realpath(fork) + os.sep
        self.blocked: List[str] = []
        self._watched: Dict[str, Callable[[Any], str]] = {
            "urllib.Request": lambda args: "open {}".format(args[0]),
            "socket.connect": _connection,
            "socket.sendto": _connection,
            "socket.sendmsg": _connection,
            "socket.__new__": _raw,
            "socket.getaddrinfo": lambda args: "look up {}".format(args[0]),
            "socket.gethostbyname": lambda args: "look up {}".format(args[0]),
            "socket.gethostbyaddr": lambda args: "look up {}".format(args[0]),
            "socket.getnameinfo": lambda args: "look up {}".format(args[0]),
            "subprocess.Popen": lambda args: _installer(args[1]),
            "os.system": lambda args: _installer(args[0]),
            "os.exec": lambda args: _installer(args[1]),
            "os.posix_spawn": lambda args: _installer(args[1]),
            "os.spawn": lambda args: _installer(args[2]),
        }

    def close(self) -> None:
        """Put the fence up; an audit hook cannot be taken down again."""
        os.environ.update(_QUIET)
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: Any) -> None:
        describe = self._watched.get(event)
        if describe is None:
            return
        what = describe(args)
        if what:
            attempt = "{}{}".format(what, self._where())
            if attempt not in self.blocked:
                self.blocked.append(attempt)
            raise Blocked("yamlmod runs a fork without network and without installers: " + what)

    def _where(self) -> str:
        frame: Any = sys._getframe(1)
        while frame is not None:
            file = os.path.realpath(frame.f_code.co_filename)
            if file.startswith(self.fork):
                return " ({}:{})".format(file[len(self.fork) :], frame.f_lineno)
            frame = frame.f_back
        return ""


def _connection(args: Any) -> str:
    address = args[1]
    return "connect to {}".format(address[0]) if isinstance(address, tuple) and address else ""


def _raw(args: Any) -> str:
    """Forbid sockets below TCP and UDP: what they send has no address that Python sees."""
    family, kind = int(args[1]), int(args[2])
    packets = family == getattr(socket, "AF_PACKET", None)
    # The kind of a socket may carry flags above its number.
    raw = packets or (family != _LOCAL and kind & 0xF == getattr(socket, "SOCK_RAW", None))
    return "open a raw socket" if raw else ""


def _installer(command: Any) -> str:
    if isinstance(command, (list, tuple)):
        words = [os.fsdecode(word) for word in command if isinstance(word, (str, bytes))]
        # A program by its path is known by its name.
        text = " ".join([os.path.basename(words[0]), *words[1:]] if words else [])
    else:
        text = os.fsdecode(command) if isinstance(command, (str, bytes)) else ""
    return "run `{}`".format(text[:120]) if _INSTALLERS.search(text) else ""
