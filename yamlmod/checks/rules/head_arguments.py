"""Check the args of known heads: classes, anchors, masks, keypoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject, number
from yamlmod.model.build_answer import BuildAnswer
from yamlmod.model.document import Row
from yamlmod.model.known_modules import MODULES
from yamlmod.model.parser_facts import ParserFacts, ParserNames

_SPELLED = {
    "masks": "32",
    "prototypes": "256",
    "semantic": "93",
    "points": "nkpt",
    "shape": "kpt_shape",
    "angles": "1",
    "embedding": "512",
    "norm": "True",
}


def _check(subject: Subject) -> Iterator[Finding]:
    settings = subject.document.settings
    for row in subject.rows:
        known = MODULES.get(row.module)
        forms = [form.split() for form in known.forms] if known else []
        if not forms:
            continue
        fitting = [form for form in forms if _fits(form, row, settings)]
        if not fitting:
            # The fork's own class says what it takes, and `cannot-build` and `wrong-branch` ask it.
            if subject.built is None:
                yield _finding(subject, row, forms)
        elif subject.built is None and _leaves_anchors(fitting[0], forms, row, subject):
            yield _unused(subject, row)
        else:
            yield from _classes(subject, row)


def _fits(form: list[str], row: Row, settings: Mapping[str, Any]) -> bool:
    return len(form) == len(row.args) and all(
        _is(what, value, settings) for what, value in zip(form, row.args, strict=True)
    )


def _is(what: str, value: Any, settings: Mapping[str, Any]) -> bool:
    """Check whether a value can be what a head expects; a key of the file can be anything."""
    if isinstance(value, str):
        return value == what or (value in settings and what != "nc" != value)
    if what == "norm":
        return isinstance(value, bool)
    if what == "shape":
        return isinstance(value, list)
    return number(value) is not None or (what == "anchors" and isinstance(value, list))


def _leaves_anchors(form: list[str], forms: list[list[str]], row: Row, subject: Subject) -> bool:
    """Check whether a head that may take anchors leaves the file's table unused."""
    if "anchors" in form or len(forms) < 2:
        return False
    settings = subject.document.settings
    used = any("anchors" in other.args for other in subject.rows)
    # Anchor-free files of YOLOv9 keep a number; a list is made for one model.
    return isinstance(settings.get("anchors"), list) and not used


def _unused(subject: Subject, row: Row) -> Finding:
    return subject.at_row(
        RULE.code,
        "warning",
        row,
        f"layer {row.index} {row.module} gets no anchors, but the file has an anchor table",
        span=row.spans[3],
        help="a YOLOv5 or YOLOv7 head takes [nc, anchors]; for an anchor-free head, as in "
        "YOLOv8, remove `anchors:`",
    )


def _finding(subject: Subject, row: Row, forms: list[list[str]]) -> Finding:
    takes = " or ".join(f"[{', '.join(_SPELLED.get(w, w) for w in form)}]" for form in forms)
    given = f"[{', '.join(map(str, row.args))}]"
    return subject.at_row(
        RULE.code,
        "warning",
        row,
        f"layer {row.index} {row.module} gets {given}, but takes {takes}",
        span=row.spans[3],
        help="parse_model appends the input channels to these args, so their number matters; "
        "ignore this if your fork has its own head with this name",
    )


def _classes(subject: Subject, row: Row) -> Iterator[Finding]:
    """Report a class count other than the file's: --data and nc= then change only one of them."""
    classes = number(subject.document.settings.get("nc"))
    given = number(row.args[0])
    if given is not None and classes is not None and given != classes:
        yield subject.at_row(
            RULE.code,
            "warning",
            row,
            f"layer {row.index} {row.module} is built for {given} classes, but the file has "
            f"nc: {classes}",
            span=row.spans[3],
            help="write nc instead of the number",
        )


_ROWS = "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, Conv, [128, 3, 2]]"
_TABLE = "nc: 4\nanchors:\n  - [1,2, 3,4]\n  - [5,6, 7,8]\n"


def _case(head: str, settings: str = _TABLE) -> str:
    return model_text(_ROWS, f"[[0, 1], 1, {head}]", settings)


_FORK = ParserFacts(
    "models/yolo.py",
    "parse_model",
    ParserNames(frozenset({"Conv", "Detect"})),
    ask=lambda data: BuildAnswer(("",)),
)

RULE = Rule(
    code="head-arguments",
    severity="warning",
    summary="A head gets other args than heads of its name take.",
    why="parse_model appends the channels of the head's inputs to the row's args, so one argument "
    "too many or too few shifts them: `Detect, [nc]` in a model with anchors "
    "uses the channels as anchors, `Pose, [nc]` as the shape of its keypoints. A head name that "
    "several families use may take either form. With --repo the fork's class "
    "decides: `cannot-build` and `wrong-branch` report args that do not fit.",
    check=_check,
    valid=(
        Valid(_case("Detect, [nc, anchors]")),
        Valid(_case("Detect, [nc]", "nc: 4\n")),
        Valid(_case("Detect, [nc]", "nc: 4\nanchors: 3\n")),
        Valid(_case("Detect, [4, [[1, 2], [3, 4]]]", "nc: 4\n")),
        Valid(_case("Segment, [nc, 32, 256]", "nc: 4\n")),
        Valid(_case("Segment, [nc, anchors, 32, 256]")),
        Valid(_case("Pose, [nc, kpt_shape]", "nc: 4\nkpt_shape: [17, 3]\n")),
        Valid(_case("OBB, [nc, 1]", "nc: 4\n")),
        Valid(_case("MyDetect, [nc, anchors, 3]")),
        Valid(_case("Detect, [nc]"), builder=_FORK),
        Valid(_case("Pose, [nc]", "nc: 4\n"), builder=_FORK),
    ),
    invalid=(
        Invalid(_case("Detect, [nc]"), (2,)),
        Invalid(_case("Detect, [nc, anchors, 3]"), (2,)),
        Invalid(_case("Detect, [anchors, nc]"), (2,)),
        Invalid(_case("Detect, [80, anchors]"), (2,)),
        Invalid(_case("IDetect, [nc]"), (2,)),
        Invalid(_case("Segment, [nc, anchors]"), (2,)),
        Invalid(_case("DDetect, [nc, anchors]"), (2,)),
        Invalid(_case("Pose, [nc]", "nc: 4\n"), (2,)),
        Invalid(_case("OBB, [nc]", "nc: 4\n"), (2,)),
        Invalid(_case("IKeypoint, [nc, anchors]"), (2,)),
    ),
)
