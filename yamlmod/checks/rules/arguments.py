"""Report args with another meaning than intended: channels, kernels, scaled numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from yamlmod.checks.finding import Finding, Fix
from yamlmod.checks.known_args import objection
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject, number, template_of
from yamlmod.edits import Edit
from yamlmod.model.document import Row
from yamlmod.model.parse import value_key
from yamlmod.model.refs import IMAGE
from yamlmod.model.render import render_args

if TYPE_CHECKING:
    from yamlmod.registry.template import Template

# No real layer has so few channels; kernel sizes and ratios are such numbers.
_FEW = 11
_BLOCKS = ("C3", "C2", "A2C2", "Bottleneck")
_ATTENTION = frozenset({"channel", "spatial", "self"})


def _check(subject: Subject) -> Iterator[Finding]:
    for row in subject.rows:
        yield from _number(subject, row)
        template = template_of(row.module)
        problem = objection(row)
        if template is not None and _own_class(subject, row):
            continue  # the fork's class says what its args are, and `wrong-branch` counts them
        if template is not None:
            yield from _template_row(subject, row, template)
        elif problem is not None and not _own_class(subject, row) and not _all_so(subject, row):
            yield _known(subject, row, problem)
        elif _takes_channels(subject, row):
            yield from _channels(subject, row)


def _known(subject: Subject, row: Row, problem: str) -> Finding:
    return subject.at_row(
        RULE.code,
        "warning",
        row,
        problem,
        span=row.spans[3],
        help="change the args, unless your fork has its own class with this name",
    )


def _number(subject: Subject, row: Row) -> Iterator[Finding]:
    if number(row.repeats) is None:
        yield subject.at_row(
            RULE.code,
            "error",
            row,
            f"the repeats of layer {row.index} {row.module} are {row.repeats!r}, not an integer",
            span=row.spans[1],
            help="the second column is the number of repeats: write 1",
        )


def _own_class(subject: Subject, row: Row) -> bool:
    return subject.builder is not None and row.module in subject.builder.constructed


def _all_so(subject: Subject, row: Row) -> bool:
    """Check for rows that are all unusual in the same way: the fork's own class."""
    others = [other for other in subject.rows if other.module == row.module]
    form = len(row.args)
    return len(others) > 2 and all(objection(o) and len(o.args) == form for o in others)


def _takes_channels(subject: Subject, row: Row) -> bool:
    kind = subject.kind(row)
    return kind is not None and kind.channels == "scaled"


def _channels(subject: Subject, row: Row) -> Iterator[Finding]:
    """Report a kernel size or a ratio instead of output channels."""
    first = number(row.args[0]) if row.args else None
    # Plain convolutions may predict few values, and layers after the image may prepare it.
    free = row.module.startswith("nn.") or any(
        read.target == IMAGE for read in subject.graph.reads[row.index]
    )
    if first is not None and 0 < first <= _FEW and not free:
        yield subject.at_row(
            RULE.code,
            "warning",
            row,
            f"layer {row.index} {row.module} would have {first} output channels: "
            "this looks like a kernel size or a ratio",
            span=row.spans[3],
            help="the first argument of this module is its output channels, before width scaling",
        )


def _template_row(subject: Subject, row: Row, template: Template) -> Iterator[Finding]:
    problem = _wild(row, template) or _objection(subject, row, template)
    if problem is not None:
        yield _finding(subject, row, template, problem)
        return
    # A block such as C3CA, or a convolution, may change the channels; attention keeps them.
    kinds = template.kind or ("self",)
    changes = row.module.startswith(_BLOCKS) or _ATTENTION.isdisjoint(kinds)
    if template.takes_nominal and row.args and not changes:
        problem = _scaled_by_hand(subject, row)
        if problem is not None:
            yield _finding(subject, row, template, problem)


def _wild(row: Row, template: Template) -> str | None:
    """Explain published args that the registry knows to be wrong."""
    args = value_key(row.args)
    for wild in template.wild:
        if wild.args == args and wild.verdict == "refused":
            return f"the args {args} of layer {row.index} {row.module} are {wild.meaning}"
    return None


def _objection(subject: Subject, row: Row, template: Template) -> str | None:
    values = [None if value == "None" else value for value in row.args]
    name = f"layer {row.index} {row.module}"
    if template.takes_nominal:
        if not values:
            return None  # its fork may supply the channels
        first = number(values[0])
        if first is not None and 0 < first <= _FEW:
            return f"{name} would have {first} output channels: this looks like a kernel size"
        values = values[1:]
    first = number(values[0]) if values else None
    if not template.takes_nominal and first is not None and first > _FEW and first % 8 == 0:
        return (
            f"the first argument of {name} looks like a channel count, but "
            f"{template.name} takes none"
        )
    if len(values) > len(template.arguments):
        most = len(template.arguments) + template.takes_nominal
        return f"{name} has {len(row.args)} args, but {template.name} takes at most {most}"
    for argument, value in zip(template.arguments, values, strict=False):
        objection = argument.objection(value)
        if objection is not None:
            return f"{name}: {objection}"
    return None


