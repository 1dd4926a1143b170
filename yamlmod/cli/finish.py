"""One pipeline, several sinks: preview and write differ only in the last call."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from yamlmod.cli.bundles import WriteOptions
from yamlmod.cli.ci_log import refuse_commands
from yamlmod.cli.console import say, say_json, show, show_diff, silence_stdout
from yamlmod.errors import Refusal
from yamlmod.usecases.change_diff import diff_of, stat_lines
from yamlmod.usecases.new_file import Overwriting, new_file_change
from yamlmod.workspace.files import (
    FileChange,
    current_folder,
    display,
    real_path,
)

if TYPE_CHECKING:
    from yamlmod.workspace.commit import Purpose


class Report(NamedTuple):
    """What a command tells: the summary for a person, and the same as data."""

    command: str
    lines: Sequence[str]
    warnings: Sequence[str] = ()
    data: Mapping[str, Any] = MappingProxyType({})
    # The commands that come after the write, made only where there was one.
    following: Callable[[], Sequence[str]] = tuple

    def before(self, following: Callable[[], Sequence[str]]) -> Report:
        return self._replace(following=following)


def finish(
    changes: Sequence[FileChange],
    report: Report,
    to: WriteOptions,
    root: Path,
    purpose: Purpose | None = None,
    figure: FileChange | None = None,
    shown: Sequence[FileChange] | None = None,
) -> None:
    """Show or write what was planned; exits 1 where --check meets a change.

    ``figure`` is written in a preview as well, as a diff is.
    ``shown`` are changes of which the diff is made instead: of an overlay, what it does to files.
    ``root`` is the folder that diffs are relative to when a file lies outside the current one,
    ``purpose`` what the journal is told about the write: this command, unless it undoes one.
    """
    _refuse_collisions([*changes, *([figure] if figure else [])], to)
    changed = [change for change in changes if change.before != change.after]
    compared = changed if shown is None else [one for one in shown if one.before != one.after]
    base = diff_base([change.path for change in compared], root)
    diff = diff_of(compared, base)
    writing = list(changed) if to.writes else []
    if to.diff is not None:
        # With the targets, so that a diff that cannot be written leaves them alone.
        writing += _diff_change(to.diff, diff, to.overwrites)
    if figure is not None and figure.before != figure.after:
        writing.append(figure)
    if to.writes and changed:
        report = _with_git_warning(report, changed)
    previews = to.diff is None and not to.writes and not to.as_json
    if previews:
        refuse_commands(diff)
    if writing:
        from yamlmod.workspace.commit import Purpose, commit

        beside = commit(writing, purpose or Purpose(command_line())).lines()
        report = report._replace(warnings=[*report.warnings, *beside])
    written = [display(change.path) for change in changed] if to.writes else []
    following = list(report.following()) if written else []
    try:
        if to.as_json:
            say_json({**_data(changed, written, diff, report), "next": following})
        elif previews and to.stat:
            show(stat_lines(compared, base))
        elif previews:
            show_diff(diff)
    except BrokenPipeError:
        silence_stdout()  # the reader has seen enough; the exit code still counts
    except OSError as error:
        told = f"; wrote {', '.join(written)}" if written else "; nothing was written"
        reason = error.strerror or str(error)
        silence_stdout()
        raise Refusal("lost-output", f"stdout cannot be written: {reason}{told}") from error
    if not to.as_json:
        say(report.lines)
        say(f"warning: {warning}" for warning in report.warnings)
        say(_closing(changed, to, None if shown is not None else base, figure))
        say(["next:", *(f"  {line}" for line in following)] if following else ())
    if to.check and changed:
        raise SystemExit(1)


def command_line() -> tuple[str, ...]:
    """Return the command as the journal keeps it."""
    return ("yamlmod", *sys.argv[1:])


def _with_git_warning(report: Report, changed: Sequence[FileChange]) -> Report:
    # Here and not at the top: only a command that writes asks git.
    from yamlmod.workspace.git import not_in_git

    told = not_in_git(changed)
    return report._replace(warnings=[*report.warnings, told]) if told else report


def _data(
    changed: Sequence[FileChange], written: Sequence[str], diff: bytes, report: Report
) -> dict[str, Any]:
    return {
        "command": report.command,
        "changed": bool(changed),
        "files": [display(change.path) for change in changed],
        "written": list(written),
        "diff": diff.decode("utf-8", "replace"),
        "warnings": list(report.warnings),
        **report.data,
    }


def diff_base(paths: Sequence[Path], root: Path) -> Path:
    """Return the folder that a diff of these files is relative to: the current one if it can."""
    here = current_folder()
    if here is not None and all(real_path(path).is_relative_to(here) for path in paths):
        return here
    return real_path(root)


def write_asked_file(change: FileChange) -> None:
    """Write a file that is the answer itself: a figure, a report."""
    if change.before != change.after:
        from yamlmod.workspace.commit import Purpose, commit

        commit([change], Purpose(command_line()))
    say([f"wrote {display(change.path)}"])


def _closing(
    changed: Sequence[FileChange],
    to: WriteOptions,
    base: Path | None,
    figure: FileChange | None,
) -> list[str]:
    lines = [] if changed else ["nothing to change"]
    if figure is not None:
        lines.append(f"the figure is in {display(figure.path)}")
    if to.diff is not None:
        lines.append(f"the diff is in {display(to.diff)}")
    if to.writes:
        done = [("wrote ", "removed ")[change.after is None] for change in changed]
        paths = [display(change.path) for change in changed]
        return [*(word + path for word, path in zip(done, paths, strict=True)), *lines]
    if changed:
        is_alone = to.diff is None and figure is None
        lines.append("nothing was written" if is_alone else "nothing else was written")
        if base is not None and base != current_folder():
            lines.append(f"the diff applies in {base.as_posix()}")
    return lines


def _refuse_collisions(changes: Sequence[FileChange], to: WriteOptions) -> None:
    """Refuse an -o or --diff that names a file which the command reads or writes itself."""
    paths = [real_path(change.path) for change in changes]
    twice = [path for path in paths if paths.count(path) > 1]
    if twice:
        raise Refusal("usage", f"{display(twice[0])} would be written twice, with different texts")
    if to.diff is not None and real_path(to.diff) in paths:
        raise Refusal(
            "usage",
            f"--diff {display(to.diff)} names a file that the command changes",
            hint="choose another name for the diff",
        )


def _diff_change(path: Path, diff: bytes, force: bool) -> list[FileChange]:
    """Return the write of the diff file; a file that is no diff needs --force."""
    change = new_file_change(path, diff, Overwriting(force, _is_diff, " and is no diff"))
    return [change] if change.before != diff else []


def _is_diff(data: bytes) -> bool:
    return not data or data.startswith(b"--- ")
