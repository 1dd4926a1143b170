"""Hold the result of an operation on a YAML: the new text and what to report."""

from collections.abc import Mapping
from typing import NamedTuple

from yamlmod.model.known_modules import Kind
from yamlmod.model.network import Network
from yamlmod.ops.labels import ReplayStep


class NewLayer(NamedTuple):
    """A layer that was inserted; indices are the new file's."""

    index: int  # type: ignore[assignment]  # a tuple's own `index` has no use here
    module: str
    args: tuple[object, ...]
    reads: int
    reads_name: str
    asked: str
    # All that it reads, with their modules, where `--from` names several.
    sources: tuple[tuple[int, str], ...] = ()


class Consumer(NamedTuple):
    """One read next to the change: who, what it read, what it reads now, and on which side."""

    old_reader: int
    reader: int
    module: str
    slot: int
    old_value: int
    value: int
    reads: int
    reads_name: str
    side: str


class WrongComment(NamedTuple):
    """An index comment that was wrong before and was not changed."""

    line: int
    value: int
    index: int  # type: ignore[assignment]  # a tuple's own `index` has no use here
    now: int


class Outcome(NamedTuple):
    """The result of one operation, proven and not yet written."""

    model: Network
    text: str
    inserted: tuple[NewLayer, ...] = ()
    removed: tuple[int, ...] = ()
    replaced: tuple[int, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    renumbered: int = 0
    comments: int = 0
    wrong_comments: tuple[WrongComment, ...] = ()
    warnings: tuple[str, ...] = ()
    # What an operation reports besides layers and consumers.
    told: tuple[str, ...] = ()
    # What the proof is asked to confirm, and where each old layer is now (None: gone).
    steps: tuple[ReplayStep, ...] = ()
    mapping: tuple[int | None, ...] = ()
    # What is known of new modules that the registry has under other names.
    kinds: Mapping[str, Kind] = {}

    @property
    def changed(self) -> bool:
        return self.text != self.model.document.text
