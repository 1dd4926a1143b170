"""Find an installed package by its name or by its distribution's; nothing is imported.

Stand-alone and for Python 3.8: it is started as a script by the Python that has the package.
"""

from __future__ import annotations

# Only what the interpreter has loaded at its start may be imported before sys.path is fixed.
import os
import sys


def main() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
    import importlib
    import json

    importlib.import_module("email.parser")  # what asking for a version imports
    word = sys.argv[1]
    answer = _found(word) or {"name": None, "folder": None, "distribution": None, "version": None}
    answer["site"] = _site()
    sys.stdout.write("\nYAMLMOD " + json.dumps(answer) + "\n")


def _found(word: str) -> dict[str, str | None] | None:
    name = word if _folder(word) else _name_in(word)
    folder = _folder(name) if name else None
    if not name or not folder:
        return None
    distribution = _distribution_of(name, word)
    return {
        "name": name,
        "folder": folder,
        "distribution": distribution,
        "version": _version(distribution) if distribution else None,
    }


def _site() -> str:
    import sysconfig

    return os.path.realpath(sysconfig.get_paths()["purelib"])


def _folder(name: str) -> str | None:
    """Return the folder of a top-level package; for such a name nothing is imported."""
    from importlib import util

    try:
        spec = util.find_spec(name) if name.isidentifier() else None
    except Exception:
        return None
    places = list(spec.submodule_search_locations or []) if spec is not None else []
    return os.path.realpath(places[0]) if places else None


def _name_in(word: str) -> str | None:
    """Return the package that a distribution brings, such as yolov7 of yolov7detect."""
    from importlib import metadata

    try:
        names = _tops(metadata.distribution(word))
    except Exception:
        return None
    for name in names:
        folder = _folder(name) or ""
        if any(os.path.isfile(os.path.join(folder, *path)) for path in _PARSERS):
            return name
    return None


_PARSERS = (("models", "yolo.py"), ("nn", "tasks.py"))


def _distribution_of(name: str, word: str) -> str | None:
    from importlib import metadata

    for guess in dict.fromkeys([word, name]):
        if _version(guess) is not None and name in _tops(metadata.distribution(guess)):
            return guess
    for distribution in metadata.distributions():
        try:
            if name in _tops(distribution):
                found: str = distribution.metadata["Name"]
                return found
        except Exception:
            continue
    return name if _version(name) is not None else None


def _tops(distribution: object) -> list[str]:
    """Return the top-level names of a distribution, by its own list or by its files."""
    text = distribution.read_text("top_level.txt")  # type: ignore[attr-defined]
    if text:
        return [line for line in str(text).split() if line]
    files = distribution.files or []  # type: ignore[attr-defined]
    return list(dict.fromkeys(str(path).replace("\\", "/").split("/")[0] for path in files))


def _version(name: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(name)
    except Exception:
        return None


if __name__ == "__main__":
    main()
