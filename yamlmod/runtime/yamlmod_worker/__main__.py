"""Start the worker: `python FOLDER/__main__.py`, the question as JSON on stdin."""

from __future__ import annotations

# Only what the interpreter has loaded at its start may be imported before sys.path is fixed.
import os
import sys


def main() -> int:
    here = os.path.dirname(os.path.abspath(__file__))
    parent = os.path.dirname(here)
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
    import importlib

    sys.path.insert(0, parent)
    answering = importlib.import_module(os.path.basename(here) + ".answering")
    sys.path.remove(parent)  # the fork's names must not be found here
    code: int = answering.main()
    return code


if __name__ == "__main__":
    raise SystemExit(main())
