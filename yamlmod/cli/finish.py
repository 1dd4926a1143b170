"""One pipeline, several sinks: preview and write differ only in the last call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yamlmod.cli.console import say, say_json, show_bytes
from yamlmod.cli.options import Sinks
from yamlmod.errors import Refusal
from yamlmod.report.diff import join_diffs
from yamlmod.workspace.commit import commit
from yamlmod.workspace.files import Change, display, read_bytes, read_text


@dataclass(frozen=True)
class Report:
    """What a command tells: the summary for a person, and the same as data."""

    command: str
    lines: Sequence[str]
    warnings: Sequence[str] = ()
    data: dict[str, Any] = field(default_factory=dict)


def finish(changes: Sequence[Change], report: Report, sinks: Sinks, root: Path) -> None:
    """Show or write what was planned; exits 1 where --check meets a change.

    ``root`` is the folder that diffs are relative to when a file lies outside the current one.
    """
    changed = [change for change in changes if change.before != change.after]
    base = diff_base([change.path for change in changed], root)
    diff = join_diffs((_name(change.path, base), change.before, change.after) for change in changed)
    if sinks.writes and changed:
        commit(changed)
    if sinks.diff is not None:
        _write_diff(sinks.diff, diff, sinks.force)
    elif not sinks.json and not sinks.writes:
        show_bytes(diff)
    written = [display(change.path) for change in changed] if sinks.writes else []
    if sinks.json:
        say_json(
            {
                "command": report.command,
                "changed": bool(changed),
                "files": [display(change.path) for change in changed],
                "written": written,
                "diff": diff.decode("utf-8", "replace"),
                "warnings": list(report.warnings),
                **report.data,
            }
        )
    else:
        say(report.lines)
        say(f"warning: {warning}" for warning in report.warnings)
        say(_closing(changed, sinks, base))
    if sinks.check and changed:
        raise SystemExit(1)


def diff_base(paths: Sequence[Path], root: Path) -> Path:
    """Return the folder that a diff of these files is relative to: the current one if it can."""
    here = Path.cwd().resolve()
    if all(path.resolve().is_relative_to(here) for path in paths):
        return here
    return root.resolve()


def _name(path: Path, base: Path) -> str:
    full = path.resolve()
    return (
        full.relative_to(base).as_posix()
        if full.is_relative_to(base)
        else (full.as_posix().lstrip("/"))
    )


def _closing(changed: Sequence[Change], sinks: Sinks, base: Path) -> list[str]:
    if not changed:
        return ["nothing to change"]
    if sinks.writes:
        return ["wrote " + display(change.path) for change in changed]
    lines = ["nothing was written"]
    if base != Path.cwd().resolve():
        lines.append(f"the diff applies in {base.as_posix()}")
    return lines


def _write_diff(path: Path, diff: bytes, force: bool) -> None:
    """Write the diff file; a file that is no diff is not overwritten without --force."""
    before = None
    if path.exists():
        before = read_bytes(path, display(path))
        if before and not before.startswith(b"--- ") and not force:
            raise Refusal(
                "exists",
                f"{display(path)} exists and is no diff",
                hint="choose another name, or overwrite it with --force",
            )
    if before != diff:
        commit([Change(path, before, diff)])


def output_change(source: Path, target: Path, after: bytes, force: bool) -> Change:
    """Return the change that writes a new YAML to ``target``; refuses to overwrite silently."""
    if not target.exists():
        if not target.parent.is_dir():
            raise Refusal(
                "no-such-folder",
                f"there is no folder {display(target.parent)}",
                hint="create it first",
            )
        return Change(target, None, after)
    if not force:
        same = (
            " (it is the file that was read: -w writes in place)"
            if (target.resolve() == source.resolve())
            else ""
        )
        raise Refusal(
            "exists",
            f"{display(target)} exists{same}",
            hint="choose another name, or overwrite it with --force",
        )
    return Change(target, read_text(target).raw, after)
