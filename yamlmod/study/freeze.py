"""Copy a fork's code for a study: what is trained does not change while the study runs."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.folders import ENVIRONMENTS, INSTALLED, RUNS
from yamlmod.workspace.files import display

_SKIPPED = INSTALLED | ENVIRONMENTS | RUNS | {"datasets", "data_sets", "weights", "checkpoints"}
_WEIGHTS = (
    ".pt",
    ".pth",
    ".onnx",
    ".engine",
    ".torchscript",
    ".ckpt",
    ".safetensors",
    ".zip",
    ".tar",
)
# Code is small: a larger file is data or weights, which a study names and does not copy.
_MOST_BYTES = 4_000_000
_MOST_FILES = 20_000


def freeze(repo: Path, target: Path, leave: Path) -> None:
    """Copy the code of ``repo`` to ``target``, without data, runs, weights and ``leave``."""
    for relative in code_files(repo, leave):
        copy = target / relative
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(repo / relative, copy)


def code_files(repo: Path, leave: Path) -> list[Path]:
    """Return the files that are copied, relative to ``repo``, in a fixed order."""
    files = []
    for path in _walk(repo, leave):
        files.append(path.relative_to(repo))
        if len(files) > _MOST_FILES:
            raise Refusal(
                "too-many",
                f"{display(repo)} holds more than {_MOST_FILES:,} files beside data and runs",
                hint="name the folder that holds the fork, and no folder above it",
            )
    return sorted(files)


def _walk(folder: Path, leave: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = Path(entry.path)
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_dir():
                if entry.name not in _SKIPPED and path != leave and not _is_environment(path):
                    yield from _walk(path, leave)
            elif _is_code(entry):
                yield path


def _is_code(entry: os.DirEntry[str]) -> bool:
    is_weights = entry.name.endswith(_WEIGHTS)
    return entry.is_file() and not is_weights and entry.stat().st_size <= _MOST_BYTES


def _is_environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").is_file()


def digest_of_folder(folder: Path) -> str:
    """Return a hash of all names and contents below a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def digest_of_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:16]
