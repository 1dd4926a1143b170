"""Describe how a running fork is contained; reported with every run."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from typing import Any

from yamlmod.errors import Refusal

NAMES = ("processes", "network", "home")
VARIABLE = "YAMLMOD_PROTECTION"
_WORDS = {
    "processes": {
        "namespace": "every process ends with the run",
        "adopted": "processes end with the run, unless one ends yamlmod's guard",
        "job": "processes end with the run",
        "group": "processes that leave the fork's group are not ended",
    },
    "network": {
        "namespace": "no network",
        "hooks": "the network is open (only Python's own calls are blocked)",
    },
    "home": {
        "discarded": "changes to files are discarded",
        "read-only": "files are read-only",
        "open": "your files are not protected",
    },
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
        return asdict(self)

    @property
    def line(self) -> str:
        words = [_WORDS[name][getattr(self, name)] for name in NAMES]
        if self.writable:
            words.append(f"writable: {', '.join(self.writable)}")
        reasons = ", ".join(dict.fromkeys(self.missing.values()))
        return f"protection: {'; '.join(words)}" + (f" ({reasons})" if reasons else "")


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
            hint=f"leave it unset, or set it to some of {', '.join(NAMES)}, to none or to group",
        )
    return words
