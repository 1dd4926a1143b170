"""The YAML files below the paths a command names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.workspace.files import display, exists

_ENDINGS = (".yaml", ".yml")
_SKIPPED = frozenset({"node_modules", "__pycache__", "venv", "env", "site-packages"})


def yaml_files(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the files that are named, and those found in the folders that are named.

    Hidden folders and environments are passed over. Raises Refusal for a path that is not there.
    """
    named: list[Path] = []
    found: list[Path] = []
    for path in paths:
        if not exists(path):
            raise Refusal("no-such-file", f"there is no file or folder {display(path)}")
        if path.is_dir():
            found += _below(path)
        else:
            named.append(path)
    seen = set(named)
    return list(dict.fromkeys(named)), [p for p in dict.fromkeys(found) if p not in seen]


def _below(folder: Path) -> list[Path]:
    files: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _SKIPPED
        )
        files += [Path(place) / name for name in sorted(names) if name.endswith(_ENDINGS)]
    return files
