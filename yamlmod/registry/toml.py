"""Parse TOML within limits."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from yamlmod.workspace.disk import read_regular

# The largest manifest of the registry has 4 kB.
MAX_BYTES = 64_000
# The parser takes time and memory by the square of a key's parts (60 kB: 16 s and 3 GB), and
# calls itself for every bracket.
_MOST_DOTS = 100
_DEEPEST = 40
_BRACKET = re.compile(r"[\[\]{}]")


def load_toml(path: Path, below: Path | None = None) -> dict[str, Any]:
    """Return what the file at ``path`` holds; a ValueError names the line that is not TOML.

    With ``below``, the file is not read where a link leads it out of that folder.
    """
    text = read_regular(path, MAX_BYTES, below).decode("utf-8").replace("\r\n", "\n")
    _refuse_exhausting(text)
    # Imported here: most runs read no TOML.
    if sys.version_info >= (3, 11):
        import tomllib
    else:  # pragma: no cover - the same parser under its older name
        import tomli as tomllib

    data: dict[str, Any] = tomllib.loads(text)
    return data


def _refuse_exhausting(text: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _MOST_DOTS:
            raise ValueError(f"line {number} has more than {_MOST_DOTS} dots")
    depth = 0
    for match in _BRACKET.finditer(text):
        depth += 1 if match[0] in "[{" else -1
        if depth > _DEEPEST:
            line_number = text.count("\n", 0, match.start()) + 1
            raise ValueError(f"line {line_number}: it is nested more than {_DEEPEST} deep")
