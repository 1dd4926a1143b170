"""With --repo: modules that the fork's parser cannot find by their name."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.errors import one_of
from yamlmod.model.builder import Builder, ParserNames
from yamlmod.model.document import Row


def _check(subject: Subject) -> Iterator[Finding]:
    builder = subject.builder
    if builder is None:
        return
    said: set[str] = set()
    for row in subject.rows:
        first = row.module.partition(".")[0]
        if builder.names.has(row.module) or first in said:
            continue
        if not builder.names.lacks(row.module):
            said.add(first)
            yield _not_known(subject, row, first, builder)
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


def _not_known(subject: Subject, row: Row, name: str, builder: Builder) -> Finding:
    """An import of everything may bring the name, and leads where nothing is read."""
    names = builder.names
    why = f"it imports everything from {one_of(names.beyond)}" if names.beyond else names.open[0]
    return subject.at_row(
        RULE.code,
        "note",
        row,
        f"whether {builder.shown} knows {name} cannot be told: {why}",
        span=row.spans[2],
        help="nothing is wrong if that brings it; a class of the fork's own would be found",
    )


_TEXT = model_text(
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, {}, [64]]", "[[1], 1, Detect, [nc, anchors]]"
)
_FORK = Builder(
    "models/yolo.py", "parse_model", ParserNames(frozenset({"Conv", "C3", "Detect", "nn"}))
)
_OPEN = Builder(
    "models/yolo.py",
    "parse_model",
    ParserNames(frozenset({"Conv", "Detect"}), ("line 3",), beyond=("mish_cuda",)),
)
_PREFIX = Builder(
    "nn/tasks.py",
    "parse_model",
    ParserNames(frozenset({"Conv", "Detect"}), prefixes=("nn.",), evaluated=False),
)

RULE = Rule(
    code="unresolved-name",
    severity="error",
    summary="The fork's parser knows no class of this name.",
    why="parse_model looks a module up by its name among what its file defines and imports, "
    "star imports included; a class that `__all__` leaves out is not among them. Names that it "
    "looks up elsewhere (`getattr(torch.nn, m[3:])` for `nn.Upsample`) are not for the fork to "
    "define. Where an import of everything leads out of the repository, a name that is not found "
    "is a note, once: what is installed is not looked into.",
    check=_check,
    valid=(
        Valid(_TEXT.format("C3"), builder=_FORK),
        Valid(_TEXT.format("nn.Identity"), builder=_FORK),
        Valid(_TEXT.format("Conv"), builder=_OPEN),
        Valid(_TEXT.format("nn.Identity"), builder=_PREFIX),
    ),
    invalid=(
        Invalid(_TEXT.format("SimAM"), (1,), builder=_OPEN),
        Invalid(_TEXT.format("SimAM"), (1,), builder=_FORK),
        Invalid(_TEXT.format("int"), (1,), builder=_PREFIX),
    ),
    needs_repo=True,
)
