"""Plot a study: every seed's point with its interval, and the learning curves; by matplotlib."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from yamlmod.errors import Refusal
from yamlmod.report.widths import cell_count
from yamlmod.study.report import StudyReport, VariantLine
from yamlmod.study.statistics import FEWEST
from yamlmod.study.variant_names import BASE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart in grey and by the colour-blind: by shape and line style, and black from blue.
_BASE, _OWN, _QUIET = "#000000", "#0072B2", "#8a8a8a"
# The text stays text: the browser has fonts for Chinese where matplotlib has none.
_FONTS = "DejaVu Sans, Noto Sans CJK SC, Microsoft YaHei, PingFang SC, sans-serif"
_MOST_ROWS, _MOST_PANELS = 60, 24
_LONGEST = 44


class Plot(NamedTuple):
    """A plot as the element of an SVG, with what is to be said of it."""

    title: str
    svg: str
    caption: str


def plots(report: StudyReport) -> list[Plot]:
    """Return all plots. Raises Refusal where matplotlib is missing; the same input, same bytes."""
    if not any(line.map.n for line in report.lines):
        return []
    with _settings():
        return [_seeds(report), _curves(report)]


@contextmanager
def _settings() -> Iterator[None]:
    """Set everything that a user's own configuration may have changed."""
    try:
        import matplotlib
    except ImportError:
        raise Refusal(
            "needs-extra",
            "plots need the library matplotlib, which is not installed",
            hint="pip install 'yolo-yamlmod[plots]'",
        ) from None
    with matplotlib.rc_context(), warnings.catch_warnings():
        # Of signs that its own font lacks: the browser's will have them.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "svg.fonttype": "none",
                "svg.hashsalt": "yamlmod",
                "font.family": "sans-serif",
                "font.sans-serif": ["DejaVu Sans"],
                "font.size": 8.5,
                "text.parse_math": False,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.grid": True,
                "axes.axisbelow": True,
                "grid.color": "#e3e3e3",
                "grid.linewidth": 0.6,
            }
        )
        yield


