"""Run a command with this overlay: `python -m FOLDER COMMAND...`, without yamlmod.

SPDX-License-Identifier: 0BSD
"""

from __future__ import annotations

import subprocess
import sys


def main() -> int | str:
    """Return the exit code, or what is wrong."""
    if len(sys.argv) < 2:
        return f"name a command: python -m {__package__} yolo train ..."
    try:
        # Importing the package has set the environment of the processes that this one starts.
        code = subprocess.call(sys.argv[1:])
    except OSError as error:
        return f"{sys.argv[1]}: {error.strerror or error}"
    except KeyboardInterrupt:
        return 130
    return code if code >= 0 else 128 - code  # as a shell reports a signal


if __name__ == "__main__":
    sys.exit(main())
