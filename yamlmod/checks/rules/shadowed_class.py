"""Report classes that the fork defines more than once (with --repo)."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.errors import one_of
from yamlmod.model.parser_facts import ParserFacts, ParserNames


def _check(subject: Subject) -> Iterator[Finding]:
    builder = subject.builder
    reported: set[str] = set()
    for row in subject.rows if builder is not None else ():
        places = builder.twice.get(row.module, ()) if builder is not None else ()
        if not places or row.module in reported:
            continue
        reported.add(row.module)
        yield subject.at_row(
            RULE.code,
            "warning",
            row,
            f"the fork defines {row.module} {len(places)} times: {one_of(places)}; the last wins",
            span=row.spans[2],
            help="rename or remove the one that is not intended",
        )


_TEXT = model_text(
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, CBAM, [64]]", "[[1], 1, Detect, [nc, anchors]]"
)
_FORK = ParserFacts(
    "models/yolo.py", "parse_model", ParserNames(frozenset({"Conv", "CBAM", "Detect"}))
)
_TWICE = ParserFacts(
    "models/yolo.py",
    "parse_model",
    _FORK.names,
    twice={"CBAM": ("models/common.py:100", "models/experimental.py:20")},
)

RULE = Rule(
    code="shadowed-class",
    severity="warning",
    summary="The fork defines this class more than once.",
    why="Python allows two definitions of one name: the later definition, or that of the "
    "later star import, replaces the earlier one. Which of them is trained is then "
    "an accident.",
    check=_check,
    valid=(Valid(_TEXT, builder=_FORK),),
    invalid=(Invalid(_TEXT, (1,), builder=_TWICE),),
    needs_repo=True,
)
