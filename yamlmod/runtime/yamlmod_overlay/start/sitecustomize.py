"""Activate overlays in each Python that has this folder on its PYTHONPATH.

Python imports one `sitecustomize`: the next one on the path runs after this.
SPDX-License-Identifier: 0BSD
"""

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _here]
sys.path.insert(0, os.path.dirname(_here))
try:
    _loader = __import__("yamlmod_loader")
finally:
    del sys.path[0]
try:
    _loader.activate_all()
except _loader.OverlayError as _error:
    # Python would print a traceback and go on, without the overlay.
    sys.stderr.write(f"yamlmod: {_error}\n")
    sys.stderr.flush()
    os._exit(1)
_this = sys.modules.pop(__name__)
try:
    __import__(__name__)
except ImportError as _error:
    if _error.name != __name__:
        raise
finally:
    sys.modules.setdefault(__name__, _this)
