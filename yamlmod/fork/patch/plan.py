"""A planned change of a fork: edits, descriptions, and expectations for the proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from yamlmod.edits import Edit


@dataclass(frozen=True)
class Step:
    """One planned change as a sentence; the line is that of the file as it was read."""

    kind: str
    path: str
    line: int
    text: str


@dataclass(frozen=True)
class Plan:
    """New texts of the files that change, how they came about, and what else to know.

    A text of None takes the file away.
    """

    texts: Mapping[str, str | None]
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def joined(cls, plans: Iterable[Plan]) -> Plan:
        """Return plans for different files as one."""
        parts = tuple(plans)
        return cls(
            {path: text for part in parts for path, text in part.texts.items()},
            tuple(step for part in parts for step in part.steps),
            tuple(note for part in parts for note in part.notes),
        )


@dataclass(frozen=True)
class PatchChange:
    """A planned part of one file's change.

    ``adds`` and ``drops`` are keys of the proof: what the syntax tree gains and loses, said
    independently of the edits.
    """

    edits: tuple[Edit, ...] = ()
    steps: tuple[Step, ...] = ()
    adds: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @classmethod
    def joined(cls, changes: Iterable[PatchChange]) -> PatchChange:
        """Return several parts of one file's change as one."""
        parts = tuple(changes)
        return cls(
            _apart(edit for part in parts for edit in part.edits),
            tuple(step for part in parts for step in part.steps),
            tuple(key for part in parts for key in part.adds),
            tuple(key for part in parts for key in part.drops),
            tuple(note for part in parts for note in part.notes),
        )


def _apart(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return the edits with insertions at one place as one: what ends a line goes last.

    A list without brackets that ends the file grows where the code is appended.
    """
    found: list[Edit] = []
    places: dict[int, list[str]] = {}
    for edit in edits:
        if edit.start == edit.end:
            places.setdefault(edit.start, []).append(edit.text)
        else:
            found.append(edit)
    for place, texts in places.items():
        texts.sort(key=lambda text: text.startswith(("\r", "\n")))
        found.append(Edit(place, place, "".join(texts)))
    return tuple(found)
