"""Pairs of networks, and which layer of the one is which of the other."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yamlmod
from tools.branches.networks import KINDS, HeadKind, network, table, text_of
from tools.real_forks import fork_folder
from yamlmod.errors import Refusal
from yamlmod.ops.network import read_network
from yamlmod.ops.operations.add_head.plan import add_head

_V5, _UL, _V8 = "yolov5==7.0.14", "ultralytics==8.4.190", "ultralytics==8.3.91"


@dataclass(frozen=True)
class Case:
    """A base and an edited network; no ``layers`` where the edited one is a part of the base."""

    name: str
    fork: str
    base: str
    edited: str
    layers: dict[int, int] = field(default_factory=dict)
    modules: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        return yamlmod.load(self.base).layers[-1].module


# (low, top, dropped): a head of scales low to top; changes from one to the other.
_CHANGES: dict[str, tuple[tuple[int, int, tuple[int, ...]], tuple[int, int, tuple[int, ...]]]] = {
    "without P3": ((3, 5, ()), (3, 5, (3,))),
    "without P4": ((3, 5, ()), (3, 5, (4,))),
    "without P5": ((3, 5, ()), (3, 5, (5,))),
    "with P2": ((3, 5, ()), (2, 5, ())),
    "with P6": ((3, 5, ()), (3, 6, ())),
    "back from P2": ((2, 5, ()), (3, 5, ())),
    "P2 for P3": ((3, 5, ()), (2, 5, (3,))),
    "P2 for P6": ((3, 6, ()), (2, 5, ())),
}


def small_cases(kinds: list[str] | None = None) -> Iterator[Case]:
    """Yield every change of every kind of head."""
    for name, kind in KINDS.items():
        if kinds is not None and name not in kinds:
            continue
        for change, (before, after) in _CHANGES.items():
            # YOLOv7 takes the strides of the first four outputs, whatever there are.
            if kind.module == "IAuxDetect" and change != "P2 for P6":
                continue
            yield _small(f"{name}, {change}", kind, before, after)


def _small(
    name: str,
    kind: HeadKind,
    before: tuple[int, int, tuple[int, ...]],
    after: tuple[int, int, tuple[int, ...]],
) -> Case:
    old, new = network(kind, *before), network(kind, *after)
    texts = [
        text_of(net, kind, [level for level in range(low, top + 1) if level not in dropped])
        for net, (low, top, dropped) in ((old, before), (new, after))
    ]
    return Case(name, kind.fork, texts[0], texts[1], table(old, new))


def _ranges(*spans: tuple[int, int, int]) -> dict[int, int]:
    """Return pairs of spans: first, last, and by how much they moved."""
    return {i: i + step for first, last, step in spans for i in range(first, last + 1)}


# By eye, from the files: a layer is the one of the same stride on the same way.
_V5_P2 = _ranges((0, 17, 0), (18, 24, 7))
_V5_P6 = _ranges((0, 8, 0), (9, 9, 2), (10, 23, 6), (24, 24, 9))
_V8_P2 = _ranges((0, 15, 0), (16, 22, 6))
_V8_P6 = _ranges((0, 8, 0), (9, 9, 2), (10, 21, 5), (22, 22, 8))
_26_P2 = _ranges((0, 16, 0), (17, 23, 6))
_26_P6 = _ranges((0, 8, 0), (9, 10, 2), (11, 22, 5), (23, 23, 8))
_OFFICIAL = [
    ("yolov5s to hub/yolov5-p2", _V5, "models/yolov5s.yaml", "models/hub/yolov5-p2.yaml", _V5_P2),
    ("yolov5s to hub/yolov5-p6", _V5, "models/yolov5s.yaml", "models/hub/yolov5-p6.yaml", _V5_P6),
    *(
        (f"{base} to {base}-{more}", fork, f"{at}/{base}.yaml", f"{at}/{base}-{more}.yaml", layers)
        for fork, at, base, more, layers in (
            (_UL, "cfg/models/v8", "yolov8", "p2", _V8_P2),
            (_UL, "cfg/models/v8", "yolov8", "p6", _V8_P6),
            (_UL, "cfg/models/26", "yolo26", "p2", _26_P2),
            (_UL, "cfg/models/26", "yolo26", "p6", _26_P6),
        )
    ),
]
# With each scale dropped, and with a P2 and a P6 put in by `add-head`.
_CHANGED = [
    (_V5, "models/yolov5s.yaml"),
    (_V5, "models/segment/yolov5s-seg.yaml"),
    (_V5, "models/hub/yolov5s6.yaml"),
    (_UL, "cfg/models/v8/yolov8.yaml"),
    (_UL, "cfg/models/v8/yolov8-seg.yaml"),
    (_UL, "cfg/models/v8/yolov8-pose.yaml"),
    (_UL, "cfg/models/v8/yolov8-obb.yaml"),
    (_UL, "cfg/models/v9/yolov9t.yaml"),
    (_UL, "cfg/models/v10/yolov10n.yaml"),
    (_UL, "cfg/models/11/yolo11.yaml"),
    (_UL, "cfg/models/12/yolo12.yaml"),
    (_UL, "cfg/models/26/yolo26.yaml"),
    (_V8, "cfg/models/v8/yolov8.yaml"),
]


def official_cases() -> Iterator[Case]:
    """Yield official networks with a scale more, and with each of their scales dropped."""
    for name, fork, base, edited, layers in _OFFICIAL:
        texts = [_text(fork_folder(fork) / path) for path in (base, edited)]
        for what, first, second, pairs in (
            (name, *texts, layers),
            (f"{name}, back", *reversed(texts), {b: a for a, b in layers.items()}),
        ):
            yield Case(what, fork, first, second, pairs)
    for fork, path in _CHANGED:
        yield from changed_cases(fork, Path(path).stem, _text(fork_folder(fork) / path))


def _text(path: Path) -> str:
    """Return a YAML at one size: width and depth of yolov5s."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^depth_multiple: \S+", "depth_multiple: 0.33", text)
    return re.sub(r"(?m)^width_multiple: \S+", "width_multiple: 0.50", text)


def changed_cases(fork: str, name: str, text: str) -> Iterator[Case]:
    """Yield a network with each input of its head dropped, with a P2, with a P6, and back.

    What is refused has no case: a scale that is there, and heads that read each scale twice.
    """
    model = yamlmod.load(text)
    for layer in dict.fromkeys(model.layers[-1].reads):
        with contextlib.suppress(Refusal):
            edited = model.drop_head(layer).to_text()
            yield Case(f"{fork} {name} without {layer}", fork, text, edited)
    for level in ("P2", "P6"):
        what = f"{fork} {name} with {level}"
        try:
            more = add_head(read_network(text, name), level)
        except Refusal:
            continue
        layers = {old: new for old, new in enumerate(more.mapping) if new is not None}
        yield Case(what, fork, text, more.text, layers)
        yield Case(f"{what}, back", fork, more.text, text, {b: a for a, b in layers.items()})
