"""The one TOML parser, under the name it has in this Python."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - the same parser under its older name
    import tomli as tomllib


def load_toml(path: Path) -> dict[str, Any]:
    """Return what the file at ``path`` holds; a ValueError names the line that is not TOML."""
    data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return data
