"""Check a head's inputs: one per stride, in order, as many as anchor rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.model.channels import Shape
from yamlmod.model.document import Row
from yamlmod.model.known_modules import JOINS

_BACKBONE = "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, Conv, [128, 3, 2]]\n[-1, 1, Conv, [256, 3, 2]]"
_THREE = "nc: 4\nanchors:\n  - [1,2, 3,4]\n  - [5,6, 7,8]\n  - [9,10, 11,12]\n"

_ANCHORS = (
    "anchors and strides are assigned in this order: list the layers from the smallest to the "
    "largest stride"
)
_NO_ANCHORS = (
    "a head without anchors measures its strides, so it trains in any order; usual is from the "
    "smallest to the largest stride"
)


def _check(subject: Subject) -> Iterator[Finding]:
    for row in subject.rows:
        if subject.is_head(row) and len(row.refs) > 1:
            yield from _strides(subject, row)
        if subject.is_head(row) and row.refs:
            yield from _anchors(subject, row)


def _strides(subject: Subject, row: Row) -> Iterator[Finding]:
    inputs = subject.inputs(row) or []
    while len(inputs) > 2 and "Seg" in row.module and _is_prototype(inputs):
        inputs = inputs[:-1]
    strides = [shape.stride for shape in inputs]
    known = [stride for stride in strides if stride is not None]
    if len(known) < 2:
        return
    shown = ", ".join("?" if stride is None else f"{stride:g}" for stride in strides)
    repeated = Counter(known)
    # Heads with auxiliary or paired inputs read every stride as often as the others.
    once = len(set(repeated.values())) > 1 or (len(repeated) == 1 and len(known) > 1)
    if len(known) == len(strides) and once:
        finding = _finding(
            subject,
            row,
            f"two inputs of layer {row.index} {row.module} have the same stride ({shown})",
            "read one layer for each stride",
        )
        # A slip leaves the others in order; 16, 8, 16 is intended, and so are two heads of one
        # stride that measure it.
        in_order = known in (sorted(known), sorted(known, reverse=True))
        paired = len(repeated) == 1 and not _takes_anchors(row)
        meant = not in_order or paired or _has_own_branches(subject, row)
        yield replace(finding, severity="warning") if meant else finding
        return
    if len(repeated) < len(known) or len(known) < len(strides):
        return
    if known not in (sorted(known), sorted(known, reverse=True)):
        if _has_wrong_numbers(subject, row):
            return  # their order says nothing, and the right numbers are proposed
        last = [ref.value for ref in row.refs[len(known) :]]
        ordered = sorted(zip(known, row.refs, strict=False), key=lambda pair: pair[0])
        with_anchors = _takes_anchors(row)
        yield subject.at_row(
            RULE.code,
            "error" if with_anchors else "warning",
            row,
            f"the inputs of layer {row.index} {row.module} are not in order of stride ({shown})",
            span=row.spans[0],
            help=_ANCHORS if with_anchors else _NO_ANCHORS,
            actual=row.from_value,
            expected=[ref.value for _, ref in ordered] + last,
        )


def _has_own_branches(subject: Subject, row: Row) -> bool:
    """Check whether layers were made for the inputs that repeat a stride: no slip makes them.

    A wrong number leads to a join, to a layer above or below the right one, or leaves a layer
    without effect.
    """
    if len(subject.alive) < len(subject.rows):
        return False
    inputs = subject.wiring.inputs[row.index]
    joins = [_joins(subject, subject.rows[layer]) for layer in inputs]
    return (
        not any(joins)
        and not any(inputs.count(layer) > 1 for layer in inputs)
        and not any(other in _of_one_stride(subject, layer) for layer in inputs for other in inputs)
    )


def _joins(subject: Subject, row: Row) -> bool:
    kind = subject.kind(row)
    return kind is not None and kind.channels in JOINS


def _of_one_stride(subject: Subject, layer: int) -> set[int]:
    """Find the layers that one is made of, as far as all are of its stride."""
    stride = subject.shapes[layer].stride
    found: set[int] = set()
    waiting = [layer]
    while waiting:
        for source in subject.wiring.inputs[waiting.pop()]:
            if source >= 0 and source not in found and subject.shapes[source].stride == stride:
                found.add(source)
                waiting.append(source)
    return found


def _has_wrong_numbers(subject: Subject, row: Row) -> bool:
    """Check whether the rule `wiring` has other numbers for the head."""
    best = subject.explanations[:1]
    return any(
        slip.reader == row.index and not explanation.is_doubtful(slip)
        for explanation in best
        for slip in explanation.slips
    )


def _takes_anchors(row: Row) -> bool:
    return "anchors" in row.args or any(isinstance(arg, list) for arg in row.args)


def _is_prototype(inputs: Sequence[Shape]) -> bool:
    """Check whether the last input is a prototype map, as in YOLOv9's DSegment."""
    first, last = inputs[0].stride, inputs[-1].stride
    return first is not None and last is not None and last < first


