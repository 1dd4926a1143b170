"""Run one training: `python -I FOLDER RUN_FOLDER NOTES HOW`; `attempt` says what the words mean."""

from __future__ import annotations

import os
import sys


def main() -> int:
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[0] = os.path.dirname(here)
    attempt = __import__(os.path.basename(here) + ".attempt", fromlist=["main"])
    code: int = attempt.main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    return code


if __name__ == "__main__":
    sys.exit(main())
