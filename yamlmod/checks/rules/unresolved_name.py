"""With --repo: modules that the fork's parser cannot find by their name."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.model.builder import Builder


def _check(subject: Subject) -> Iterator[Finding]:
    builder = subject.builder
    if builder is None or builder.open:
        return
    for row in subject.rows:
        first = row.module.partition(".")[0]
        if first in builder.names:
            continue
        yield subject.at_row(
            RULE.code,
            "error",
            row,
            f"{builder.shown} knows no {first}: {builder.function} cannot build layer {row.index}",
            span=row.spans[2],
            help="`yamlmod patch` adds a module of the registry; another one has to be defined, "
            "or imported, where the parser looks",
        )


_TEXT = model_text(
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, {}, [64]]", "[[1], 1, Detect, [nc, anchors]]"
)
_FORK = Builder("models/yolo.py", "parse_model", frozenset({"Conv", "C3", "Detect", "nn"}), False)
_OPEN = Builder("models/yolo.py", "parse_model", frozenset({"Conv", "Detect"}), True)

RULE = Rule(
    code="unresolved-name",
    severity="error",
    summary="The fork's parser knows no class of this name.",
    why="parse_model looks a module up by its name among what its file defines and imports, "
    "star imports included. Where an import leads out of the repository, nothing is said.",
    check=_check,
    valid=(
        Valid(_TEXT.format("C3"), builder=_FORK),
        Valid(_TEXT.format("nn.Identity"), builder=_FORK),
        Valid(_TEXT.format("SimAM"), builder=_OPEN),
    ),
    invalid=(Invalid(_TEXT.format("SimAM"), (1,), builder=_FORK),),
    needs_repo=True,
)
