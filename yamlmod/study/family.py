"""A family's way to train: its command lines, its options, and where its results are."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from yamlmod.study.results import EpochRow


class TrainCommand(NamedTuple):
    """What a command line is made of. Paths are absolute; ``options`` are the study's own.

    Without a ``seed`` none is passed on: for a script that takes none.
    """

    cfg: str
    weights: str
    seed: int | None
    run: str
    options: Mapping[str, Any]
    script: str = "train.py"


class Family(NamedTuple):
    """How one family of forks trains.

    ``script`` is its training script, relative to the code, empty where it is started by name.
    ``results`` are the files that may hold metrics, with what reads them, and ``last`` the last
    checkpoint, relative to the run's folder. ``best`` says by which sum of mAP50 and mAP50-95 it
    chooses its best epoch. ``own`` are options that a study sets itself, ``needs`` those that would
    leave it without its metrics, with the reason, and ``asks`` those by which a script of no known
    family is taken for this one. ``columns`` are those of P, R, mAP50 and mAP50-95 in a
    results.csv.
    """

    name: str
    dialects: tuple[str, ...]
    script: str
    start: Callable[[TrainCommand], list[str]]
    resume: Callable[[TrainCommand], list[str]]
    results: Mapping[str, Callable[[str], list[EpochRow]]]
    last: str
    best: Mapping[str, float]
    own: tuple[str, ...]
    needs: Mapping[str, str]
    columns: tuple[str, ...]
    asks: tuple[str, ...] = ()
    # Options that make a training short, where the script has them.
    probe: Mapping[str, Any] = {}


def option_words(options: Mapping[str, Any], joined: bool) -> list[str]:
    """Spell options as `--imgsz 640`, or joined, as `imgsz=640`."""
    words: list[str] = []
    for name, value in options.items():
        if joined:
            words.append(f"{name}={_joined(value)}")
        elif value is True:
            words.append(f"--{name}")
        elif value is not False and value is not None:
            words += [f"--{name}", *map(str, value if isinstance(value, list) else [value])]
    return words


def _joined(value: object) -> str:
    return repr(value) if isinstance(value, (list, bool)) else str(value)


@cache
def families() -> tuple[Family, ...]:
    """Return every family of the folder `families`."""
    from yamlmod.study import families as folder

    return tuple(
        importlib.import_module(f"{folder.__name__}.{module.name}").FAMILY
        for module in pkgutil.iter_modules(folder.__path__)
    )


def has_option(train_script: str, name: str) -> bool:
    """Check whether the text of a train.py adds the option ``--name``, in any spelling."""
    spellings = {name, name.replace("-", "_"), name.replace("_", "-")}
    return any(f"{quote}--{word}{quote}" in train_script for word in spellings for quote in "'\"")


def below(run: str, *parts: str) -> str:
    return str(PurePosixPath(run, *parts))
