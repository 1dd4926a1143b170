"""Start the guard: `python -I -S FOLDER SETTINGS`, the settings as JSON."""

from __future__ import annotations

import os
import sys


def main() -> int:
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, os.path.dirname(here))
    supervise = __import__(os.path.basename(here) + ".supervise", fromlist=["main"])
    code: int = supervise.main(sys.argv[1])
    return code


if __name__ == "__main__":
    # Not by sys.exit: nothing that runs at an interpreter's end is wanted here.
    os._exit(main())
