"""Report how much memory is available."""

from __future__ import annotations

import os
from typing import Dict, Optional

_GROUP = "/sys/fs/cgroup/"
_LIMITS = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)


def available() -> Optional[int]:
    """Return the bytes that are free, of the machine and of the container; None if unknown."""
    sizes = [size for size in (_machine(), _container()) if size is not None]
    return min(sizes) if sizes else None


def _machine() -> Optional[int]:
    lines: Dict[str, str] = {}
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file if ":" in line)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError, IndexError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on every system
        return None


def _container() -> Optional[int]:
    for limit, used in _LIMITS:
        try:
            with open(_GROUP + limit, encoding="ascii") as file:
                most = int(file.read())
            with open(_GROUP + used, encoding="ascii") as file:
                return max(most - int(file.read()), 0)
        except (OSError, ValueError):  # no such group, or `max`: no limit
            continue
    return None
