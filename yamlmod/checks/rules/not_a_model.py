"""Report files that are YAML, but not a model that can be read."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject

_GOOD = model_text("[-1, 1, Conv, [64, 3, 2]]", "[[0], 1, Detect, [nc, anchors]]")


def _check(subject: Subject) -> Iterator[Finding]:
    # Such a file never becomes a subject: `refused` makes the finding.
    return iter(())


RULE = Rule(
    code="not-a-model",
    severity="error",
    summary="The file is valid YAML, but not a valid model.",
    why="A row that is not [from, number, module, args], a duplicate key (YAML readers silently "
    "use the last), aliases in a table, a third table of layers, `head` "
    "above `backbone`: the meaning of such a file depends on its parser, so the rest cannot be "
    "checked.",
    check=_check,
    valid=(Valid(_GOOD),),
    invalid=(
        Invalid(_GOOD.replace("1, Conv, ", "Conv, "), (None,)),
        Invalid(_GOOD + "nc: 5\n", (None,)),
        Invalid("nc: 4\n", (None,)),
    ),
)
