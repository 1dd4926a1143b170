"""Report layers that join inputs of different strides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.model.build_answer import BuildAnswer
from yamlmod.model.document import Row
from yamlmod.model.parser_facts import ParserFacts, ParserNames
from yamlmod.model.strides import Stride, differ

_BACKBONE = "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, Conv, [128, 3, 2]]\n[-1, 1, Conv, [256, 3, 2]]"


def _check(subject: Subject) -> Iterator[Finding]:
    strides = subject.network.strides
    for row in subject.rows:
        targets = subject.network.known_inputs(row.index)
        if not targets or min(targets) < 0:
            continue
        inputs = [strides[target] for target in targets]
        has_levels = _has_levels(subject, row)
        if has_levels:  # brought to one stride, they are joined as others are
            inputs = [s._replace(factor=s.factor * 2**i) for i, s in enumerate(inputs)]
        elif not subject.joins_strides(row):
            continue
        known = [stride.factor for stride in inputs if stride.is_known]
        if not differ(inputs) or not all(factor.is_integer() for factor in known):
            continue
        if subject.is_run(row):  # a class of the fork's own, with another rule
            continue
        inputs = [strides[target] for target in targets]
        inputs_shown = ", ".join(
            f"{subject.document.describe(target)} is at {_show(subject, target, stride)}"
            for target, stride in zip(targets, inputs, strict=True)
        )
        yield subject.at_row(
            RULE.code,
            "error",
            row,
            f"layer {row.index} {row.module} joins {_WRONG[has_levels]}: {inputs_shown}",
            span=row.spans[0],
            help=_levels_help(row, inputs) if has_levels else _OF_ONE_STRIDE,
            actual=row.from_value,
        )


_WRONG = ("inputs of different strides", "levels of which each should have half the last stride")
_OF_ONE_STRIDE = "use inputs of the same stride, or add an Upsample or a strided Conv between them"


def _levels_help(row: Row, inputs: Sequence[Stride]) -> str:
    """Return the right order of the inputs, where these are the right ones."""
    order = sorted(range(len(inputs)), key=lambda i: -inputs[i].factor)
    halves = [inputs[i]._replace(factor=inputs[i].factor * 2**n) for n, i in enumerate(order)]
    if not all(stride.is_known for stride in inputs) or differ(halves):
        return "list three levels, the deepest first: each has half the stride of the one before"
    listed = ", ".join(str(row.refs[i].value) for i in order)
    return f"list the deepest level first: [{listed}]"


def _has_levels(subject: Subject, row: Row) -> bool:
    kind = subject.kind(row)
    return kind is not None and kind.stride == "level0"


def _show(subject: Subject, layer: int, stride: Stride) -> str:
    if stride.is_known:
        return f"stride {stride.factor:g}"
    if stride.origin == layer:
        return "an unknown stride"
    origin = subject.document.describe(stride.origin)
    if stride.factor == 1:
        return f"the stride of {origin}"
    return f"{stride.factor:g} times the stride of {origin}"


_LEVELS = model_text(_BACKBONE, "[[0, 1, 2], 1, ASFF, [0]]\n[[-1], 1, Detect, [nc]]")


def _fork(unread: int) -> ParserFacts:
    """Return a fork whose code runs every row, but for those that are not understood."""
    names = ParserNames(frozenset({"Conv", "ASFF", "Detect"}))
    return ParserFacts("yolo.py", "parse_model", names, ask=lambda _: _answer(unread))


def _answer(unread: int) -> BuildAnswer:
    return BuildAnswer(("",), rows=5, unread=unread)


RULE = Rule(
    code="operand-strides",
    severity="error",
    summary="A Concat, a sum or a fusion joins inputs of strides that do not fit.",
    why="A feature map of stride 16 is half as wide as one of stride 8. The forward pass fails, "
    "or, in a sum whose sizes happen to broadcast, silently adds unrelated positions. Strides are "
    "tracked through the modules yamlmod knows; after an unknown module, relative to it. ASFF "
    "joins three levels, of which each has half the stride of the one before. With --repo, what "
    "the fork's code runs is no error.",
    check=_check,
    valid=(
        Valid(model_text(_BACKBONE, "[[2, 1, 0], 1, ASFF, [0]]\n[[-1], 1, Detect, [nc]]")),
        Valid(_LEVELS, builder=_fork(unread=0)),
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
            model_text(
                "[-1, 1, MbStem, [16]]",
                "[-1, 1, nn.Upsample, [None, 2, nearest]]\n[[-1, 0], 1, Concat, [1]]\n"
                "[[2], 1, Detect, [nc]]",
            ),
            (2,),
        ),
        Invalid(
            model_text(_BACKBONE, "[[0, 1], 1, Add, []]\n[[2, 3], 1, Detect, [nc, anchors]]"), (3,)
        ),
        Invalid(_LEVELS, (3,)),
        Invalid(_LEVELS, (3,), builder=_fork(unread=1)),
        Invalid(
            model_text(_BACKBONE, "[[0, 1], 1, BiFPN_Concat, []]\n[[-1], 1, Detect, [nc]]"), (3,)
        ),
    ),
)
