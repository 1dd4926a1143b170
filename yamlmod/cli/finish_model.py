"""The last step of every command that edits a model YAML."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from yamlmod.cli.describe import describe
from yamlmod.cli.finish import finish, output_change
from yamlmod.cli.options import Format, Sinks
from yamlmod.ops.outcome import Outcome
from yamlmod.usecases.model_file import Target
from yamlmod.workspace.files import FileChange


class Wish(NamedTuple):
    """What the sink options of the command line said."""

    output: Path | None
    write: bool
    force: bool
    dry_run: bool
    check: bool
    diff: Path | None
    json: bool
    format: Format

    def sinks(self, write: bool) -> Sinks:
        """Return the sinks of a command that writes if ``write``."""
        as_json = self.json or self.format is Format.json
        return Sinks(write, self.dry_run, self.check, as_json, self.diff, self.force)


def yaml_change(target: Target, outcome: Outcome, wish: Wish) -> FileChange:
    """Return the change of the YAML: in place, or at the place that -o names."""
    after = target.file.encode(outcome.text)
    if wish.output is None:
        return FileChange(target.file.path, target.file.raw, after)
    return output_change(target.file.path, wish.output, after, wish.force)


def finish_yaml(command: str, target: Target, outcome: Outcome, wish: Wish) -> None:
    """Show or write the outcome of a command on one YAML, where -o means writing."""
    change = yaml_change(target, outcome, wish)
    sinks = wish.sinks(wish.write or wish.output is not None)
    finish([change], describe(command, outcome), sinks, target.file.path.parent)
