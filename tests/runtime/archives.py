"""Checkpoint files around a pickle of the test's own, as torch writes them."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path


def write_zip(path: Path, data: bytes, **records: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {"data.pkl": data, "version": b"3\n", **records}.items():
            archive.writestr(f"archive/{name}", content)


def write_legacy(path: Path, data: bytes) -> None:
    parts = [pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {})]
    path.write_bytes(b"".join([*parts, data, pickle.dumps([], 2)]))
