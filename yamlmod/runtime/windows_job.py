"""Keep processes in a Windows job, so that they end together."""

from __future__ import annotations

import ctypes
import subprocess
from typing import Any

_KILL_ON_CLOSE, _EXTENDED_LIMITS = 0x2000, 9


class _Limits(ctypes.Structure):
    _fields_ = [
        ("times", ctypes.c_int64 * 2),
        ("flags", ctypes.c_uint32),
        ("working_set", ctypes.c_size_t * 2),
        ("active", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("classes", ctypes.c_uint32 * 2),
        ("counters", ctypes.c_uint64 * 6),
        ("memory", ctypes.c_size_t * 4),
    ]


class WindowsJob:
    """An open job; it ends when it is closed, also by the death of yamlmod."""

    def __init__(self, kernel: Any, handle: Any) -> None:
        self._kernel, self._handle = kernel, handle

    def end(self) -> None:
        self._kernel.TerminateJobObject(ctypes.c_void_p(self._handle), 1)
        self._kernel.CloseHandle(ctypes.c_void_p(self._handle))


def job_of(process: subprocess.Popen[bytes]) -> WindowsJob | None:
    """Put a process into a job of its own; None where the system refuses."""
    kernel: Any = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    kernel.CreateJobObjectW.restype = ctypes.c_void_p
    handle = kernel.CreateJobObjectW(None, None)
    if not handle:
        return None
    limits = _Limits(flags=_KILL_ON_CLOSE)
    size = ctypes.c_uint32(ctypes.sizeof(limits))
    given = ctypes.c_void_p(handle)
    own = ctypes.c_void_p(int(process._handle))  # type: ignore[attr-defined]
    done = kernel.SetInformationJobObject(given, _EXTENDED_LIMITS, ctypes.byref(limits), size)
    if not done or not kernel.AssignProcessToJobObject(given, own):
        kernel.CloseHandle(given)
        return None
    return WindowsJob(kernel, handle)
