"""Draw every model YAML below some folders, and check the geometry of each drawing.

    python -m tools.figures DIR...

Prints how many files were drawn, what is wrong with which, the crossings and the time. Exits 1
where a layer has no box, a reference has no line, boxes overlap, a line meets a box that it does
not belong to or another line, or a label is not inside its box.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from yamlmod.errors import Refusal
from yamlmod.model.network import Network
from yamlmod.ops.network import read_network
from yamlmod.picture.build import DrawOptions, network_scene
from yamlmod.picture.figure import Box, Figure, Label, Point, Rect, Stroke
from yamlmod.picture.geometry import draw_scene
from yamlmod.picture.metrics import text_width

_NEAR = 0.05
Segment = tuple[Point, Point]


def faults(figure: Figure, network: Network | None = None) -> list[str]:
    """Return what is wrong with the geometry of a drawing; with its network, what is missing."""
    found = list(_overlaps(figure))
    found += _meetings(figure)
    found += _labels(figure)
    found += _doubled(figure)
    if network is not None:
        found += _missing(figure, network)
    return found


def crossings(figure: Figure) -> int:
    """Count the points where two lines cross, those into the same box aside."""
    lines = [s for s in figure.strokes if not s.is_shared]
    count = 0
    for place, one in enumerate(lines):
        for other in lines[place + 1 :]:
            for a in _segments(one):
                count += sum(_cross(a, b) for b in _segments(other))
    return count


def _rects(figure: Figure) -> list[tuple[set[str], Rect]]:
    rects = [({box.node.key}, box.rect) for box in figure.boxes]
    return rects + [
        ({group.key, *(box.node.key for box in group.boxes)}, group.rect) for group in figure.groups
    ]


def _overlaps(figure: Figure) -> Iterator[str]:
    groups = [_rects(figure), *([({b.node.key}, b.rect) for b in g.boxes] for g in figure.groups)]
    for rects in groups:
        for place, (keys, rect) in enumerate(rects):
            for others, other in rects[place + 1 :]:
                if _overlap(rect, other):
                    yield f"boxes {sorted(keys)[0]} and {sorted(others)[0]} overlap"
    paper = Rect(0, 0, figure.width, figure.height)
    for keys, rect in _rects(figure):
        if not _holds(paper, rect):
            yield f"box {sorted(keys)[0]} is outside the drawing"
    for group in figure.groups:
        for box in group.boxes:
            if not _holds(group.rect, box.rect):
                yield f"box {box.node.key} is outside its group"


def _overlap(one: Rect, other: Rect) -> bool:
    return (
        one.x < other.right - _NEAR
        and other.x < one.right - _NEAR
        and one.y < other.bottom - _NEAR
        and other.y < one.bottom - _NEAR
    )


def _holds(outer: Rect, inner: Rect) -> bool:
    return (
        inner.x >= outer.x - _NEAR
        and inner.y >= outer.y - _NEAR
        and inner.right <= outer.right + _NEAR
        and inner.bottom <= outer.bottom + _NEAR
    )


def _segments(stroke: Stroke) -> list[Segment]:
    return list(zip(stroke.points, stroke.points[1:], strict=False))


def _meets(segment: Segment, rect: Rect) -> bool:
    """Check whether a segment goes through the inside of a box."""
    (x1, y1), (x2, y2) = segment
    return (
        min(x1, x2) < rect.right - _NEAR
        and max(x1, x2) > rect.x + _NEAR
        and min(y1, y2) < rect.bottom - _NEAR
        and max(y1, y2) > rect.y + _NEAR
    )


def _meetings(figure: Figure) -> Iterator[str]:
    parts: list[tuple[Sequence[Stroke], list[tuple[set[str], Rect]]]] = [
        (figure.strokes, _rects(figure))
    ]
    parts += [(g.strokes, [({b.node.key}, b.rect) for b in g.boxes]) for g in figure.groups]
    for strokes, rects in parts:
        by_key = {key: rect for keys, rect in rects for key in keys}
        for stroke in strokes:
            for segment in _segments(stroke):
                if segment[0][0] != segment[1][0] and segment[0][1] != segment[1][1]:
                    yield f"line {stroke.keys} is neither level nor upright"
                for keys, rect in rects:
                    if _meets(segment, rect):
                        yield f"line {stroke.keys} goes through box {sorted(keys)[0]}"
            for key, point in zip(stroke.keys, (stroke.points[0], stroke.points[-1]), strict=True):
                if key not in by_key or not _on_border(point, by_key[key]):
                    yield f"line {stroke.keys} does not end at box {key}"


def _on_border(point: Point, rect: Rect) -> bool:
    x, y = point
    beside = abs(x - rect.x) < _NEAR or abs(x - rect.right) < _NEAR
    above = abs(y - rect.y) < _NEAR or abs(y - rect.bottom) < _NEAR
    return (beside and rect.y <= y <= rect.bottom) or (above and rect.x <= x <= rect.right)


def _doubled(figure: Figure) -> Iterator[str]:
    """Yield pairs of lines that run on each other, so that a reader cannot tell them apart."""
    for strokes in (figure.strokes, *(group.strokes for group in figure.groups)):
        lines = [stroke for stroke in strokes if not stroke.is_shared]
        runs: dict[tuple[bool, float], list[tuple[float, float, Stroke]]] = {}
        for stroke in lines:
            for (x1, y1), (x2, y2) in _segments(stroke):
                upright = x1 == x2
                low, high = sorted((y1, y2) if upright else (x1, x2))
                runs.setdefault((upright, round(x1 if upright else y1, 2)), []).append(
                    (low, high, stroke)
                )
        for pieces in runs.values():
            pieces.sort(key=lambda piece: piece[:2])
            one = pieces[0]
            for other in pieces[1:]:
                if one[2] is not other[2] and other[0] < one[1] - _NEAR:
                    yield f"lines {one[2].keys} and {other[2].keys} run on each other"
                one = max(one, other, key=lambda piece: piece[1])


def _labels(figure: Figure) -> Iterator[str]:
    boxes: list[tuple[Rect, Sequence[Label]]] = [(box.rect, box.texts) for box in figure.boxes]
    boxes += [(group.rect, group.texts) for group in figure.groups]
    boxes += [(Rect(0, 0, figure.width, figure.height), figure.texts)]
    boxes += [
        (Rect(0, 0, figure.width, figure.height), [item.text for item in figure.legend]),
    ]
    for rect, texts in boxes:
        for text in texts:
            if not _holds(rect, text_rect(text)):
                yield f"the label {text.text!r} is not inside its box"
    for group in figure.groups:
        for text in group.texts:
            for box in group.boxes:
                if _overlap(text_rect(text), box.rect):
                    yield f"the label {text.text!r} is on box {box.node.key}"


def text_rect(text: Label) -> Rect:
    """Return the place that a text takes at most."""
    width = text_width(text.text, text.size, text.bold)
    x = text.x - width / 2 if text.anchor == "middle" else text.x
    return Rect(x, text.y - 0.8 * text.size, width, 1.05 * text.size)


def _missing(figure: Figure, network: Network) -> Iterator[str]:
    boxes: list[Box] = [*figure.boxes, *(box for group in figure.groups for box in group.boxes)]
    layers = Counter(
        box.node.number for box in boxes if box.node.category != "image" and not box.node.is_ghost
    )
    if layers != Counter(range(len(network.rows))):
        yield f"layers {sorted(set(range(len(network.rows))) - set(layers))} have no box, or two"
    strokes = [*figure.strokes, *(stroke for group in figure.groups for stroke in group.strokes)]
    kept = [stroke for stroke in strokes if stroke.change not in ("removed", "right")]
    drawn = Counter((*stroke.numbers, stroke.slot) for stroke in kept)
    reads = Counter((r.target, r.reader, r.slot) for reads in network.graph.reads for r in reads)
    if drawn != reads:
        yield f"references without a line, or two: {sorted((drawn - reads) + (reads - drawn))}"


def _cross(one: Segment, other: Segment) -> bool:
    if (one[0][0] == one[1][0]) == (other[0][0] == other[1][0]):
        return False
    level, upright = (other, one) if one[0][0] == one[1][0] else (one, other)
    low, high = sorted((level[0][0], level[1][0]))
    top, bottom = sorted((upright[0][1], upright[1][1]))
    return low < upright[0][0] < high and top < level[0][1] < bottom


def model_files(folders: Sequence[Path]) -> Iterator[tuple[Path, Network]]:
    """Yield the model YAMLs below the folders that can be read."""
    for folder in folders:
        for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
            try:
                yield path, read_network(path.read_text(encoding="utf-8"), path.name)
            except (Refusal, UnicodeDecodeError, OSError):
                continue


def main() -> int:
    """Draw all files and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folders", nargs="+", type=Path)
    options = parser.parse_args()
    count = crossed = wrong = 0
    seconds: list[float] = []
    for path, network in model_files(options.folders):
        count += 1
        for fold in (True, False):
            start = time.perf_counter()
            figure = draw_scene(network_scene(network, DrawOptions()), fold)
            seconds.append(time.perf_counter() - start)
            crossed += crossings(figure) if fold else 0
            for fault in faults(figure, network)[:3]:
                wrong += 1
                sys.stdout.write(f"{path} (fold {'auto' if fold else 'none'}): {fault}\n")
    if not count:
        sys.stdout.write("no model YAML was found\n")
        return 1
    mean = 1000 * sum(seconds) / len(seconds)
    sys.stdout.write(
        f"{count} files, each drawn twice: {wrong} faults, {crossed / count:.1f} crossings a "
        f"drawing, {mean:.1f} ms a drawing (at most {1000 * max(seconds):.0f})\n"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
