"""The counts of a long run, kept line by line, so that it can be stopped and continued."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TypeAlias

Work: TypeAlias = tuple[str, range]
"""A kind, and the numbers of its cases."""


class Progress:
    """A file with one line for each piece of work that is done; nothing is kept without a file."""

    def __init__(self, path: Path | None, settings: dict[str, object]):
        self.path, self.settings = path, settings
        self.done: dict[tuple[str, int, int], Counter[str]] = {}
        if path and path.exists() and not path.read_bytes().endswith(b"\n"):
            path.write_bytes(path.read_bytes() + b"\n")  # the run was ended within a line
        lines = path.read_text(encoding="utf-8").splitlines() if path and path.exists() else []
        if lines and json.loads(lines[0]) != settings:
            raise SystemExit(f"{path} is of a run with other options: {lines[0]}")
        for line in lines[1:]:
            try:
                kind, start, stop, counts = json.loads(line)
            except ValueError:
                continue
            self.done[kind, start, stop] = Counter(counts)
        if path and not lines:
            path.write_text(json.dumps(settings) + "\n", encoding="utf-8")

    def is_done(self, work: Work) -> bool:
        return _key(work) in self.done

    def add(self, work: Work, counts: Counter[str]) -> None:
        self.done[_key(work)] = counts
        if self.path:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([*_key(work), counts]) + "\n")


def _key(work: Work) -> tuple[str, int, int]:
    kind, numbers = work
    return kind, numbers.start, numbers.stop
