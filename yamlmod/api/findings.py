"""Findings of the checks, for files without a fork."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from yamlmod.api.words import python_words
from yamlmod.checks.finding import Finding
from yamlmod.checks.folder import Fixes
from yamlmod.errors import Refusal, plural
from yamlmod.usecases.check import check_files
from yamlmod.usecases.check_setup import check_options, files_of
from yamlmod.usecases.named_fork import NamedFork
from yamlmod.workspace.walk import yaml_files


class CheckResult(tuple[Finding, ...]):
    """Findings in the order of the files; empty where nothing was found."""

    __slots__ = ()

    def title(self) -> str:
        """Return how many findings there are of each severity."""
        severities = [finding.severity for finding in self]
        parts = [plural(severities.count(s), s) for s in ("error", "warning", "note")]
        return ", ".join(part for part in parts if not part.startswith("0 ")) or "nothing found"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.title()}>"

    def _repr_html_(self) -> str:
        from yamlmod.report.notebook import html_table

        rows = [[f.severity, f.rule, str(f.place), f.message, f.help] for f in self]
        return html_table(self.title(), ("severity", "rule", "place", "message", "help"), rows)


@python_words
def check(
    *paths: str | Path,
    base: str | Path | None = None,
    repo: str | Path | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> CheckResult:
    """Check model YAMLs, files or folders, without building anything.

    ``base`` is the YAML that they were made from, ``repo`` the fork that builds them, whose code
    is read and never run. Raises Refusal for a file or folder that cannot be read.
    """
    if not paths:
        raise Refusal("usage", "no file or folder was named", hint='check("models/yolov5s.yaml")')
    fork = None if repo is None else NamedFork(Path(repo))
    return check_paths([Path(path) for path in paths], optional_path(base), fork, select, ignore)


def check_paths(
    paths: Sequence[Path],
    base: Path | None,
    fork: NamedFork | None,
    select: Sequence[str],
    ignore: Sequence[str],
) -> CheckResult:
    """Check model YAMLs with the parse function of a fork, if one is given."""
    options = check_options(select, ignore, base, fork)
    files = yaml_files(files_of(paths, fork))
    checked = check_files(files.named, files.found, options, Fixes.none)
    errors = [*files.unreadable, *(file.unreadable for file in checked)]
    for error in errors:
        if error is not None:
            raise error
    return CheckResult(finding for file in checked for finding in file.findings)


def optional_path(path: str | Path | None) -> Path | None:
    """Return a path, or None where none was given."""
    return None if path is None else Path(path)
