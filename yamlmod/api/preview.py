"""Preview a change of a fork before it is written."""

from __future__ import annotations

import warnings as python_warnings
from dataclasses import dataclass

from yamlmod.api.model import Model
from yamlmod.api.words import python_words
from yamlmod.errors import plural
from yamlmod.usecases.change_diff import diff_of
from yamlmod.usecases.located_fork import PlannedPatch
from yamlmod.workspace.commit import Purpose, commit
from yamlmod.workspace.files import FileChange, display, real_path


@dataclass(frozen=True, repr=False)
class Preview:
    """What a change of a fork would do. Nothing is written before `write`.

    ``summary`` are sentences for a person, ``warnings`` what to look at, ``model`` the edited YAML
    of `Fork.add` and None elsewhere.
    """

    command: str
    summary: tuple[str, ...]
    warnings: tuple[str, ...]
    model: Model | None
    _patch: PlannedPatch
    _edit: FileChange | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """Return the files that would change."""
        return tuple(display(change.path) for change in self._changes(written=False))

    @property
    def diff(self) -> str:
        """Return the change as a unified diff, with paths relative to the fork."""
        root = real_path(self._patch.located.tree.root)
        return diff_of(self._changes(written=False), root).decode("utf-8", "replace")

    @python_words
    def write(self) -> tuple[str, ...]:
        """Write all files or none, and return their names; `yamlmod undo` takes it back.

        Raises Refusal where a file has changed since the preview was made.
        """
        changes = self._changes(written=True)
        if not changes:
            return ()
        done = commit(changes, Purpose(("yamlmod", self.command)))
        for line in done.lines():
            python_warnings.warn(line, stacklevel=3)
        return tuple(display(change.path) for change in changes)

    def _changes(self, written: bool) -> list[FileChange]:
        edits = [] if self._edit is None else [self._edit]
        changes = [*edits, *self._patch.changes(written)]
        return [change for change in changes if change.before != change.after]

    def __repr__(self) -> str:
        return f"<Preview of {self.command}: {plural(len(self.files), 'file')} would change>"

    def _repr_html_(self) -> str:
        from yamlmod.report.notebook import html_text

        return html_text("; ".join(self.summary), self.diff)
