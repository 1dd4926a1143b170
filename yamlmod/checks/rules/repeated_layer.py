"""Report layers that stride or change channels, and are repeated by their number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.model.channels import stride_after
from yamlmod.model.document import Row
from yamlmod.model.known_modules import KNOWN, SINGLE


def _check(subject: Subject) -> Iterator[Finding]:
    for row in subject.rows:
        if row.module in SINGLE and isinstance(row.repeats, int) and row.repeats > 1:
            yield from _finding(subject, row)


def _finding(subject: Subject, row: Row) -> Iterator[Finding]:
    scales = [(name, n) for name, n in _numbers(subject, row) if n > 1]
    what = _what(subject, row)
    if not scales or not what:
        return
    named = [name for name, _ in scales if name]
    at = f" at {'scale' if len(named) == 1 else 'scales'} {', '.join(named)}" if named else ""
    most = max(n for _, n in scales)
    yield subject.at_row(
        RULE.code,
        "error",
        row,
        f"layer {row.index} is {most} {row.module} in a row{at}, and each {what}",
        span=row.spans[1],
        help="write 1 as its number: only blocks such as C3 and C2f take one",
    )


def _numbers(subject: Subject, row: Row) -> Iterator[tuple[str, int]]:
    """The number of layers at every scale of the file."""
    settings = subject.document.settings
    table = settings.get("scales")
    depths: dict[str, Any] = {"": settings.get("depth_multiple", 1.0)}
    if isinstance(table, dict) and table:
        depths = {str(k): v[0] for k, v in table.items() if isinstance(v, list) and v}
    for name, depth in depths.items():
        if isinstance(depth, (int, float)) and 0 < depth < 100:
            yield name, max(round(row.repeats * depth), 1)


def _what(subject: Subject, row: Row) -> str:
    """Say what each of them changes: the next one cannot take it, or it is not intended."""
    kind = KNOWN[row.module]
    factor = stride_after(kind, row, [1.0])
    if factor is not None and factor != 1:
        return f"changes the size by {1 / factor:g}"
    inputs = subject.inputs(row)
    before = inputs[0].nominal if inputs else None
    after = subject.shapes[row.index].nominal
    if before is not None and after is not None and before != after:
        return f"takes {before} channels, the output of the one before has {after}"
    return ""


_HEAD = "[[1], 1, Detect, [nc]]"
_SCALES = "nc: 4\nscales:\n  n: [0.33, 0.25, 1024]\n  l: [1.00, 1.00, 512]\n"

RULE = Rule(
    code="repeated-layer",
    severity="error",
    summary="A layer that strides or changes channels is repeated.",
    why="The second value of a row is a number only for blocks (C3, C2f, ...). Of any other class, "
    "as many layers are put in a row, all with the same arguments: a strided Conv halves the map "
    "each time, and one that changes the channels does not fit behind itself. The number is "
    "multiplied by the depth of the scale first.",
    check=_check,
    valid=(
        Valid(model_text("[-1, 1, Conv, [64, 3, 2]]\n[-1, 3, Conv, [64, 3, 1]]", _HEAD)),
        Valid(model_text("[-1, 1, Conv, [64, 3, 2]]\n[-1, 3, C3, [128]]", _HEAD)),
        Valid(
            model_text(
                "[-1, 3, Conv, [64, 3, 2]]\n[-1, 1, C3, [64]]",
                _HEAD,
                "nc: 4\ndepth_multiple: 0.33\n",
            )
        ),
    ),
    invalid=(
        Invalid(model_text("[-1, 3, Conv, [64, 3, 2]]\n[-1, 1, C3, [64]]", _HEAD, _SCALES), (0,)),
        Invalid(model_text("[-1, 1, Conv, [64, 3, 2]]\n[-1, 3, Conv, [128, 1, 1]]", _HEAD), (1,)),
    ),
)
