"""Find programs that yamlmod starts: on the PATH, never in the current folder."""

from __future__ import annotations

import os
from pathlib import Path

_ENDINGS = (".exe", ".com") if os.name == "nt" else ("",)


def find_program(name: str) -> str | None:
    """Return the full path of a program, None where there is none.

    Windows looks into the current folder first, which may be an untrusted repository with a
    `git.exe` in it; so would an empty or relative entry of the path.
    """
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        for ending in _ENDINGS if Path(folder).is_absolute() else ():
            path = Path(folder, name + ending)
            if os.access(path, os.X_OK) and path.is_file():
                return str(path)
    return None
