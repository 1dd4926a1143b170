"""Unified diffs as bytes, for `git apply` and `patch -p1`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_NO_NEWLINE = b"\n\\ No newline at end of file\n"


def unified_diff(name: str, before: bytes | None, after: bytes | None) -> bytes:
    """Return the diff that turns ``before`` into ``after``; None represents no such file.

    ``name`` is the file's path, with forward slashes. Lines end where a newline byte stands, so
    CRLF files keep theirs inside the lines, and nothing is decoded.
    """
    if before == after:
        return b""
    old, new = _lines(before or b""), _lines(after or b"")
    source = b"/dev/null" if before is None else _label("a/", name)
    target = b"/dev/null" if after is None else _label("b/", name)
    hunks = difflib.diff_bytes(difflib.unified_diff, old, new, source, target, lineterm=b"\n")
    return b"".join(_terminated(line) for line in hunks)


def join_diffs(parts: Iterable[tuple[str, bytes | None, bytes | None]]) -> bytes:
    """Return the diffs of several files, in order."""
    return b"".join(unified_diff(name, before, after) for name, before, after in parts)


def _lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


def _terminated(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + _NO_NEWLINE


def _label(prefix: str, name: str) -> bytes:
    label = (prefix + name).encode("utf-8", "surrogateescape")
    if any(byte < 32 or byte in b'"\\\x7f' for byte in label):
        # As git quotes names that a line of text cannot hold.
        escaped = "".join(
            chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03o}" for b in label
        )
        return f'"{escaped}"'.encode("ascii")
    # A name that holds a blank ends in a tab, as git and diff write it.
    return label + (b"\t" if " " in name else b"")
