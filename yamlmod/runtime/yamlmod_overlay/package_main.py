"""Run a command with this overlay: `python -m FOLDER COMMAND...`, without yamlmod.

SPDX-License-Identifier: 0BSD
"""

import subprocess
import sys

if len(sys.argv) < 2:
    sys.exit(f"name a command: python -m {__package__} yolo train ...")
try:
    # Importing the package has set the environment of the processes that this one starts.
    sys.exit(subprocess.call(sys.argv[1:]))
except OSError as error:
    sys.exit(f"{sys.argv[1]}: {error}")
except KeyboardInterrupt:
    sys.exit(130)
