"""Small networks of any scales and head, whose layers have labels: what became what is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_WIDTH = {1: 16, 2: 24, 3: 32, 4: 64, 5: 96, 6: 128, 7: 160}
Row = tuple[str, str]


@dataclass
class Network:
    """Rows by their labels, in order."""

    rows: dict[str, Row] = field(default_factory=dict)

    def add(self, label: str, source: str, module: str) -> str:
        self.rows[label] = source, module
        return label

    def number(self, label: str) -> int:
        return list(self.rows).index(label)


@dataclass(frozen=True)
class HeadKind:
    """A head as a family writes it: its row's end, anchors, and how often it reads each scale."""

    fork: str
    module: str
    args: str = "nc"
    anchors: bool = False
    times: int = 1
    settings: str = ""
    classes: int = 3


KINDS = {
    "yolov5 Detect": HeadKind("yolov5==7.0.14", "Detect", "nc, anchors", anchors=True),
    "yolov5 Segment": HeadKind("yolov5==7.0.14", "Segment", "nc, anchors, 8, 16", anchors=True),
    "yolov7 Detect": HeadKind("yolov7detect==1.0.1", "Detect", "nc, anchors", anchors=True),
    "yolov7 IDetect": HeadKind("yolov7detect==1.0.1", "IDetect", "nc, anchors", anchors=True),
    "yolov7 IKeypoint": HeadKind(
        "yolov7detect==1.0.1", "IKeypoint", "nc, anchors, 17", anchors=True, classes=1
    ),
    "yolov7 IAuxDetect": HeadKind(
        "yolov7detect==1.0.1", "IAuxDetect", "nc, anchors", anchors=True, times=2
    ),
    "yolov9 Detect": HeadKind("yolov9pip==0.0.4", "Detect", settings="anchors: 3"),
    "yolov9 DDetect": HeadKind("yolov9pip==0.0.4", "DDetect", settings="anchors: 3"),
    "yolov9 DualDDetect": HeadKind(
        "yolov9pip==0.0.4", "DualDDetect", settings="anchors: 3", times=2
    ),
    "yolov9 TripleDDetect": HeadKind(
        "yolov9pip==0.0.4", "TripleDDetect", settings="anchors: 3", times=3
    ),
    "ultralytics Detect": HeadKind("ultralytics==8.4.190", "Detect"),
    "ultralytics Segment": HeadKind("ultralytics==8.4.190", "Segment", "nc, 8, 16"),
    "ultralytics Pose": HeadKind(
        "ultralytics==8.4.190", "Pose", "nc, kpt_shape", settings="kpt_shape: [3, 2]"
    ),
    "ultralytics OBB": HeadKind("ultralytics==8.4.190", "OBB", "nc, 1"),
    "ultralytics v10Detect": HeadKind("ultralytics==8.4.190", "v10Detect"),
    "ultralytics 8.0 Detect": HeadKind("ultralytics==8.0.0", "Detect"),
}


def network(kind: HeadKind, low: int, top: int, drop: tuple[int, ...] = ()) -> Network:
    """Return a network with a way down, a way up and a way down again; ``drop`` lacks a branch."""
    net = Network()
    for level in range(1, top + 1):
        net.add(f"stem {level}", "-1", f"Conv, [{_WIDTH[level]}, 3, 2]")
    latest = f"stem {top}"
    lateral = {level: f"stem {level}" for level in range(1, top + 1)}
    for level in range(top - 1, low - 1, -1):
        net.add(f"up {level}", str(net.number(latest)), "nn.Upsample, [None, 2, nearest]")
        net.add(f"join {level}", f"[-1, {net.number(lateral[level])}]", "Concat, [1]")
        latest = lateral[level] = net.add(f"out {level}", "-1", f"Conv, [{_WIDTH[level]}, 3, 1]")
    outputs = {low: latest}
    for level in range(low + 1, top + 1):
        net.add(f"down {level}", str(net.number(latest)), f"Conv, [{_WIDTH[level - 1]}, 3, 2]")
        net.add(f"rejoin {level}", f"[-1, {net.number(lateral[level])}]", "Concat, [1]")
        latest = net.add(f"result {level}", "-1", f"Conv, [{_WIDTH[level]}, 1, 1]")
        outputs[level] = latest
    wanted = [level for level in outputs if level not in drop]
    inputs = [[outputs[level] for level in wanted]]
    for turn in range(1, kind.times):
        sides = {
            level: (str(net.number(lateral[level])), f"Conv, [{_WIDTH[level]}, 3, 1]")
            for level in wanted
        }
        inputs.append([net.add(f"aux {turn} {level}", *row) for level, row in sides.items()])
    if kind.module.startswith(("Dual", "Triple")):
        inputs.reverse()
    numbers = [str(net.number(label)) for group in inputs for label in group]
    net.add("head", f"[{', '.join(numbers)}]", f"{kind.module}, [{kind.args}]")
    return net


def text_of(net: Network, kind: HeadKind, scales: list[int]) -> str:
    """Return the YAML of a network; ``scales`` are the levels that the head reads."""
    return "\n".join([*_settings(kind, scales), *_rows(net)]) + "\n"


def _settings(kind: HeadKind, scales: list[int]) -> Iterator[str]:
    yield f"nc: {kind.classes}"
    yield "depth_multiple: 1.0"
    yield "width_multiple: 1.0"
    if kind.settings:
        yield kind.settings
    if kind.anchors:
        yield "anchors:"
        for level in scales:
            sides = [2**level * factor for factor in (1, 2, 3, 4, 5, 6)]
            yield f"  - {sides}"


def _rows(net: Network) -> Iterator[str]:
    section = ""
    for label, (source, module) in net.rows.items():
        wanted = "backbone" if label.startswith("stem") else "head"
        if wanted != section:
            yield f"{wanted}:"
            section = wanted
        yield f"  - [{source}, 1, {module}]  # {label}"


def table(old: Network, new: Network) -> dict[int, int]:
    """Return which layer became which: that of the same label."""
    return {old.number(label): new.number(label) for label in old.rows if label in new.rows}
