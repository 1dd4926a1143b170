"""Copy a fork's code for a study: what is trained does not change while the study runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.folders import ENVIRONMENTS, INSTALLED, RUNS
from yamlmod.workspace.disk import copy_file, read_regular
from yamlmod.workspace.files import display
from yamlmod.workspace.walk import Walk

_SKIPPED = INSTALLED | ENVIRONMENTS
# Passed over where no code is in them: YOLOv5 has a package `utils/loggers/wandb`.
_DATA = RUNS | {"datasets", "data_sets", "weights", "checkpoints"}
_WEIGHTS = (".pt", ".pth", ".onnx", ".engine", ".torchscript", ".ckpt", ".safetensors")
_ARCHIVES = (".zip", ".tar", ".gz")
# Code is small: a larger file is data or weights, which a study names and does not copy.
_MOST_BYTES = 4_000_000
_MOST_FILES = 20_000
# What a training is made of; it may write caches and fonts beside them.
_SOURCES = (".py", ".yaml", ".yml")


def freeze(repo: Path, target: Path, leave: Path) -> None:
    """Copy the code of ``repo`` to ``target``, without data, runs, weights and ``leave``."""
    for relative in code_files(repo, leave):
        copy_file(repo / relative, target / relative)


def code_files(repo: Path, leave: Path) -> list[Path]:
    """Return the files that are copied, relative to ``repo``, in a fixed order."""
    files = []
    for path in _files(repo, leave):
        files.append(path.relative_to(repo))
        if len(files) > _MOST_FILES:
            raise Refusal(
                "too-many",
                f"{display(repo)} holds more than {_MOST_FILES:,} files beside data and runs",
                hint="name the folder that holds the fork, and no folder above it",
            )
    return sorted(files)


def _files(repo: Path, leave: Path) -> Iterator[Path]:
    def enters(folder: Path, name: str) -> bool:
        path = folder / name
        if name.startswith(".") or name in _SKIPPED or path == leave:
            return False
        if name in _DATA and not walk.entries(path, lambda entry: entry.name.endswith(".py")):
            return False
        return not (path / "pyvenv.cfg").is_file()

    walk = Walk()
    for path, is_link in walk.files(repo, enters, ("",)):
        is_code = not path.name.startswith(".") and not path.name.endswith((*_WEIGHTS, *_ARCHIVES))
        if is_code and not is_link and path.is_file() and path.stat().st_size <= _MOST_BYTES:
            yield path
    for error in walk.unreadable:
        raise error


def digest_of_code(folder: Path) -> str:
    """Return a hash of names and contents of all source files below a folder."""
    digest = hashlib.sha256()
    walk = Walk()
    paths = walk.files(folder, lambda _, name: name != "__pycache__", _SOURCES)
    for path in sorted(path for path, _ in paths):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(read_regular(path)).digest())
    return digest.hexdigest()[:16]


def digest_of_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:16]
