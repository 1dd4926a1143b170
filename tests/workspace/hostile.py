"""Journals that a repository may bring: entries of the first format, forged and changed."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from pathlib import Path
from typing import Any


def packed(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(zlib.compress(data)).decode()


def digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()


def file(
    index: int,
    path: str,
    before: bytes | None,
    after: bytes | None,
    mode: int | None = 0o644,
    **other: Any,
) -> dict[str, Any]:
    """A file of an entry; ``after`` are the contents, of which the entry holds the digest."""
    return {
        "path": path,
        "before": packed(before),
        "after": digest(after),
        "mode": None if before is None else mode,
        "temporary": f".yamlmod-0a1b2c3d-{index}.tmp",
        "kept": True,
        **other,
    }


def entry(files: list[dict[str, Any]], number: int = 1, **other: Any) -> dict[str, Any]:
    """An entry of the first format, as yamlmod wrote them before entries were signed."""
    return {
        "format": 1,
        "number": number,
        "when": "2026-11-01 10:00:00",
        "command": ["yamlmod", "patch", ".", "SimAM", "-w"],
        "kind": "write",
        "of": None,
        "files": files,
        "made": [],
        "gone": [],
        **other,
    }


def put(home: Path, fields: Any, name: str = "pending.json") -> Path:
    store = home / ".yamlmod"
    store.mkdir(exist_ok=True)
    path = store / name
    data = fields if isinstance(fields, bytes) else (json.dumps(fields, indent=1) + "\n").encode()
    path.write_bytes(data)
    return path
