"""Leave out findings that a comment in the file ignores."""

from __future__ import annotations

import re
from collections.abc import Iterable

from yamlmod.checks.finding import Finding

_COMMENT = re.compile(r"#\s*yamlmod:\s*(ignore-file|ignore)\b(?:\s*\[([\w\s,-]*)\])?")


def kept(findings: Iterable[Finding], text: str) -> tuple[Finding, ...]:
    """Return the findings that no comment ignores.

    `# yamlmod: ignore[RULE, ...]` is for its line, or alone on a line for the next one;
    `# yamlmod: ignore-file[RULE, ...]` for the file. Without rules it is for all.
    """
    if "yamlmod:" not in text:
        return tuple(findings)
    lines, whole = _ignored(text)
    return tuple(
        finding
        for finding in findings
        if not _holds(whole, finding.rule)
        and not _holds(lines.get(finding.place.line), finding.rule)
    )


def _holds(rules: set[str] | None, rule: str) -> bool:
    return rules is not None and (rule in rules or "" in rules)


def _ignored(text: str) -> tuple[dict[int | None, set[str]], set[str]]:
    """Return the rules that are ignored by line, and those of the file; an empty one is all."""
    lines: dict[int | None, set[str]] = {}
    whole: set[str] = set()
    for number, line in enumerate(text.split("\n"), 1):
        match = _COMMENT.search(line)
        if match is None:
            continue
        rules = {word.strip() for word in (match[2] or "").split(",") if word.strip()} or {""}
        if match[1] == "ignore-file":
            whole |= rules
        else:
            alone = not line[: match.start()].strip()
            lines.setdefault(number + alone, set()).update(rules)
    return lines, whole