def _scaled_by_hand(subject: Subject, row: Row) -> str | None:
    """Report channels that are already scaled by the width, which the parser scales again."""
    inputs, first = subject.inputs(row), number(row.args[0])
    if not inputs or first is None or len(inputs) != 1:
        return None
    shape, scales = inputs[0], subject.shapes.scales
    own = [i for i, scale in enumerate(scales) if scale.own and scale.width != 1]
    if shape.nominal is None or first == shape.nominal or not own:
        return None
    if first not in [shape.real[i] for i in own]:
        return None
    return (
        f"the {first} channels of layer {row.index} {row.module} are already width-scaled; the "
        f"parser scales them again (unscaled, its input has {shape.nominal})"
    )


def _finding(subject: Subject, row: Row, template: Template, message: str) -> Finding:
    inputs = subject.inputs(row) or []
    nominal = inputs[0].nominal if len(inputs) == 1 else None
    wanted = template.row_args(nominal)
    certain = None not in wanted
    text = render_args(subject.document, row, wanted) if certain else ""
    fix = Fix((Edit(*row.spans[3], text),), certain=False) if certain else None
    help = f"write {text}" if certain else "see `yamlmod info " + template.name + "`"
    # Many forks have a class of this name that takes channels: only a note.
    given = list(row.args)
    customary = template.rule != "conv" and (
        given == [nominal] or (nominal is None and len(given) == 1)
    )
    return subject.at_row(
        RULE.code,
        "note" if customary else "warning",
        row,
        message,
        span=row.spans[3],
        help=help + ", unless your fork has its own class or parser branch for it",
        fix=fix,
    )


def _case(row: str, settings: str = "nc: 4\nanchors: 3\nwidth_multiple: 0.5\n") -> str:
    return model_text(
        "[-1, 1, Conv, [64, 3, 2]]\n" + row, "[[1], 1, Detect, [nc, anchors]]", settings
    )


RULE = Rule(
    code="arguments",
    severity="warning",
    summary="An argument is a channel count, a kernel size or a scaled number in the wrong "
    "position.",
    why="Args are positional, and their meaning depends on the branch of parse_model. A "
    "channel count in the row of a module that takes none becomes its first parameter "
    "(`TripletAttention, [1024]` disables a branch); a kernel size instead of channels "
    "gives a layer with 7 channels; channels scaled by hand are scaled a second time. "
    "Modules of the registry are checked against their manifests, and modules that all families "
    "have (Conv, C3, SPPF, Concat, ...) against the args that every family accepts. A fork with "
    "its own class of the same name may differ.",
    check=_check,
    valid=(
        Valid(_case("[-1, 1, SimAM, []]")),
        Valid(_case("[-1, 1, ACmix, [64, 7]]")),
        Valid(_case("[-1, 1, C3, [64, False]]")),
        Valid(_case("[-1, 1, nn.Upsample, [None, 2, nearest]]")),
        Valid(_case("[-1, 1, Conv, [na*(nc+5), 1, 1]]")),
        Valid(_case("[-1, 1, nn.Conv2d, [1, 1]]")),
        Valid(_case("[-1, 1, GhostConv, [32, 1, 1]]")),
    ),
    invalid=(
        Invalid(_case("[-1, 1, SimAM, [64]]"), (1,), (), _case("[-1, 1, SimAM, []]")),
        Invalid(_case("[-1, 1, ACmix, [32]]"), (1,), (), _case("[-1, 1, ACmix, [64]]")),
        Invalid(_case("[-1, 1, ACmix, [7]]"), (1,), (), _case("[-1, 1, ACmix, [64]]")),
        Invalid(_case("[-1, 1, Conv, [3, 2]]"), (1,)),
        Invalid(_case("[-1, x, C3, [64]]"), (1,)),
        Invalid(_case("[-1, 1, Conv, []]"), (1,)),
        Invalid(_case("[-1, 1, Conv, [[64], 3, 2]]"), (1,)),
        Invalid(_case("[-1, 1, C3, [64, 3, 2]]"), (1,)),
        Invalid(_case("[-1, 1, SPPF, [64, 5, 1, True, 2]]"), (1,)),
        Invalid(_case("[-1, 1, nn.Upsample, [2, nearest]]"), (1,)),
        Invalid(_case("[[-1, 0], 1, Concat, [64]]"), (1,)),
    ),
)
