"""Report rows that the fork's own code cannot build or run (with --repo)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.model.build_answer import BuildAnswer, BuildProblem
from yamlmod.model.parser_facts import ParserFacts, ParserNames

NAME_ERRORS = frozenset({"NameError", "KeyError", "AttributeError"})
_ARGUMENT_WORDS = ("positional argument", "unexpected keyword argument", "multiple values for")


def is_name(problem: BuildProblem) -> bool:
    """Check for an unknown class name, which `unresolved-name` reports."""
    if problem.layer is None:  # before the first row a KeyError is a key that the file lacks
        return False
    return problem.stage == "parse" and not problem.class_name and problem.kind in NAME_ERRORS


def is_count(problem: BuildProblem) -> bool:
    """Check for a wrong number of arguments, which `wrong-branch` reports."""
    words = any(word in problem.message for word in _ARGUMENT_WORDS)
    return problem.stage == "constructor" and problem.kind == "TypeError" and words


def at_scales(problem: BuildProblem) -> str:
    """Describe the scales with the problem: ` at scales n, s`."""
    scales = [scale for scale in problem.scales if scale]
    if not scales or problem.everywhere:
        return "" if len(scales) < 2 else " at every scale"
    word = "scale" if len(scales) == 1 else "scales"
    return f" at {word} {', '.join(scales)}"


def help_of(problem: BuildProblem) -> str:
    """Explain the fix: the row to write, and the place of the reason."""
    lines = []
    if problem.layer is None and problem.kind == "KeyError":
        lines.append("the parser needs a key that the file does not have")
    if problem.proposal:
        lines.append(f"write {problem.proposal}: with these args the layer builds and runs")
    elif problem.branch and problem.args:
        lines.append("no args that work were found: check the branch and the class")
    if problem.branch:
        # Where the branch itself raises, it passes nothing.
        passed = f"; it passes {problem.args} to the class" if problem.args else ""
        lines.append(f"the branch is {problem.branch}{passed}")
    if problem.place:
        trail = f", in {' > '.join(problem.trail)}" if problem.trail else ""
        lines.append(f"raised at {problem.place}{trail}")
    return "\n".join(lines) or "compare the row with the class and with the parser branch"


def _check(subject: Subject) -> Iterator[Finding]:
    answer = subject.built
    if answer is None:
        return
    yield from _not_read(subject, answer)
    for problem in answer.problems:
        if is_name(problem) or is_count(problem):
            continue
        known = problem.layer is not None and problem.layer < len(subject.rows)
        row = subject.rows[problem.layer if known and problem.layer is not None else 0]
        what = f"layer {row.index} {row.module}" if known else "the network"
        verb = "cannot run" if problem.stage == "forward" else "cannot be built"
        error = problem.kind + (f": {problem.message}" if problem.message else "")
        yield subject.at_row(
            RULE.code,
            "error",
            row,
            f"{what} {verb}{at_scales(problem)}: {error}",
            span=row.spans[3] if known else None,
            help=help_of(problem),
        )


def _not_read(subject: Subject, answer: BuildAnswer) -> Iterator[Finding]:
    """Report a fork that was not understood: silence would look like success."""
    if answer.problems or (answer.rows and not answer.unread):
        return
    what = f"{answer.unread} of {answer.rows} layers were" if answer.rows else "the parser was"
    yield subject.at_row(
        RULE.code,
        "note",
        subject.rows[0],
        f"{what} not understood: whether the fork builds this file is not known",
        help=f"this is no error of the file; the reason is: {answer.reason or 'not known'}",
    )


_TEXT = model_text(
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, ChanGate, [64]]", "[[1], 1, Detect, [nc, anchors]]"
)
_FORK = ParserFacts(
    "models/yolo.py", "parse_model", ParserNames(frozenset({"Conv", "ChanGate", "Detect"}))
)


def _fork(*problems: BuildProblem, unread: int = 0) -> ParserFacts:
    def ask(data: Mapping[str, Any]) -> BuildAnswer:
        return BuildAnswer(("",), problems, rows=3, unread=0 if problems else unread)

    return ParserFacts(_FORK.shown, _FORK.function, _FORK.names, ask=ask)


RULE = Rule(
    code="cannot-build",
    severity="error",
    summary="The fork's own code cannot build this row, or cannot run the layer.",
    why="The parse function, the constructors and one forward pass of a 256 x 256 image are "
    "analysed as code, at every scale of the file; no code of the fork is run. Code that is not "
    "understood is not an error. Messages of torch are those of the version its table was made "
    "from.",
    check=_check,
    valid=(Valid(_TEXT), Valid(_TEXT, builder=_fork())),
    invalid=(
        Invalid(_TEXT, (0,), builder=_fork(unread=2)),
        Invalid(
            _TEXT,
            (1,),
            builder=_fork(
                BuildProblem(
                    1,
                    "forward",
                    "RuntimeError",
                    "expected to have 64 channels, but got 16",
                    class_name="ChanGate",
                    args="[64]",
                    branch="models/yolo.py:300",
                    proposal="[16]",
                )
            ),
        ),
    ),
    needs_repo=True,
)
