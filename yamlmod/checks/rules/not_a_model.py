"""Files that are YAML, but no model, or a model that cannot be understood."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject

_GOOD = model_text("[-1, 1, Conv, [64, 3, 2]]", "[[0], 1, Detect, [nc, anchors]]")


def _check(subject: Subject) -> Iterator[Finding]:
    # What is no model never becomes a subject: `refused` makes the finding.
    return iter(())


RULE = Rule(
    code="not-a-model",
    severity="error",
    summary="The file parses, and is not the model YAML that it looks like.",
    why="A row that is not [from, number, module, args], a key that stands twice (readers "
    "take the last without a word), aliases in a table, a third table of layers, `head` "
    "above `backbone`: what such a file means depends on its parser, so nothing else can "
    "be said about it.",
    check=_check,
    valid=(Valid(_GOOD),),
    invalid=(
        Invalid(_GOOD.replace("1, Conv, ", "Conv, "), (None,)),
        Invalid(_GOOD + "nc: 5\n", (None,)),
        Invalid("nc: 4\n", (None,)),
    ),
)
