"""Random networks, edits of them and hostile names, drawn in every way; judged by geometry.

    python -m tools.attack figures --cases 2000 --seconds 600 --seed 1

A case is a network with its difference to an edited one. The judge reads coordinates alone: no
boxes overlap, no line meets a box that it does not belong to, every layer has a box and every
reference a line (counted from the YAML by PyYAML), labels are inside; the SVG parses strictly and
has no element but those of a figure.
"""

from __future__ import annotations

import random
import traceback
from collections import Counter
from xml.etree import ElementTree

import yaml

from tools.attack.report import Budget, Report
from tools.figures import faults
from yamlmod.ops.network import read_network
from yamlmod.picture.build import DrawOptions
from yamlmod.picture.drawing import Drawing
from yamlmod.picture.render import render

CASES = 250
SECONDS = 12.0
_MODULES = (
    "Conv, [64, 3, 2]", "Conv, [64, 3, 1]", "C3, [128]", "nn.Upsample, [None, 2, nearest]",
    "MP, []", "SimAM, []", "Strange, [7]", "CBLinear, [[64, 128]]", "SPPF, [256, 5]",
)  # fmt: skip
_NAMES = (
    "</g><script>", "\\\"><rect>", "&amp;&#60;", "a\\u202eb\\u0000c", "名" * 40, "W" * 300, "]]>",
    "🙂\\u200d🙂", "::error::", "--><!--",
)  # fmt: skip
_ELEMENTS = {"svg", "g", "rect", "path", "text", "title", "defs", "marker", "pattern", "line"}
Rows = list[str]


def attack(budget: Budget) -> Report:
    """Draw networks until the budget is spent."""
    report, number = Report(), 0
    while not budget.spent(number):
        rng = random.Random(f"{budget.seed}/{number}")
        base = _rows(rng)
        after = _edited(rng, base)
        wrong = try_pair(_text(base), _text(after), rng.random() < 0.5)
        if wrong:
            texts = f"{_text(base)}---\n{_text(after)}"
            report.fail(f"seed {budget.seed} case {number}: {wrong}\n{texts}")
        else:
            report.add("drawn")
        number += 1
    return report


def try_pair(base: str, after: str, fold: bool) -> str:
    """Draw the second network alone and as a difference; return what is wrong, if anything."""
    try:
        one, other = read_network(base, "base.yaml"), read_network(after, "after.yaml")
        alone = Drawing(other, DrawOptions(fold=fold))
        change = Drawing(other, DrawOptions(fold=fold), one)
        sides = Drawing(other, DrawOptions(fold=fold), one, side_by_side=True)
        figures = [alone.figure, change.figure, *(child for _, child in sides.figure.children)]
        for figure in figures:
            found = faults(figure)
            if found:
                return found[0]
        return _complete(alone, after) or _strict(render(change, "svg"))
    except Exception:
        return traceback.format_exc(limit=-4)


def _complete(drawing: Drawing, text: str) -> str:
    """Compare layers and references with what another YAML reader says of the text."""
    data = yaml.safe_load(text)
    rows = [*data["backbone"], *data["head"]]
    wanted: Counter[tuple[int, int]] = Counter()
    for index, row in enumerate(rows):
        for value in row[0] if isinstance(row[0], list) else [row[0]]:
            wanted[index + value if value < 0 else value, index] += 1
    figure = drawing.figure
    strokes = [*figure.strokes, *(stroke for group in figure.groups for stroke in group.strokes)]
    drawn = Counter(stroke.numbers for stroke in strokes)
    boxes = [*figure.boxes, *(box for group in figure.groups for box in group.boxes)]
    layers = sorted(box.node.number for box in boxes if box.node.row is not None)
    if layers != list(range(len(rows))):
        return f"boxes for layers {layers}"
    return "" if drawn == wanted else f"lines {(drawn - wanted) + (wanted - drawn)}"


def _strict(svg: str) -> str:
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
    return "" if tags <= _ELEMENTS else f"elements {sorted(tags - _ELEMENTS)}"


def _rows(rng: random.Random) -> Rows:
    rows: Rows = []
    for index in range(rng.randint(2, 45)):
        rows.append(_row(rng, index))
    sources = [rng.randrange(len(rows)) for _ in range(rng.randint(1, 5))]
    return [*rows, f"[{sources}, 1, Detect, [nc]]"]


def _row(rng: random.Random, index: int) -> str:
    kind = rng.random()
    if index > 1 and kind < 0.25:
        sources = [rng.randrange(index) for _ in range(rng.randint(2, 7))]
        return f"[{sources}, 1, Concat, [1]]"
    source = rng.randrange(index) if index and kind < 0.4 else -1
    if kind > 0.97:
        name = rng.choice(_NAMES)
        return f'[{source}, 1, "{name}", ["{name}"]]'
    return f"[{source}, {rng.choice((1, 1, 3, 9))}, {rng.choice(_MODULES)}]"


def _edited(rng: random.Random, rows: Rows) -> Rows:
    """Return the rows with some replaced, and some of the last ones taken out or added."""
    new = list(rows[:-1])
    for _ in range(rng.randint(0, 4)):
        place = rng.randrange(len(new))
        new[place] = _row(rng, place)
    for _ in range(rng.randint(0, 3)):
        # Every index below the place stays valid; those above may now name another layer.
        place = rng.randrange(1, len(new) + 1)
        new.insert(place, f"[-1, 1, {rng.choice(_MODULES)}]")
    if rng.random() < 0.4 and len(new) > 3:
        new.pop()
    sources = [rng.randrange(len(new)) for _ in range(rng.randint(1, 5))]
    return [*new, f"[{sources}, 1, Detect, [nc]]"]


def _text(rows: Rows) -> str:
    lines = [f"  - {row}\n" for row in rows]
    return f"nc: 80\nbackbone:\n{lines[0]}head:\n{''.join(lines[1:])}"