def _seeds(report: StudyReport) -> Plot:
    """Draw a line for each variant: its seeds, its mean, and its difference to the base."""
    from matplotlib.figure import Figure

    lines = [line for line in report.lines if line.map.n][:_MOST_ROWS]
    labels = [_label(line.facts.name) for line in lines]
    compared = any(line.against_base for line in lines)
    left = 0.25 + 0.073 * max(map(cell_count, labels))
    width, height = left + (6.4 if compared else 4.0), 0.85 + 0.3 * len(lines)
    figure = Figure(figsize=(width, height))
    panels: Any = figure.subplots(1, 2 if compared else 1, sharey=True, squeeze=False)[0]
    figure.subplots_adjust(
        left=left / width, right=1 - 0.12 / width, bottom=0.55 / height, top=1 - 0.12 / height,
        wspace=0.08,
    )  # fmt: skip
    for row, line in enumerate(lines):
        _points(panels[0], row, line)
        if compared:
            _difference(panels[1], row, line)
    base = lines[0] if lines[0].facts.name == BASE else None
    if base is not None:
        panels[0].axvline(base.map.mean, color=_QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
    panels[0].set(
        yticks=range(len(lines)), yticklabels=labels, ylim=(len(lines) - 0.5, -0.5),
        xlabel="mAP50-95 of the last epoch (%)",
    )  # fmt: skip
    panels[0].tick_params(axis="y", length=0)
    if compared:
        panels[1].axvline(0, color=_QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
        panels[1].set(xlabel="difference to the base (points)")
        panels[1].tick_params(axis="y", length=0)
    caption = (
        "Left: a point for each seed (square: base, hollow: placebo), the mean (bar) and its 95 % "
        "interval (line); the dashed line is the base's mean. Right: the difference to the base "
        f"with its 95 % interval; none below {FEWEST} seeds. Intervals that overlap do not mean "
        "that there is no difference: the table has the test."
    )
    return Plot("Every seed", _svg(figure, "seeds"), caption + _left_out(report, len(lines)))


def _points(axes: Axes, row: int, line: VariantLine) -> None:
    values = line.map.values
    is_base, is_placebo = line.facts.name == BASE, bool(line.facts.control_of)
    middle = (len(values) - 1) / 2
    step = min(0.11, 0.4 / max(len(values), 1))
    heights = [row + step * (number - middle) for number in range(len(values))]
    color = _BASE if is_base else _OWN
    axes.plot(
        values, heights, linestyle="none", marker="s" if is_base else "o", markersize=4.2,
        markerfacecolor="#ffffff" if is_placebo else color, markeredgecolor=color, alpha=0.85,
    )  # fmt: skip
    interval = line.map.interval
    if interval is not None:
        axes.plot(interval, [row, row], color="#000000", linewidth=1.1, zorder=3)
    axes.plot([line.map.mean], [row], marker="|", markersize=11, color="#000000", zorder=4)


def _difference(axes: Axes, row: int, line: VariantLine) -> None:
    difference = line.against_base
    if difference is None:
        return
    if difference.low is not None and difference.high is not None:
        axes.plot([difference.low, difference.high], [row, row], color=_OWN, linewidth=1.4)
    is_placebo = bool(line.facts.control_of)
    axes.plot(
        [difference.value], [row], marker="D", markersize=5, markeredgecolor=_OWN,
        markerfacecolor="#ffffff" if is_placebo or difference.low is None else _OWN,
    )  # fmt: skip


def _curves(report: StudyReport) -> Plot:
    """Draw a panel for each variant: its runs before those of the base."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    lines = [line for line in report.lines if line.map.n]
    others = [line for line in lines if line.facts.name != BASE][:_MOST_PANELS] or lines[:1]
    columns = min(3, len(others))
    rows = -(-len(others) // columns)
    width, height = 0.55 + 2.45 * columns, 0.6 + 1.75 * rows
    figure = Figure(figsize=(width, height))
    panels: Any = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    figure.subplots_adjust(
        left=0.6 / width, right=1 - 0.1 / width, bottom=0.5 / height, top=1 - 0.3 / height,
        wspace=0.08, hspace=0.3,
    )  # fmt: skip
    for number, line in enumerate(others):
        axes = panels[number // columns][number % columns]
        for run in report.done:
            if run.plan.variant == BASE and line.facts.name != BASE:
                _curve(axes, run.rows, _QUIET, (0, (3, 2)))
        for run in report.done:
            if run.plan.variant == line.facts.name:
                _curve(axes, run.rows, _OWN, "-")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.tick_params(labelbottom=number + columns >= len(others))
        axes.set_title(_label(line.facts.name, 34), fontsize=8.5, pad=4)
    for axes in panels.flat[len(others) :]:
        axes.set_axis_off()
    figure.supxlabel("epoch", fontsize=8.5, y=0.08 / height)
    figure.supylabel("mAP50-95 (%)", fontsize=8.5, x=0.06 / width)
    caption = "Each finished run by epoch: the variant (solid) over the base (dashed grey)."
    shown = len(others) + (lines[0].facts.name == BASE and others[0] is not lines[0])
    return Plot("Learning curves", _svg(figure, "curves"), caption + _left_out(report, shown))


def _curve(axes: Axes, rows: Sequence[Any], color: str, style: Any) -> None:
    marker = "." if len(rows) == 1 else ""
    epochs, values = [row.epoch for row in rows], [row.map for row in rows]
    axes.plot(epochs, values, color=color, linestyle=style, linewidth=1, marker=marker)


def _left_out(report: StudyReport, shown: int) -> str:
    count = sum(line.map.n > 0 for line in report.lines) - shown
    return f" {count} variants are left out." if count > 0 else ""


def _label(name: str, most: int = _LONGEST) -> str:
    return name if len(name) <= most else f"{name[: most - 12]}…{name[-11:]}"


def _svg(figure: Figure, name: str) -> str:
    """Return the element; names inside are its own, so that two of them fit on a page."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    stream = io.StringIO()
    FigureCanvasSVG(figure)
    figure.savefig(stream, format="svg", metadata={"Date": None}, transparent=True)
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    # matplotlib names its own fonts at every text, in a way of each version.
    text = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", text)
    text = re.sub(r"font-family: [^;\"]*;?", "", text)
    style = f"font-family: {_FONTS}; stroke-linejoin: round; max-width: 100%; height: auto"
    return text.replace("<svg", f'<svg role="img" aria-label="{name}" style="{style}"', 1)
