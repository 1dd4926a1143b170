"""Print the answer of `check` (text, JSON, SARIF, annotations) and the diff of its fixes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod import __version__
from yamlmod.checks.finding import Finding
from yamlmod.checks.folder import Fixes
from yamlmod.checks.run import Options, known_codes
from yamlmod.cli.bundles import WriteOptions
from yamlmod.cli.console import say, say_json, show
from yamlmod.cli.finish import Report, finish
from yamlmod.cli.options import Format
from yamlmod.errors import Refusal, plural
from yamlmod.usecases.check import Checked
from yamlmod.workspace.files import FileChange, real_path


class Wish(NamedTuple):
    """How the answer is wanted."""

    format: str
    fix: bool
    write: bool
    unsafe: bool
    strict: bool

    @property
    def fixes(self) -> Fixes:
        """Return which fixes are applied."""
        if not self.fix:
            return Fixes.none
        return Fixes.unsafe if self.unsafe else Fixes.certain

    def refuse_contradictions(self) -> None:
        """Refuse options that mean nothing together."""
        if (self.write or self.unsafe) and not self.fix:
            word = "-w" if self.write else "--unsafe-fixes"
            raise Refusal("usage", f"{word} goes with --fix", hint=f"write --fix {word}")
        if self.fix and self.format in ("sarif", "github"):
            raise Refusal("usage", f"--fix answers in text or JSON, not in {self.format}")


def rule_words(given: Sequence[str] | None) -> list[str]:
    """Return the rule codes of options that may be repeated and hold commas."""
    return [word.strip() for item in given or () for word in item.split(",") if word.strip()]


def explain_rule(code: str, wish: Wish) -> None:
    """Print what a rule finds and why."""
    from yamlmod.checks.explain import explain
    from yamlmod.checks.rule import all_rules
    from yamlmod.ops.network import registry_kinds

    (word,) = known_codes([code])
    rule = next(rule for rule in all_rules() if rule.code == word)
    if wish.format == "json":
        data = {"rule": rule.code, "severity": rule.severity}
        say_json({**data, "summary": rule.summary, "why": rule.why})
    else:
        show(explain(rule, registry_kinds))


def report(done: Sequence[Checked], options: Options, wish: Wish) -> int:
    """Write the answer and return the exit code."""
    unreadable = [file.unreadable for file in done if file.unreadable is not None]
    files = [file for file in done if file.is_read]
    findings = [finding for file in files for finding in file.findings]
    if wish.fix:
        _finish(done, findings, unreadable, wish)
    elif wish.format == "json":
        say_json(_data(done, findings, unreadable))
    elif wish.format == "sarif":
        _sarif(findings, options)
    elif wish.format == "github":
        from yamlmod.report.github import annotation

        show(annotation(finding.as_data()) for finding in findings)
    else:
        show(line for finding in findings for line in finding.lines())
    if not wish.fix and wish.format != "json":
        say(line for error in unreadable for line in error.lines())
        say([*_notes(done), tally(done)])
    if unreadable:
        return 2
    standing = findings if wish.write or not wish.fix else [*findings, *_fixed(files)]
    return 1 if any(_counts(finding, wish.strict) for finding in standing) else 0


def _counts(finding: Finding, strict: bool) -> bool:
    return finding.severity == "error" or (strict and finding.severity == "warning")


def _fixed(files: Sequence[Checked]) -> list[Finding]:
    return [finding for file in files for finding in file.fixed]


def _notes(done: Sequence[Checked]) -> list[str]:
    """Return a line for every file that was not named and was not changed."""
    notes = [file.note for file in done if file.note is not None]
    return [f"note: {note.message}" for note in notes]


def _data(
    done: Sequence[Checked], findings: Sequence[Finding], unreadable: Sequence[Refusal]
) -> dict[str, Any]:
    return {
        "command": "check",
        "files": sum(file.is_read for file in done),
        "findings": [finding.as_data() for finding in findings],
        "unreadable": [error.as_data() for error in unreadable],
        "skipped": [file.skipped.as_data() for file in done if file.skipped is not None],
    }


def _sarif(findings: Sequence[Finding], options: Options) -> None:
    from yamlmod.report.sarif import sarif

    rules = [
        {"code": r.code, "severity": r.severity, "summary": r.summary, "why": r.why}
        for r in options.rules
    ]
    say_json(sarif((finding.as_data() for finding in findings), rules, __version__), envelope=False)


def _finish(
    done: Sequence[Checked],
    findings: Sequence[Finding],
    unreadable: Sequence[Refusal],
    wish: Wish,
) -> None:
    """Show or write the fixes, and say what they fix and what remains."""
    files = [file for file in done if file.is_read]
    changes = _changes(files)
    fixed = _fixed(files)
    verb = "fixed" if wish.write else "would be fixed"
    lines = [f"{f.place}: {f.rule}: {f.message} ({verb})" for f in fixed]
    lines += [line for finding in findings for line in finding.lines()]
    lines += [line for error in unreadable for line in error.lines()]
    lines += _notes(done)
    if wish.write:
        lines.append(f"{plural(len(fixed), 'problem')} fixed")
    else:
        lines.append(f"{plural(len(fixed), 'problem')} can be fixed (preview; -w to apply)")
    lines.append(f"remaining: {tally(done)}")
    data = _data(done, findings, unreadable)
    data["mended"] = [finding.as_data() for finding in fixed]
    data["unfixed"] = [file.unfixed.as_data() for file in files if file.unfixed is not None]
    answer = Format.json if wish.format == "json" else Format.text
    to = WriteOptions(write=wish.write, format=answer)
    finish(changes, Report("check", lines, (), data), to, Path())


def _changes(files: Sequence[Checked]) -> list[FileChange]:
    """Return the changes, one for a file that was met under several names."""
    changes = [file.change for file in files if file.change is not None]
    return list({real_path(change.path): change for change in changes}.values())


def tally(done: Iterable[Checked]) -> str:
    """Return the closing line: how many findings of each severity, in how many files."""
    done = list(done)
    missed = Counter(file.is_folder for file in done if file.unreadable is not None)
    words = [plural(missed[kind], w) for w, kind in (("file", False), ("folder", True))]
    words = [word for word in words if not word.startswith("0 ")]
    end = f"; {' and '.join(words)} cannot be read" if words else ""
    done = [file for file in done if file.is_read]
    counts = Counter(item.severity for file in done for item in file.findings)
    files = sum(bool(file.findings) for file in done)
    if not counts:
        return f"{plural(len(done), 'file')} checked, nothing found{end}"
    parts = [plural(counts[s], s) for s in ("error", "warning", "note") if counts[s]]
    text = f"{', '.join(parts)} in {files} of {plural(len(done), 'file')}"
    fixable = sum(file.fixable for file in done)
    return text + (f"; {fixable} can be fixed with --fix" if fixable else "") + end
