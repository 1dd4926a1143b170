"""A reading beside the truth: rows exact, failures predicted, false, missed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from yamlmod.fork.read.answers import (
    NetworkReading,
    RowReading,
    Sizes,
    Symbol,
    UnknownPart,
    has_unknown,
)


@dataclass
class Tally:
    """Counts over many cases, and lines on those that differ."""

    counts: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add another tally."""
        self.counts.update(other.counts)
        self.lines += other.lines
        self.seconds += other.seconds


def compare(title: str, reading: NetworkReading, truth: dict[str, Any], tally: Tally) -> None:
    """Count one case."""
    counts = tally.counts
    error = truth.get("error")
    if error is not None and by_stand_in(error):
        counts["left out"] += 1
        return
    counts["cases"] += 1
    if error is not None and error["parsed"] and len(truth["outputs"]) == len(truth["rows"]):
        counts["fails behind"] += 1  # all layers ran: what fails is no part of the network
        error = None
    _rows(title, reading, truth, tally)
    failure = reading.failure
    if error is None:
        counts["builds"] += 1
        if failure is not None:
            counts["false"] += 1
            tally.lines.append(f"FALSE {title}: {_shown(failure)}")
        return
    counts["fails"] += 1
    truly = f"layer {error['layer']}: {error['kind']}: {error['message'][:160]}"
    if failure is None:
        counts["missed"] += 1
        tally.lines.append(f"MISSED {title}: {truly} at {error['where'][-2:]} ({reading.reason})")
        return
    counts["predicted"] += 1
    if error["layer"] is not None:
        counts["with layer"] += 1
        counts["right layer"] += failure.layer == error["layer"]
    counts["right kind"] += failure.kind == error["kind"]
    if failure.layer != error["layer"] or failure.kind != error["kind"]:
        tally.lines.append(f"OTHER {title}: read {_shown(failure)}; truth {truly}")


def by_stand_in(error: dict[str, Any]) -> bool:
    """Return whether a build failed since a package is stood in for, and would not with it."""
    return bool(error.get("by_stand_in")) or (
        "torchvision" in error.get("stand_ins", ())
        and any(part.startswith("block.py") for part in error["where"][-1:])
    )


def _shown(failure: Any) -> str:
    message = failure.message[:160]
    where = f"layer {failure.layer} ({failure.stage})"
    return f"{where}: {failure.kind}: {message} {failure.place} {failure.trail}"


def _rows(title: str, reading: NetworkReading, truth: dict[str, Any], tally: Tally) -> None:
    rows = {row.index: row for row in reading.rows}
    channels = truth["channels"] or []
    for key, true in truth["rows"].items():
        index = int(key)
        row = rows.get(index)
        tally.counts["rows"] += 1
        noted = _noted(channels, index, len(truth["rows"]), truth)
        word = "unread" if row is None else _row(row, true, noted)
        tally.counts[f"rows {word}"] += 1
        if word != "exact":
            shown = None if row is None else (row.class_name, row.args, row.calls, row.channels)
            tally.lines.append(
                f"ROW {word} {title} row {index}: read {shown}; truth {true} {noted}"
            )
        if row is not None:
            _output(title, row, truth["outputs"].get(key), tally)


def _noted(channels: list[Any], index: int, count: int, truth: dict[str, Any]) -> Any:
    """Return what the parse function noted for a row; some keep the image's in front."""
    if truth.get("error") and not truth["error"]["parsed"]:
        return None
    offset = len(channels) - count
    return channels[index + offset] if offset in (0, 1) else None


def _row(row: RowReading, true: dict[str, Any], noted: Any) -> str:
    read = [data_of(arg) for arg in row.args]
    same = row.class_name == true["class"] and read == true.get("args")
    same = same and row.calls == true["calls"]
    if same and (noted is None or data_of(row.channels) == noted):
        return "exact"
    if has_unknown([row.args, row.channels]) or row.unknown or not row.class_name:
        return "unknown"
    return "wrong"


def data_of(value: Any) -> Any:
    """Return data of an answer as the truth spells it."""
    if isinstance(value, Symbol):
        return {"name": value.name}
    if isinstance(value, Sizes):
        return {"shape": None if value.sizes is None else list(value.sizes)}
    if isinstance(value, UnknownPart):
        return {"unknown": value.reason}
    if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
        return repr(value)
    return [data_of(item) for item in value] if isinstance(value, (list, tuple)) else value


def _output(title: str, row: RowReading, true: Any, tally: Tally) -> None:
    if true is None or row.output is None:
        return
    read = data_of(row.output)
    if has_unknown(row.output) or "unknown" in str(read):
        tally.counts["outputs unknown"] += 1
        agreed = _agrees(read, true)
        if not agreed:
            tally.counts["outputs wrong"] += 1
            tally.lines.append(f"OUTPUT {title} row {row.index}: read {read}; truth {true}")
    elif read == true or not isinstance(read, (dict, list)):
        tally.counts["outputs right"] += 1
    else:
        tally.counts["outputs wrong"] += 1
        tally.lines.append(f"OUTPUT {title} row {row.index}: read {read}; truth {true}")


def _agrees(read: Any, true: Any) -> bool:
    if isinstance(read, dict) and isinstance(true, dict) and read.get("shape") is not None:
        pairs = list(zip(read["shape"], true.get("shape") or [], strict=False))
        same = len(read["shape"]) == len(true.get("shape") or [])
        return same and all(a is None or a == b for a, b in pairs)
    return True
