"""Find the files that a fork's imports would load, for `doctor`; nothing is imported.

Stand-alone and for Python 3.8: it is started as a script and may be as old as the fork.
"""

from __future__ import annotations

# Only what the interpreter has loaded at its start may be imported before sys.path is fixed.
import os
import sys


def main() -> None:
    # Nothing of this script's folder, nor yet of the fork's, may pass for the standard library.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
    import importlib
    import json

    question = json.loads(sys.argv[1])
    importlib.import_module("email.parser")  # as the next line: what asking for a version imports
    _version("pip")
    # An entry that is empty or relative means the current folder, here the fork's.
    sys.path[:0] = [entry for entry in question["path"] if os.path.isabs(entry)]
    importlib.invalidate_caches()
    answer = {
        "executable": sys.executable,
        "version": ".".join(map(str, sys.version_info[:3])),
        "versions": {name: _version(name) for name in question["distributions"]},
        "elsewhere": {name: _find(name) for name in question["names"]},
    }
    sys.path.insert(0, question["folder"])
    importlib.invalidate_caches()
    answer["here"] = {name: _find(name) for name in question["names"]}
    answer["copies"] = {name: _copies(name) for name in question["names"]}
    sys.stdout.write("\nYAMLMOD " + json.dumps(answer) + "\n")


def _version(name: str) -> str | None:
    try:
        from importlib import metadata

        return metadata.version(name)
    except Exception:
        return None


def _find(name: str) -> str | None:
    """Return where a top-level name is found; for such a name nothing is imported."""
    from importlib import util

    try:
        spec = util.find_spec(name)
    except Exception:
        return None
    if spec is None:
        return None
    places = list(spec.submodule_search_locations or [])
    return os.path.realpath(places[0] if places else spec.origin or "")


def _copies(name: str) -> list[str]:
    paths: list[str] = []
    for entry in sys.path:
        for path in (os.path.join(entry, name), os.path.join(entry, name + ".py")):
            package = os.path.isfile(os.path.join(path, "__init__.py"))
            if (package or os.path.isfile(path)) and os.path.realpath(path) not in paths:
                paths.append(os.path.realpath(path))
    return paths


if __name__ == "__main__":
    main()
