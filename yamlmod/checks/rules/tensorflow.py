"""Report attention modules that are missing in the fork's tf.py (with --repo)."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.model.parser_facts import ParserFacts, ParserNames


def _check(subject: Subject) -> Iterator[Finding]:
    builder = subject.builder
    if builder is None or builder.tensorflow is None:
        return
    reported: set[str] = set()
    for row in subject.rows:
        known = f"TF{row.module.replace('nn.', '')}" in builder.tensorflow
        if known or row.module in reported or not subject.is_attention(row):
            continue
        reported.add(row.module)
        yield subject.at_row(
            RULE.code,
            "note",
            row,
            f"{builder.tensorflow_shown} has no TF{row.module}: export to TensorFlow and TFLite "
            "will fail",
            span=row.spans[2],
            help="export through ONNX, or write the class",
        )


_TEXT = model_text(
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, SimAM, []]", "[[1], 1, Detect, [nc, anchors]]"
)
_NAMES = ParserNames(frozenset({"Conv", "SimAM", "Detect"}))


def _fork(classes: frozenset[str]) -> ParserFacts:
    return ParserFacts(
        "models/yolo.py",
        "parse_model",
        _NAMES,
        tensorflow=classes,
        tensorflow_shown="models/tf.py",
    )


RULE = Rule(
    code="tensorflow",
    severity="note",
    summary="The fork's tf.py has no version of this attention module.",
    why="For an export to TensorFlow formats, models/tf.py builds the network from the same YAML "
    "with classes named TF<Name>.",
    check=_check,
    valid=(
        Valid(_TEXT, builder=_fork(frozenset({"TFConv", "TFSimAM"}))),
        Valid(_TEXT, builder=ParserFacts("models/yolo.py", "parse_model", _NAMES)),
    ),
    invalid=(Invalid(_TEXT, (1,), builder=_fork(frozenset({"TFConv"}))),),
    needs_repo=True,
)
