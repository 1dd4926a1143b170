"""Report sums of inputs with different channels."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.model.known_modules import PLAIN_SUMS

_BACKBONE = "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, Conv, [{}, 3, 1]]"
_HEAD = "[[0, 1], 1, Add, []]\n[[-1], 1, Detect, [nc, anchors]]"


def _check(subject: Subject) -> Iterator[Finding]:
    for row in subject.rows:
        kind, inputs = subject.kind(row), subject.inputs(row)
        if kind is None or kind.channels != "first" or not inputs or len(inputs) < 2:
            continue
        channels = [shape.nominal for shape in inputs]
        if None in channels or len(set(channels)) == 1:
            continue
        if len(channels) > 2 and 2 * max(map(_whole, channels)) == sum(map(_whole, channels)):
            continue  # some forks concatenate some of the inputs, and add the rest
        inputs_shown = ", ".join(
            f"{subject.document.describe(read.target)} has {count}"
            for read, count in zip(subject.graph.reads[row.index], channels, strict=True)
        )
        yield subject.at_row(
            RULE.code,
            "error" if row.module in PLAIN_SUMS else "warning",
            row,
            f"layer {row.index} {row.module} adds inputs with different channels: {inputs_shown}",
            span=row.spans[0],
            help="match their channels with a 1x1 Conv, or use Concat",
            actual=row.from_value,
        )


def _whole(channels: int | None) -> int:
    return channels or 0


RULE = Rule(
    code="sum-channels",
    severity="error",
    summary="A sum adds inputs with different channels.",
    why="Element-wise sums need equal channels. The forward pass fails, or, if one side "
    "has a single channel, it is silently broadcast. Channels are those of the YAML, "
    "before width scaling.",
    check=_check,
    valid=(
        Valid(model_text(_BACKBONE.format(64), _HEAD)),
        Valid(model_text(_BACKBONE.format("c"), _HEAD)),
        # BiFPN_Add3 of some forks concatenates two inputs and adds the third
        Valid(
            model_text(
                _BACKBONE.format(128) + "\n[-1, 1, Conv, [64, 1, 1]]",
                "[[0, 2, 1], 1, BiFPN_Add3, [128, 128]]\n[[-1], 1, Detect, [nc, anchors]]",
            )
        ),
    ),
    invalid=(
        Invalid(model_text(_BACKBONE.format(128), _HEAD), (2,)),
        Invalid(model_text(_BACKBONE.format(128), _HEAD.replace("Add", "BiFPN_Add2")), (2,)),
    ),
)
