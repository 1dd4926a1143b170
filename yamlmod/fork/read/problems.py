"""Collect the problems of a YAML at all scales, and propose correct rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from yamlmod.fork.read.answers import (
    Failure,
    NetworkReading,
    RowReading,
    has_unknown,
    output_channels,
    row_of,
    spelled,
)
from yamlmod.fork.read.misplaced import misplaced
from yamlmod.fork.read.network import ForkReader
from yamlmod.fork.read.rows import args_of, nominals_at, sources_of, with_args
from yamlmod.model.build_answer import BuildAnswer, BuildDoubt, BuildProblem

_MARKS = {"i": "its index", "f": "its `from`", "type": "the name of its class", "np": "a count"}
_TRIES = 6


def scales_of(data: Mapping[str, Any]) -> list[str]:
    """Return the names of a YAML's scales; one without a name where it has none."""
    scales = data.get("scales")
    return [str(name) for name in scales] if isinstance(scales, dict) and scales else [""]


def answer(reader: ForkReader, data: Mapping[str, Any]) -> BuildAnswer:
    """Return what a fork makes of a YAML, at all its scales."""
    scales = scales_of(data)
    readings = {scale: reader.read(data, scale) for scale in scales}
    problems = [
        problem._replace(proposal=_proposal(reader, data, problem, readings))
        for problem in _problems(reader, readings)
    ]
    first = readings[scales[0]]
    return BuildAnswer(
        scales=tuple(scales),
        problems=tuple(problems),
        doubts=tuple(_doubts(first)),
        unknown_names=dict(_unknown_names(first)),
        rows=len(first.rows),
        unread=sum(1 for row in first.rows if not _is_read(row, first)),
        reason=_reason(first),
    )


def _is_read(row: RowReading, reading: NetworkReading) -> bool:
    """Check whether a row was understood; one that fails was."""
    failed = {f.layer for f in (reading.failure, *reading.later) if f is not None}
    return row.index in failed or bool(row.class_name and not row.unknown)


def _reason(reading: NetworkReading) -> str:
    rows = [row.unknown for row in reading.rows if row.unknown and not _is_read(row, reading)]
    if rows or reading.reason:
        return rows[0] if rows else reading.reason
    return "" if reading.rows else next((reason for _, _, reason in reading.unknowns), "")


def _problems(reader: ForkReader, readings: Mapping[str, NetworkReading]) -> Iterator[BuildProblem]:
    """Yield the failures, the same one at several scales once."""
    found: dict[tuple[int | None, str, str], list[tuple[str, Failure, NetworkReading]]] = {}
    for scale, reading in readings.items():
        for failure in _failures(reading):
            key = (failure.layer, failure.stage, failure.kind)
            found.setdefault(key, []).append((scale, failure, reading))
    for items in found.values():
        _, failure, reading = items[0]
        row = row_of(reading, failure.layer)
        scales = tuple(scale for scale, _, _ in items)
        yield BuildProblem(
            layer=failure.layer,
            stage=failure.stage,
            kind=failure.kind,
            message=failure.message,
            scales=scales,
            everywhere=len(scales) == len(readings),
            class_name=row.class_name if row else "",
            args=spelled(row.args) if row and row.class_name else "",
            branch=_branch(reader, row),
            place=failure.place,
            trail=failure.trail[::-1],
        )


def _failures(reading: NetworkReading) -> Iterator[Failure]:
    """Yield the first failure, and those behind it that do not hang on a layer that failed."""
    if reading.failure is None:
        return
    yield reading.failure
    seen = {reading.failure.layer}
    ran = reading.failure.stage == "forward"
    for failure in reading.later:
        if failure.layer in seen or failure.layer is None:
            continue
        if failure.stage in ("parse", "constructor") and not ran:
            seen.add(failure.layer)
            yield failure


def _branch(reader: ForkReader, row: RowReading | None) -> str:
    if row is None or row.branch is None:
        return ""
    source = reader.source(reader.parser)
    return f"{source.shown if source else reader.parser}:{row.branch}"


def _doubts(reading: NetworkReading) -> Iterator[BuildDoubt]:
    for row in reading.rows:
        for text in misplaced(row):
            yield BuildDoubt(row.index, "misplaced", text)
        for mark in row.overwritten:
            yield BuildDoubt(
                row.index,
                "overwritten",
                f"{row.class_name} has an attribute {mark} of its own, and the parser sets it to "
                f"{_MARKS[mark]}",
            )


def _unknown_names(reading: NetworkReading) -> Iterator[tuple[str, str]]:
    for row in reading.rows:
        if row.calls and not row.defined and row.unknown_class:
            yield row.module, row.unknown_class


def _proposal(
    reader: ForkReader,
    data: Mapping[str, Any],
    problem: BuildProblem,
    readings: Mapping[str, NetworkReading],
) -> str:
    """Return the args with which the layer builds and runs at every scale, or an empty text."""
    if problem.layer is None or (problem.stage == "parse" and not problem.class_name):
        return ""
    args = args_of(data, problem.layer)
    if args is None:
        return ""
    for candidate in _candidates(data, args, problem.layer, readings):
        changed = with_args(data, problem.layer, candidate)
        if all(_passes(reader.read(changed, scale), problem.layer) for scale in readings):
            return spelled(candidate)
    return ""


def _passes(reading: NetworkReading, layer: int) -> bool:
    row = row_of(reading, layer)
    if row is None or has_unknown(row.args) or row.unknown:
        return False
    failure = reading.failure
    return failure is None or (failure.layer is not None and failure.layer > layer + 1)


def _candidates(
    data: Mapping[str, Any], args: list[Any], layer: int, readings: Mapping[str, NetworkReading]
) -> list[list[Any]]:
    """Return args to try: other channels in the first place, then fewer of them."""
    sources = sources_of(data, layer)
    above = (row_of(reading, source) for reading in readings.values() for source in sources)
    channels = [number for row in above if row and (number := output_channels(row))]
    nominal = [number for source in sources for number in nominals_at(data, source)]
    own = [a for a in args[:1] if isinstance(a, int) and not isinstance(a, bool)]
    numbers = [*channels, *(a * 2 for a in own), *(a // 2 for a in own)]
    if len(set(channels)) > 1:  # one number cannot be the channels of every scale
        numbers = [*nominal, *numbers]
    found = [[number, *args[1:]] for number in dict.fromkeys([*numbers, *nominal])]
    found += [args[:1], [], args[1:]]
    unlike = [candidate for candidate in found if candidate != args]
    return [c for i, c in enumerate(unlike) if c not in unlike[:i]][:_TRIES]
