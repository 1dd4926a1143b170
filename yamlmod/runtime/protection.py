"""What a fork that is run is kept from, by what the system offers; told with every run."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from typing import Any

from yamlmod.errors import Refusal

NAMES = ("processes", "network", "home")
VARIABLE = "YAMLMOD_PROTECTION"
_KEPT = {
    "processes": "every process that the fork starts ends with it",
    "network": "it has no network",
    "home": "what it writes to files is thrown away",
    "read-only": "files are read-only for it",
}
_OPEN = {
    "processes": {
        "adopted": "what the fork starts is ended with it, unless it ends yamlmod's guard",
        "job": "what the fork starts is ended with it",
        "group": "what leaves the fork's process group is not ended",
    },
    "network": {"hooks": "only Python's own calls to the network are stopped"},
    "home": {"open": "it can change every file that you can change"},
}


@dataclass(frozen=True)
class Protection:
    """For each name how it is protected, folders that stay writable, and why something is not."""

    processes: str = "group"
    network: str = "hooks"
    home: str = "open"
    writable: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """Return it for --json."""
        return asdict(self)

    @property
    def line(self) -> str:
        """Return it for a person."""
        ways = {name: str(getattr(self, name)) for name in NAMES}
        kept = [name for name, way in ways.items() if way not in _OPEN[name]]
        words = [_KEPT.get(ways[name], _KEPT[name]) for name in kept]
        gaps = [_OPEN[name][way] for name, way in ways.items() if way in _OPEN[name]]
        parts = [f"protected: {'; '.join(words)}"] if kept else []
        if gaps:
            parts.append(f"not protected: {'; '.join(gaps)}{self._why()}")
        if self.writable and "home" in kept:
            parts.append(f"writable: {', '.join(self.writable)}")
        return "; ".join(parts)

    def _why(self) -> str:
        reasons = list(dict.fromkeys(self.missing.values()))
        return f" ({', '.join(reasons)})" if reasons else ""


def wanted() -> list[str] | None:
    """Return which protections to try, by the environment; None for no guard at all."""
    text = os.environ.get(VARIABLE)
    if text is None or text.strip() == "all":
        return list(NAMES)
    words = [word.strip() for word in text.split(",") if word.strip()]
    if words == ["group"]:
        return None
    if words == ["none"]:
        return []
    if not words or not set(words) <= set(NAMES):
        raise Refusal(
            "usage",
            f"{VARIABLE} is {text[:60]!r}",
            hint=f"leave it unset, or give some of {', '.join(NAMES)}; or none, or group",
        )
    return words
