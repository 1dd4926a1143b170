"""Compile the texts of an overlay once, and keep the code in the user's cache folder.

Written by yamlmod into an overlay folder; standard library only, Python 3.8 or newer.
SPDX-License-Identifier: 0BSD
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from importlib.util import MAGIC_NUMBER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

_MOST = 8_000_000  # bytes; no file of a package comes near it


def cached_code(data: bytes, path: str, digest: str, overlay: str) -> CodeType:
    """Return the code of a text; it is compiled once, and kept apart from Python's own files."""
    import marshal

    key = f"{digest} {sys.flags.optimize} {path}".encode("utf-8", "surrogatepass")
    cached = _cache_file(key, overlay)
    try:
        with open(cached, "rb") as file:
            check, kept = file.read(64), file.read(_MOST)
        # Damaged code can make Python crash or wait.
        if check == _digest(kept).encode():
            found: CodeType = marshal.loads(kept)
            return found
    except OSError:
        pass
    code: CodeType = compile(data, path, "exec", dont_inherit=True)
    if cached and not sys.dont_write_bytecode:
        kept = marshal.dumps(code)
        _write(cached, _digest(kept).encode() + kept)
    return code


def _cache_file(key: bytes, overlay: str) -> str:
    """Return where the compiled text of a user is, empty where others could write there."""
    folder = cache_folder(overlay)
    if not folder:
        return ""
    try:
        if not sys.dont_write_bytecode:
            os.makedirs(folder, mode=0o700, exist_ok=True)
        status = os.stat(folder)
    except OSError:
        return ""
    if sys.platform != "win32" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
        return ""
    return os.path.join(folder, _digest(MAGIC_NUMBER + key)[:32] + ".bin")


def cache_folder(overlay: str) -> str:
    """Return where a user's compiled code is kept, empty where that is in the overlay's project.

    Not there, nor beside the text: they may come from anyone, and so would what is there.
    """
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.path.join(base, "yamlmod", "overlay")
    is_inside = os.path.realpath(folder).startswith(_project_of(overlay) + os.sep)
    return folder if os.path.isabs(folder) and not is_inside else ""


def _project_of(overlay: str) -> str:
    """Return the folder that an overlay came in: that of its repository, else the one around it."""
    around = folder = os.path.dirname(overlay)
    while os.path.dirname(folder) != folder:
        if os.path.lexists(os.path.join(folder, ".git")):
            return folder
        folder = os.path.dirname(folder)
    return around


def _write(path: str, data: bytes) -> None:
    draft = f"{path}.{os.getpid()}.tmp"
    try:
        with open(draft, "xb") as file:
            file.write(data)
        os.replace(draft, path)
    except OSError:
        pass


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
