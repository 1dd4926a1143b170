"""Compare an added scale with the official file of it, row by row."""

from __future__ import annotations

from pathlib import Path

from tools.real_forks import fork_folder
from tools.scales.judge import Plain
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.add_head.plan import add_head

_ULTRALYTICS, _YOLOV5 = "ultralytics==8.4.190", "yolov5==7.0.14"
PAIRS = (
    (_YOLOV5, "models/yolov5l.yaml", "P2", "models/hub/yolov5-p2.yaml"),
    (_YOLOV5, "models/yolov5l.yaml", "P6", "models/hub/yolov5-p6.yaml"),
    (_YOLOV5, "models/yolov5n.yaml", "P6", "models/hub/yolov5n6.yaml"),
    (_YOLOV5, "models/yolov5s.yaml", "P6", "models/hub/yolov5s6.yaml"),
    (_YOLOV5, "models/yolov5m.yaml", "P6", "models/hub/yolov5m6.yaml"),
    (_YOLOV5, "models/yolov5l.yaml", "P6", "models/hub/yolov5l6.yaml"),
    (_YOLOV5, "models/yolov5x.yaml", "P6", "models/hub/yolov5x6.yaml"),
    (_YOLOV5, "models/hub/yolov5-p6.yaml", "P7", "models/hub/yolov5-p7.yaml"),
    (_YOLOV5, "models/hub/yolov5-p34.yaml", "P5", "models/yolov5s.yaml"),
    (_ULTRALYTICS, "cfg/models/v5/yolov5.yaml", "P6", "cfg/models/v5/yolov5-p6.yaml"),
    (_ULTRALYTICS, "cfg/models/v8/yolov8.yaml", "P2", "cfg/models/v8/yolov8-p2.yaml"),
    (_ULTRALYTICS, "cfg/models/v8/yolov8.yaml", "P6", "cfg/models/v8/yolov8-p6.yaml"),
    (_ULTRALYTICS, "cfg/models/v8/yolov8-ghost.yaml", "P2", "cfg/models/v8/yolov8-ghost-p2.yaml"),
    (_ULTRALYTICS, "cfg/models/v8/yolov8-ghost.yaml", "P6", "cfg/models/v8/yolov8-ghost-p6.yaml"),
    (_ULTRALYTICS, "cfg/models/v8/yolov8-seg.yaml", "P6", "cfg/models/v8/yolov8-seg-p6.yaml"),
    (_ULTRALYTICS, "cfg/models/v8/yolov8-pose.yaml", "P6", "cfg/models/v8/yolov8-pose-p6.yaml"),
    (_ULTRALYTICS, "cfg/models/26/yolo26.yaml", "P2", "cfg/models/26/yolo26-p2.yaml"),
    (_ULTRALYTICS, "cfg/models/26/yolo26.yaml", "P6", "cfg/models/26/yolo26-p6.yaml"),
)


def official_table() -> str:
    """Return the comparison with every official file as a table, and then the rows that differ."""
    lines = [
        "| from | add | official file | layers | references | modules | channels | other args |",
        "|--|--|--|--|--|--|--|--|",
    ]
    details: list[str] = []
    for spec, base, level, official in PAIRS:
        folder = fork_folder(spec)
        name = Path(official).name
        cells = [f"{Path(base).name} ({spec.partition('==')[0]})", level, name]
        counts, rows = compared(_text(folder / base), level, _text(folder / official))
        lines.append("| " + " | ".join([*cells, *counts]) + " |")
        details += [f"{name}: {row}" for row in rows]
    return "\n".join([*lines, "", *details])


def compared(base: str, level: str, official: str) -> tuple[list[str], list[str]]:
    """Return the number of layers and how many rows differ in what; and these rows."""
    ours = Plain.read(add_head(read_network(base, "base"), level).text)
    theirs = Plain.read(official)
    if len(ours.rows) != len(theirs.rows):
        return [
            str(len(ours.rows)),
            f"{len(theirs.rows)} layers in the official file",
            "",
            "",
            "",
        ], []
    # The head's own args hold counts of classes and anchors.
    pairs = list(enumerate(zip(ours.rows, theirs.rows, strict=True)))
    reads = [i for i, (row, other) in pairs if row[0] != other[0]]
    modules = [i for i, (row, other) in pairs if row[2] != other[2]]
    args = [
        i
        for i, (row, other) in pairs[:-1]
        if row[2] == other[2] and (row[1], row[3]) != (other[1], other[3])
    ]
    channels = [
        i
        for i in args
        if (ours.rows[i][1], ours.rows[i][3][1:]) == (theirs.rows[i][1], theirs.rows[i][3][1:])
    ]
    others = [i for i in args if i not in channels]
    words = [_count(part) for part in (reads, modules, channels, others)]
    rows = [
        f"{i} {_row(ours.rows[i])}, official {_row(theirs.rows[i])}"
        for i in sorted({*reads, *modules, *args})
    ]
    return [str(len(ours.rows)), *words], rows


def _count(rows: list[int]) -> str:
    return f"{len(rows)} differ" if rows else "the same"


def _row(row: tuple[object, ...]) -> str:
    return f"{_short(row[0])} {row[2]} {row[1]}x{_short(row[3])}"


def _short(args: object) -> str:
    return str(args).replace(" ", "").replace("'", "")


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def ultralytics_texts() -> list[tuple[str, str]]:
    """Return the detection networks of ultralytics, one text each."""
    folder = fork_folder(_ULTRALYTICS) / "cfg" / "models"
    skipped = ("-cls", "-sem", "yoloe", "-depth")
    paths = sorted(p for p in folder.rglob("*.yaml") if not any(s in p.name for s in skipped))
    return [(path.name, _text(path)) for path in paths]
