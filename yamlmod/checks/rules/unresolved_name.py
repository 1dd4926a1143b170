"""Report module names that the fork's parser does not know (with --repo)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.rules.cannot_build import is_name
from yamlmod.checks.subject import Subject
from yamlmod.model.build_answer import BuildAnswer, BuildProblem
from yamlmod.model.document import Row
from yamlmod.model.parser_facts import ParserFacts, ParserNames


def _check(subject: Subject) -> Iterator[Finding]:
    builder, answer = subject.builder, subject.built
    if builder is None:
        return
    if answer is None:
        yield from _by_names(subject, builder)
        return
    for problem in answer.problems:
        if not is_name(problem) or problem.layer is None or problem.layer >= len(subject.rows):
            continue
        row = subject.rows[problem.layer]
        yield _lost(subject, builder, row, f" ({problem.kind}: {problem.message})")
    if not answer.rows and not answer.problems:
        yield from _by_names(subject, builder)
    yield from _not_known(subject, builder.shown, answer.unknown_names)


def _by_names(subject: Subject, builder: ParserFacts) -> Iterator[Finding]:
    """Use the names of the parser's file if the parse function was not understood."""
    for row in subject.rows:
        if builder.names.lacks(row.module):
            yield _lost(subject, builder, row)


def _lost(subject: Subject, builder: ParserFacts, row: Row, reason: str = "") -> Finding:
    return subject.at_row(
        RULE.code,
        "error",
        row,
        f"{builder.shown} does not define {row.module}: "
        f"{builder.function} cannot build layer {row.index}",
        span=row.spans[2],
        help="`yamlmod patch` adds a module of the registry; define or import another module "
        f"where the parser looks it up{reason}",
    )


def _not_known(subject: Subject, shown: str, names: Mapping[str, str]) -> Iterator[Finding]:
    """Note names of other packages: they may be what the parser expects."""
    reported: set[str] = set()
    for row in subject.rows:
        if row.module not in names or row.module in reported:
            continue
        reported.add(row.module)
        yield subject.at_row(
            RULE.code,
            "note",
            row,
            f"whether {shown} can build {row.module} is not known: {names[row.module]}",
            span=row.spans[2],
            help="this is fine if its package is installed",
        )


_TEXT = model_text(
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, {}, [64]]", "[[1], 1, Detect, [nc, anchors]]"
)
_NAMES = frozenset({"Conv", "C3", "Detect", "nn"})


def _fork(*problems: BuildProblem, **names: str) -> ParserFacts:
    def ask(data: Mapping[str, Any]) -> BuildAnswer:
        return BuildAnswer(("",), problems, unknown_names=names, rows=3)

    return ParserFacts("models/yolo.py", "parse_model", ParserNames(_NAMES), ask=ask)


_UNREAD = ParserFacts(
    "models/yolo.py", "parse_model", ParserNames(_NAMES), ask=lambda data: BuildAnswer(("",))
)
_LOST = BuildProblem(1, "parse", "NameError", "name 'SimAM' is not defined")

RULE = Rule(
    code="unresolved-name",
    severity="error",
    summary="The fork's parser does not know a class of this name.",
    why="parse_model looks a module up by its name: with eval, globals, or getattr of "
    "torch.nn. The function is analysed as code, and a row whose name it does not find is an "
    "error. A name from another package is one note: installed packages are not analysed.",
    check=_check,
    valid=(
        Valid(_TEXT.format("C3"), builder=_fork()),
        Valid(_TEXT.format("SimAM")),
        Valid(_TEXT.format("C3"), builder=_UNREAD),
    ),
    invalid=(
        Invalid(_TEXT.format("SimAM"), (1,), builder=_fork(SimAM="timm is not in this repository")),
        Invalid(_TEXT.format("SimAM"), (1,), builder=_fork(_LOST)),
        Invalid(_TEXT.format("SimAM"), (1,), builder=_UNREAD),
    ),
    needs_repo=True,
)
