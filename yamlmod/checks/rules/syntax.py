"""Report files that do not parse as YAML, with the cause."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject

_GOOD = model_text(
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, C3, [64]]", "[[1], 1, Detect, [nc, anchors]]"
)


def _check(subject: Subject) -> Iterator[Finding]:
    # Such a file never becomes a subject: `refused` makes the finding.
    return iter(())


RULE = Rule(
    code="syntax",
    severity="error",
    summary="The file does not parse as YAML.",
    why="The YAML parser reports where it stopped, which is often lines below the mistake. If the "
    "cause is known, the finding is at the cause: a missing comma at the end of a "
    "row, a bracket that is not closed or closes too much, a bracket or a word too much, a comma "
    "after `- [...]`, a merge conflict, a model pasted into a row, a no-break space, a tab, "
    "text from a web page.",
    check=_check,
    valid=(Valid(_GOOD),),
    invalid=(Invalid(_GOOD.replace("[64, 3, 2]],", "[64, 3, 2]]"), (None,), (), _GOOD),),
)
