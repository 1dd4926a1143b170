"""With --repo: rows whose branch hands a class other arguments than its constructor takes."""

from __future__ import annotations

from collections.abc import Iterator

from yamlmod.checks.finding import Finding
from yamlmod.checks.rule import Invalid, Rule, Valid, model_text
from yamlmod.checks.subject import Subject
from yamlmod.model.builder import Builder, ParserNames, Passed, Signature

_CHANNELS = frozenset(
    [
        "c1",
        "ch_in",
        "in_channels",
        "in_planes",
        "inp",
        "dim",
        "channel",
        "channels",
        "in_channel",
        "in_ch",
        "c_in",
    ]
)


def _check(subject: Subject) -> Iterator[Finding]:
    builder = subject.builder
    if builder is None:
        return
    for row in subject.rows:
        signature = builder.signatures.get(row.module)
        passed = builder.passed_to(row.module)
        count = passed.count(len(row.args))
        if signature is None or count is None:
            continue
        name = f"layer {row.index} {row.module}"
        where = "the last else" if passed.branch is None else f"the branch at line {passed.branch}"
        most = "any number" if signature.most is None else str(signature.most)
        if count < signature.least or (signature.most is not None and count > signature.most):
            yield subject.at_row(
                RULE.code,
                "error",
                row,
                f"{name}: {where} of {builder.function} hands the class {count} arguments, and its "
                f"constructor takes {signature.least} to {most} ({', '.join(signature.names)})",
                span=row.spans[3],
                help=_help(signature, passed),
            )


def _help(signature: Signature, passed: Passed) -> str:
    first = signature.names[0] if signature.names else ""
    if passed.branch is None and first in _CHANNELS:
        return (
            f"nothing fills in {first}: no branch of the parser names the class; list it in one "
            "(`yamlmod patch` does it for modules of the registry)"
        )
    return "change the args of the row, or the branch"


_TEXT = model_text(
    "[-1, 1, Conv, [64, 3, 2]]\n[-1, 1, CBAM, [64]]", "[[1], 1, Detect, [nc, anchors]]"
)


def _fork(passed: dict[str, Passed]) -> Builder:
    return Builder(
        "models/yolo.py",
        "parse_model",
        ParserNames(frozenset({"Conv", "CBAM", "Detect"})),
        signatures={"CBAM": Signature(2, 4, ("c1", "c2", "ratio", "kernel_size"))},
        passed=passed,
    )


RULE = Rule(
    code="wrong-branch",
    severity="error",
    summary="The parser's branch does not hand this class what its constructor takes.",
    why="A class that no branch of parse_model names falls to the last else, which hands on "
    "the row's args as they are: a constructor (c1, c2, ...) then takes the output "
    "channels for its input's. Only numbers of arguments that cannot fit are reported; "
    "branches are read statically, and one that is not understood is passed over.",
    check=_check,
    valid=(Valid(_TEXT, builder=_fork({"CBAM": Passed(300, 1)})),),
    invalid=(Invalid(_TEXT, (1,), builder=_fork({})),),
    needs_repo=True,
)
