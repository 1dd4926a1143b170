"""Find how a fork trains: by its family, else by the options of its training script."""

from __future__ import annotations

from yamlmod.errors import Refusal
from yamlmod.study.family import Family, families, has_option
from yamlmod.usecases.located_fork import LocatedFork


def family_of_fork(located: LocatedFork, script: str = "", shown: str = "") -> Family:
    """Return the family. Raises Refusal, which ``shown`` begins, where none is known."""
    dialect = located.fork.dialect.name
    for family in families():
        if dialect in family.dialects:
            return family
    text = located.tree.read(script or "train.py") or ""
    for family in families():
        if family.asks and all(has_option(text, name) for name in family.asks):
            return family
    asked = " ".join(f"--{name}" for family in families() for name in family.asks)
    start = f"{shown}: " if shown else ""
    raise Refusal(
        "unknown-family",
        f"{start}how {located.shown} trains is not known",
        hint=f"a study starts `yolo`, or a train.py with the options {asked}",
    )
