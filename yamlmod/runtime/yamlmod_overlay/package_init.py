"""An overlay, written by yamlmod: importing it patches an installed package in memory.

Write `import FOLDER` as the first line of a script, or start a command with
`python -m FOLDER COMMAND...`. SPDX-License-Identifier: 0BSD
"""

import os

from .yamlmod_loader import activate

activate(os.path.dirname(os.path.abspath(__file__)), children=True)
