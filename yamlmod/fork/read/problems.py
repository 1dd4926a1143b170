"""From readings at every scale to what is wrong with a YAML, and to the row that would be right."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from yamlmod.fork.read.answers import (
    Failure,
    NetworkReading,
    RowReading,
    Sizes,
    Symbol,
    UnknownPart,
    has_unknown,
)
from yamlmod.fork.read.network import ForkReader
from yamlmod.model.build_answer import BuildAnswer, BuildDoubt, BuildProblem

_KERNELS = frozenset({"k", "kernel", "kernel_size", "k_size", "ks"})
_RATIOS = frozenset({"reduction", "ratio", "r", "e", "expansion"})
_SWITCHES = frozenset({"shortcut", "bias", "act", "residual", "add"})
# No kernel of a real network is as wide; channel counts are.
_WIDE = 32
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
        replace(problem, proposal=_proposal(reader, data, problem, readings))
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
    """Return whether a row was understood; one that fails was."""
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
        row = _row(reading, failure.layer)
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


def _row(reading: NetworkReading, layer: int | None) -> RowReading | None:
    return next((row for row in reading.rows if row.index == layer), None)


def _branch(reader: ForkReader, row: RowReading | None) -> str:
    if row is None or row.branch is None:
        return ""
    source = reader.source(reader.parser)
    return f"{source.shown if source else reader.parser}:{row.branch}"


def _doubts(reading: NetworkReading) -> Iterator[BuildDoubt]:
    for row in reading.rows:
        yield from _misplaced(row)
        for mark in row.overwritten:
            yield BuildDoubt(
                row.index,
                "overwritten",
                f"{row.class_name} has an attribute {mark} of its own, and the parser sets it to "
                f"{_MARKS[mark]}",
            )


def _misplaced(row: RowReading) -> Iterator[BuildDoubt]:
    for name, value in zip(row.parameters, row.args, strict=False):
        number = isinstance(value, int) and not isinstance(value, bool)
        if not number or value < _WIDE:
            continue
        what = "a kernel" if name in _KERNELS else "a ratio" if name in _RATIOS else ""
        what = "a switch" if name in _SWITCHES else what
        if what:
            yield BuildDoubt(
                row.index,
                "misplaced",
                f"{row.class_name} is given {spelled(row.args)}: its parameter {name}, {what}, "
                f"gets {value}",
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
    args = _args(data, problem.layer)
    if args is None:
        return ""
    for candidate in _candidates(args, problem, readings):
        changed = copy.deepcopy(dict(data))
        _set_args(changed, problem.layer, candidate)
        if all(_passes(reader.read(changed, scale), problem.layer) for scale in readings):
            return spelled(candidate)
    return ""


def _passes(reading: NetworkReading, layer: int) -> bool:
    row = _row(reading, layer)
    if row is None or has_unknown(row.args) or row.unknown:
        return False
    failure = reading.failure
    return failure is None or (failure.layer is not None and failure.layer > layer + 1)


def _candidates(
    args: list[Any], problem: BuildProblem, readings: Mapping[str, NetworkReading]
) -> list[list[Any]]:
    """Return args to try: other channels in the first place, then fewer of them."""
    channels: list[int] = []
    for reading in readings.values():
        row = _row(reading, (problem.layer or 0) - 1)
        if row is not None and isinstance(row.output, Sizes) and row.output.sizes is not None:
            size = row.output.sizes[1] if len(row.output.sizes) > 1 else None
            channels += [size] if size else []
    own = [a for a in args[:1] if isinstance(a, int) and not isinstance(a, bool)]
    numbers = [*channels, *(a * 2 for a in own), *(a // 2 for a in own)]
    found = [[number, *args[1:]] for number in dict.fromkeys(numbers)]
    found += [args[:1], [], args[1:]]
    unlike = [candidate for candidate in found if candidate != args]
    return [c for i, c in enumerate(unlike) if c not in unlike[:i]][:_TRIES]


def _args(data: Mapping[str, Any], layer: int) -> list[Any] | None:
    rows = [*data.get("backbone", ()), *data.get("head", ())]
    args = rows[layer][3] if layer < len(rows) and len(rows[layer]) > 3 else None
    return list(args) if isinstance(args, list) else None


def _set_args(data: dict[str, Any], layer: int, args: Sequence[Any]) -> None:
    backbone = data["backbone"]
    table = backbone if layer < len(backbone) else data["head"]
    table[layer - (0 if table is backbone else len(backbone))][3] = list(args)


def spelled(value: Any) -> str:
    """Return arguments as a row or a call spells them."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(spelled, value)) + "]"
    if isinstance(value, UnknownPart):
        return "?"
    if isinstance(value, Symbol):
        return value.name
    return str(value)
