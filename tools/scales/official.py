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
    """Return the comparison with every official file as a table."""
    lines = [
        "| from | add | official file | layers | modules and references | args that differ |",
        "|--|--|--|--|--|--|",
    ]
    for spec, base, level, official in PAIRS:
        folder = fork_folder(spec)
        cells = [f"{Path(base).name} ({spec.partition('==')[0]})", level, Path(official).name]
        cells += compared(_text(folder / base), level, _text(folder / official))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def compared(base: str, level: str, official: str) -> tuple[str, str, str]:
    """Return the number of layers, how the graphs compare, and which args differ."""
    ours = Plain.read(add_head(read_network(base, "base"), level).text)
    theirs = Plain.read(official)
    if len(ours.rows) != len(theirs.rows):
        return str(len(ours.rows)), f"{len(theirs.rows)} layers in the official file", ""
    pairs = list(enumerate(zip(ours.rows, theirs.rows, strict=True)))
    reads = [i for i, (one, other) in pairs if one[0] != other[0]]
    modules = [f"{i} {other[2]}" for i, (one, other) in pairs if one[2] != other[2]]
    same = "the same" if not reads and not modules else ""
    if reads:
        same = f"references differ in {reads}"
    elif modules:
        same = f"references the same; official: {', '.join(modules)}"
    args = [
        f"{i} {one[2]} {one[1]}x{_short(one[3])}, official {other[1]}x{_short(other[3])}"
        for i, (one, other) in pairs
        if one[2] == other[2] and (one[1], one[3]) != (other[1], other[3]) and i < pairs[-1][0]
    ]
    return str(len(ours.rows)), same, "; ".join(args) or "none"


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