def _anchors(subject: Subject, row: Row) -> Iterator[Finding]:
    named = any(arg == "anchors" for arg in row.args)
    anchors = subject.document.settings.get("anchors")
    if not named:
        return
    if anchors is None:
        yield _finding(
            subject,
            row,
            f"layer {row.index} {row.module} takes `anchors`, but the file has none",
            "add `anchors:` to the file, or remove it from the args",
        )
    elif isinstance(anchors, list) and anchors and len(anchors) != len(row.refs):
        if len(row.refs) == 2 * len(anchors):  # auxiliary heads
            return
        yield _finding(
            subject,
            row,
            f"layer {row.index} {row.module} reads {len(row.refs)} layers, "
            f"but `anchors` has {len(anchors)} rows",
            "a head needs one row of anchors for each input",
        )


def _finding(subject: Subject, row: Row, message: str, help: str) -> Finding:
    return subject.at_row(
        RULE.code,
        "error",
        row,
        message,
        span=row.spans[0],
        help=help,
        actual=row.from_value,
    )


RULE = Rule(
    code="head-inputs",
    severity="error",
    summary="The head's inputs repeat a stride, are out of order, or do not match the number of "
    "anchor rows.",
    why="A head assigns anchors and strides in the order of its inputs. With two inputs of one "
    "stride, or inputs out of order, it trains on the wrong boxes without an error; a "
    "descending order is fine, because YOLOv5 reverses its anchors. A head without anchors "
    "measures its strides: another order, or one stride for all inputs, is a warning. Heads with "
    "auxiliary inputs read each stride twice.",
    check=_check,
    valid=(
        Valid(model_text(_BACKBONE, "[[0, 1, 2], 1, Detect, [nc, anchors]]", _THREE)),
        Valid(model_text(_BACKBONE, "[[2, 1, 0], 1, Detect, [nc, anchors]]", _THREE)),
        Valid(model_text(_BACKBONE, "[[0, 1, 0, 1], 1, IAuxDetect, [nc, anchors]]")),
        Valid(model_text(_BACKBONE, "[[0, 1], 1, Detect, [nc]]", "nc: 4\n")),
    ),
    invalid=(
        Invalid(
            model_text(_BACKBONE, "[[1, 0, 2], 1, Detect, [nc, anchors]]", _THREE),
            (3,),
            ([0, 1, 2],),
        ),
        Invalid(
            model_text(
                _BACKBONE, "[-1, 1, C3, [256]]\n[[1, 2, 3], 1, Detect, [nc, anchors]]", _THREE
            ),
            (4,),
        ),
        Invalid(model_text(_BACKBONE, "[[1, 2], 1, Detect, [nc, anchors]]", _THREE), (3,)),
        Invalid(model_text(_BACKBONE, "[[1, 2], 1, Detect, [nc, anchors]]", "nc: 4\n"), (3,)),
    ),
)
