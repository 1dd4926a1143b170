"""Report layers whose output never reaches the head."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.errors import one_of
from yamlmod.model.document import Row
from yamlmod.model.graph import reachable

_BACKBONE = "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, Conv, [128, 3, 2]]"


def _check(subject: Subject) -> Iterator[Finding]:
    if subject.unresolved:
        return  # an unresolved reference was meant for one of the layers
    dead = [row for row in subject.rows if row.index not in subject.alive]
    attention = [row for row in subject.rows if subject.is_attention(row)]
    all_of_them = bool(attention) and all(row.index not in subject.alive for row in attention)
    for row in dead:
        # The mistake is at the end of a chain; its message names the layers before it.
        if subject.is_attention(row) or not subject.network.readers(row.index):
            yield _finding(subject, row, all_of_them)


def _finding(subject: Subject, row: Row, all_of_them: bool) -> Finding:
    is_attention = subject.is_attention(row) and not _has_twin(subject, row)
    readers = [subject.document.describe(r.reader) for r in subject.network.readers(row.index)]
    why = f"only {', '.join(dict.fromkeys(readers))} uses it" if readers else "no layer uses it"
    feeding = _only_for(subject, row) if not readers else []
    if feeding:
        verb = "feed" if len(feeding) > 1 else "feeds"
        why += f"; {one_of(feeding, limit=6)} {verb} only this layer"
    message = f"layer {row.index} {row.module} never reaches the head: {why}"
    if is_attention and all_of_them:
        message += "; no attention layer of this file has any effect"
    elif is_attention:
        message += "; this attention layer has no effect"
    return subject.at_row(
        RULE.code,
        "error" if is_attention else "warning",
        row,
        message,
        span=row.spans[2],
        help=_help(subject, row),
        actual=row.from_value if row.refs else None,
    )


def _has_twin(subject: Subject, row: Row) -> bool:
    """Check for a dead branch with two ends: outputs that a fork's code may read by itself."""
    readers = [
        read.reader
        for source in subject.graph.reads[row.index]
        if source.target >= 0 and source.target not in subject.alive
        for read in subject.network.readers(source.target)
    ]
    return any(reader != row.index for reader in readers)


def _only_for(subject: Subject, row: Row) -> list[str]:
    """Find the dead layers whose output goes only to this one."""
    inputs = [[read.target for read in reads] for reads in subject.graph.reads]
    leading = reachable(inputs, [row.index]) - subject.alive - {row.index}
    return [subject.document.describe(layer) for layer in sorted(leading)]


def _help(subject: Subject, row: Row) -> str:
    passed = (
        [
            read.reader
            for read in subject.network.readers(subject.graph.reads[row.index][0].target)
            if read.reader != row.index and read.reader in subject.alive
        ]
        if subject.graph.reads[row.index]
        else []
    )
    if passed and not subject.network.readers(row.index):
        names = ", ".join(subject.document.describe(reader) for reader in dict.fromkeys(passed))
        return f"{names} reads the same input: change it to {row.index}, or remove the row"
    return "use it as input of a layer that reaches the head, or remove the row"


RULE = Rule(
    code="dead-layer",
    severity="warning",
    summary="The output of a layer never reaches the head.",
    why="There is no error message: the layer is built, runs in every forward pass and gets no "
    "gradient. For an attention layer this is an error: the experiment "
    "measures the network without it, unless it is one of two ends of a branch of its own, which "
    "the fork's code may read. Modules that work by side effect (ImagePoolingAttn) "
    "and the rows that a head with an empty `from` collects (YOLOv5 v1.0) are alive. Of a dead "
    "chain, the last layer and every attention layer are reported.",
    check=_check,
    valid=(
        Valid(model_text(_BACKBONE, "[-1, 1, SimAM, []]\n[[2], 1, Detect, [nc, anchors]]")),
        Valid(
            model_text(
                _BACKBONE, "[[0, 1], 1, ImagePoolingAttn, [256]]\n[[1], 1, Detect, [nc, anchors]]"
            )
        ),
        Valid(
            model_text(
                "[-1, 1, Conv, [64, 3, 2]]",
                "[-1, 1, nn.Conv2d, [na * (nc + 5), 1, 1]]\n[[], 1, Detect, [nc, anchors]]",
            )
        ),
    ),
    invalid=(
        Invalid(model_text(_BACKBONE, "[-1, 1, SimAM, []]\n[[1], 1, Detect, [nc, anchors]]"), (2,)),
        Invalid(
            model_text(
                _BACKBONE, "[0, 1, C3, [64]]\n[-1, 1, C3, [64]]\n[[1], 1, Detect, [nc, anchors]]"
            ),
            (3,),
        ),
    ),
)
