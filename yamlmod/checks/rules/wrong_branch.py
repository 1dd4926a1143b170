"""Report rows whose parser branch passes wrong constructor arguments (with --repo)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.rules.cannot_build import at_scales, help_of, is_count
from yamlmod.checks.subject import Subject
from yamlmod.model.build_answer import BuildAnswer, BuildProblem
from yamlmod.model.parser_facts import ParserFacts, ParserNames


def _check(subject: Subject) -> Iterator[Finding]:
    builder, answer = subject.builder, subject.built
    for problem in answer.problems if builder is not None and answer is not None else ():
        if not is_count(problem) or problem.layer is None or problem.layer >= len(subject.rows):
            continue
        row = subject.rows[problem.layer]
        yield subject.at_row(
            RULE.code,
            "error",
            row,
            f"layer {row.index} {row.module} cannot be built{at_scales(problem)}: "
            f"{problem.message}",
            span=row.spans[3],
            help=help_of(problem),
        )


_TEXT = model_text(
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, CBAM, [64]]", "[[1], 1, Detect, [nc, anchors]]"
)


def _fork(*problems: BuildProblem) -> ParserFacts:
    def ask(data: Mapping[str, Any]) -> BuildAnswer:
        return BuildAnswer(("",), problems)

    names = frozenset({"Conv", "CBAM", "Detect"})
    return ParserFacts("models/yolo.py", "parse_model", ParserNames(names), ask=ask)


_COUNT = BuildProblem(
    1,
    "constructor",
    "TypeError",
    "CBAM.__init__() missing 1 required positional argument: 'c2'",
    class_name="CBAM",
    args="[64]",
    branch="models/yolo.py:300",
)

RULE = Rule(
    code="wrong-branch",
    severity="error",
    summary="The parser branch passes arguments that the constructor of this class does not take.",
    why="A class without a branch in parse_model is handled by the last else, which passes "
    "the row's args unchanged: a constructor (c1, c2, ...) then gets the output "
    "channels as input channels. This rule reports arguments whose number or names cannot fit; "
    "other errors of the constructor are `cannot-build`.",
    check=_check,
    valid=(Valid(_TEXT, builder=_fork()),),
    invalid=(Invalid(_TEXT, (1,), builder=_fork(_COUNT)),),
    needs_repo=True,
)
