"""Plots: every finished run is in them, the same bytes twice, whatever a user's settings are."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from tests.study.test_page import check_page
from tests.study.test_report import _BASE, _report
from yamlmod.study.plots import Plot, plots
from yamlmod.study.report import StudyReport
from yamlmod.study.report_page import as_page

if importlib.util.find_spec("matplotlib") is None and not os.environ.get("YAMLMOD_REQUIRE_PLOTS"):
    pytest.skip("matplotlib is not installed here (the extra `plots`)", allow_module_level=True)

_UP = tuple(value + 3 for value in _BASE)


def _study() -> StudyReport:
    values = {"base": _BASE, "a": _UP, "a-placebo": _BASE[::-1], "few": _UP[:2], "none": _UP}
    return _report(values, **{f"none_s{seed}": "failed" for seed in range(5)})


def _panels(plot: Plot) -> list[str]:
    return re.split(r'<g id="\w+-axes_\d+">', plot.svg)[1:]


def test_every_seed_and_interval_is_drawn() -> None:
    seeds, _ = plots(_study())
    left, right = _panels(seeds)
    points = re.findall(r'<use [^>]*style="([^"]*opacity: 0.85[^"]*)"', left)
    assert len(points) == 5 + 5 + 5 + 2
    assert sum("fill: #ffffff" in point for point in points) == 5  # the placebo is hollow
    assert sum("stroke: #000000" in point for point in points) == 5  # the base is black
    assert "few" in left and ">none<" not in seeds.svg
    lines = re.findall(r'<path d="M [^"]+" clip-path[^>]*style="[^"]*stroke: #0072b2', right)
    assert len(lines) == 2  # two seeds have no interval
    assert right.count("fill: #ffffff") >= 2


def test_every_run_is_a_curve() -> None:
    _, curves = plots(_study())
    panels = _panels(curves)
    assert [re.findall(r">(a|a-placebo|few)</text>", panel) for panel in panels] == [
        ["a"],
        ["a-placebo"],
        ["few"],
    ]
    for panel, count in zip(panels, (5, 5, 2), strict=True):
        assert len(re.findall(r"stroke: #0072b2", panel)) == count
        assert len(re.findall(r"stroke-dasharray: 3,2[^\"]*stroke: #8a8a8a", panel)) == 5


def test_the_same_bytes_with_any_settings(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from tests.study.test_plots import _study, plots\n"
        "sys.stdout.write(''.join(plot.svg for plot in plots(_study())))\n"
    )
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nbackend: TkAgg\ntext.usetex: True\n")
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed, "MPLCONFIGDIR": str(folder), "DISPLAY": ""},
            capture_output=True,
            check=True,
        ).stdout
        for seed, folder in (("1", tmp_path), ("2", tmp_path.parent))
    }
    assert len(outputs) == 1


def test_plots_fit_together_on_a_page() -> None:
    report = _study()
    drawn = plots(report)
    page = check_page(as_page(report, drawn, [], []))
    assert page.tags["svg"] == 2 and page.tags["metadata"] == 0 and page.tags["style"] == 1
    assert "Noto Sans CJK SC" in drawn[0].svg


@pytest.mark.parametrize(
    "report",
    [
        _report({"base": (40.0,)}),
        _report({"base": (40.0,) * 3, "a": (40.0,) * 3}),
        _report({"base": (40.0,), "a": _UP}, base_s0="failed"),
        _report({"base": _BASE, "a": ()}),
        _report({"base": _BASE, **{f"v{n}{'x' * n}": _UP for n in range(70)}}),
        _report({"base": _BASE, "注意力_$x^2$": _UP}),
    ],
    ids=["one", "equal", "no-base", "no-variant", "many", "names"],
)
def test_every_kind_of_study(report: StudyReport) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = plots(report)
    assert len(drawn) == 2
    for plot in drawn:
        assert "nan" not in plot.svg.lower().replace("nand", "") and plot.caption.endswith(".")
    if "注意力_$x^2$" in [line.facts.name for line in report.lines]:
        assert ">注意力_$x^2$</text>" in drawn[0].svg
    if len(report.lines) > 60:
        assert "11 variants are left out" in drawn[0].caption
        assert "46 variants are left out" in drawn[1].caption


def test_nothing_to_plot() -> None:
    assert plots(_report({"base": _BASE}, **{f"base_s{n}": "failed" for n in range(5)})) == []
