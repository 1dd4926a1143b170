"""Display values of the journal safely."""

from __future__ import annotations

from collections.abc import Iterable

from yamlmod.safe_text import visible_line

FLAG = "--trust-journal"
_LONGEST = 300


def safe(text: str, longest: int = _LONGEST) -> str:
    """Return text of an entry or a lock file as one line that is safe to show, cut."""
    return visible_line(text if len(text) <= longest else text[: longest - 3] + "...")


def command_text(words: Iterable[str]) -> str:
    """Return the command of an entry as a line."""
    return safe(" ".join(words))
