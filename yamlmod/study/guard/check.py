"""Check a machine before anything is trained on it: `python check.py QUESTION`, the fork's Python.

One line of JSON is printed: the machine's name, the versions of Python and of the packages, the
files of the study that are not those that were planned, and the data that are not there. It fails
if something is wrong: that includes versions that differ from those of the first run.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SOURCES = (".py", ".yaml", ".yml")


def main(path: str) -> int:
    # Nothing of this script's folder may pass for a package.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    with open(path, encoding="utf-8") as file:
        question = json.load(file)
    folder = os.path.dirname(os.path.abspath(path))
    versions = {
        "Python": ".".join(map(str, sys.version_info[:3])),
        **{name: _version(name) for name in question["packages"]},
    }
    answer = {
        "host": socket.gethostname(),
        "versions": versions,
        "wrong": [
            name
            for name, planned in sorted(question["hashes"].items())
            if digest(os.path.join(folder, name)) != planned
        ],
        "missing": [name for name in question["paths"] if not os.path.exists(name)],
    }
    sys.stdout.write("\nYAMLMOD " + json.dumps(answer) + "\n")
    missing = set(answer["missing"]) & set(question["needs"])
    return 1 if answer["wrong"] or missing or _differ(folder, versions) else 0


def _differ(folder: str, versions: dict[str, Any]) -> bool:
    try:
        with open(os.path.join(folder, "versions.json"), encoding="utf-8") as file:
            first = json.load(file)
    except FileNotFoundError:
        return False
    return any(first.get(name) != version for name, version in versions.items())


def _version(name: str) -> str | None:
    try:
        from importlib import metadata

        return metadata.version(name)
    except Exception:
        return None


def digest(path: str) -> str:
    """Return the hash of a file, or of all source files below a folder; empty without one."""
    if not os.path.isdir(path):
        return _of_file(path)[:16]
    found = []
    for folder, names, files in os.walk(path):
        names[:] = [name for name in names if name != "__pycache__"]
        for name in files:
            if name.endswith(_SOURCES):
                relative = os.path.relpath(os.path.join(folder, name), path)
                found.append(tuple(relative.split(os.sep)))
    whole = hashlib.sha256()
    for parts in sorted(found):
        whole.update("/".join(parts).encode() + b"\0")
        whole.update(bytes.fromhex(_of_file(os.path.join(path, *parts))))
    return whole.hexdigest()[:16]


def _of_file(path: str) -> str:
    whole = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while True:
                block = file.read(1 << 20)
                if not block:
                    return whole.hexdigest()
                whole.update(block)
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
