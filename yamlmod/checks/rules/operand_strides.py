"""Report layers that join inputs of different strides."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject

_BACKBONE = "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, Conv, [128, 3, 2]]\n[-1, 1, Conv, [256, 3, 2]]"


def _check(subject: Subject) -> Iterator[Finding]:
    for row in subject.rows:
        inputs = subject.inputs(row)
        if not inputs or not subject.joins_strides(row):
            continue
        strides = [shape.stride for shape in inputs]
        known = {stride for stride in strides if stride is not None}
        if len(known) < 2 or not all(stride.is_integer() for stride in known):
            continue
        inputs_shown = ", ".join(
            f"{subject.document.describe(read.target)} is at {_show(stride)}"
            for read, stride in zip(subject.graph.reads[row.index], strides, strict=True)
        )
        yield subject.at_row(
            RULE.code,
            "error",
            row,
            f"layer {row.index} {row.module} joins inputs of different strides: {inputs_shown}",
            span=row.spans[0],
            help="use inputs of the same stride, or add an Upsample or a strided Conv between them",
            actual=row.from_value,
        )


def _show(stride: float | None) -> str:
    return "an unknown stride" if stride is None else f"stride {stride:g}"


RULE = Rule(
    code="operand-strides",
    severity="error",
    summary="A Concat or a sum joins inputs of different strides.",
    why="A feature map of stride 16 is half as wide as one of stride 8. The forward pass fails, "
    "or, in a sum whose sizes happen to broadcast, silently adds unrelated positions. Strides are "
    "tracked through the modules yamlmod knows; after an unknown module nothing is reported.",
    check=_check,
    valid=(
        Valid(
            model_text(
                _BACKBONE,
                "[-1, 1, nn.Upsample, [None, 2, nearest]]\n[[-1, 1], 1, Concat, [1]]\n"
                "[[-1], 1, Detect, [nc, anchors]]",
            )
        ),
        Valid(
            model_text(
                _BACKBONE,
                "[-1, 1, Mystery, []]\n[[-1, 1], 1, Concat, [1]]\n[[-1], 1, Detect, [nc, anchors]]",
            )
        ),
    ),
    invalid=(
        Invalid(
            model_text(_BACKBONE, "[[-1, 1], 1, Concat, [1]]\n[[-1], 1, Detect, [nc, anchors]]"),
            (3,),
        ),
        Invalid(
            model_text(_BACKBONE, "[[0, 1], 1, Add, []]\n[[2, 3], 1, Detect, [nc, anchors]]"), (3,)
        ),
    ),
)
