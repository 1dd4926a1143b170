"""Report arguments that reach a parameter of another meaning (with --repo)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.model.build_answer import BuildAnswer, BuildDoubt
from yamlmod.model.parser_facts import ParserFacts, ParserNames


def _check(subject: Subject) -> Iterator[Finding]:
    answer = subject.built
    failed = {problem.layer for problem in answer.problems} if answer is not None else set()
    for doubt in answer.doubts if answer is not None else ():
        if doubt.layer in failed or doubt.layer >= len(subject.rows):
            continue
        row = subject.rows[doubt.layer]
        yield subject.at_row(
            RULE.code,
            "warning",
            row,
            f"layer {row.index} {row.module} builds, but {doubt.message}",
            span=row.spans[3],
            help="compare the branch of the parser with the constructor's parameters"
            if doubt.kind == "misplaced"
            else "give the attribute another name in the class",
        )


_TEXT = model_text(
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, Gate, [64]]", "[[1], 1, Detect, [nc, anchors]]"
)


def _fork(*doubts: BuildDoubt) -> ParserFacts:
    def ask(data: Mapping[str, Any]) -> BuildAnswer:
        return BuildAnswer(("",), (), doubts)

    names = frozenset({"Conv", "Gate", "Detect"})
    return ParserFacts("models/yolo.py", "parse_model", ParserNames(names), ask=ask)


RULE = Rule(
    code="misplaced-argument",
    severity="warning",
    summary="A parameter named like a kernel, a ratio or a switch gets a channel count.",
    why="A class in the parser's list of convolutions gets (in, out, ...): if its "
    "second parameter is a kernel size, it gets the output channels, and many classes still "
    "build. The parser overwrites the attributes i, f, type and np of a class.",
    check=_check,
    valid=(Valid(_TEXT), Valid(_TEXT, builder=_fork())),
    invalid=(
        Invalid(_TEXT, (1,), builder=_fork(BuildDoubt(1, "misplaced", "Gate is given [64, 64]"))),
    ),
    needs_repo=True,
)
