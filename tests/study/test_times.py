"""Latency and cost: what is measured, what is estimated, and what is withheld."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.study.test_report import _BASE, _report
from yamlmod.cli.study_report import cost_lines, training_seconds
from yamlmod.study.plan_files import StudyPlan, TimedOn, VariantFacts, read_study_plan
from yamlmod.study.plan_files import write_study_plan as write_plan
from yamlmod.study.report_table import as_csv, as_markdown
from yamlmod.study.report_words import sentences
from yamlmod.usecases.study_times import batch_size, count_images, image_size

_ON = TimedOn("cpu", "a processor", 640, 20, 2, 100)


def _plan(images: int | None) -> StudyPlan:
    base = VariantFacts("base", (), "", "", "x.yaml", 10, step=50.0, latency=(10, 9, 11))
    other = base._replace(name="a", step=100.0, base_latency=(10, 9, 11), latency=(12, 11.5, 13))
    runs = ["base-s0", "a-s0", "base-s1", "a-s1"]
    timed = _ON._replace(images=images)
    return StudyPlan("s", "yolov5", ["a"], [0, 1], [base, other], runs, timed=timed)


def test_the_cost_is_steps_times_images_times_epochs() -> None:
    assert training_seconds(_plan(100)) == pytest.approx(2 * (0.05 + 0.1) * 100 * 10)
    measured, estimated = cost_lines(_plan(100))
    assert measured.startswith("measured: a training step takes 50 to 100 ms per image on a proc")
    assert estimated.startswith("estimated: 5 min 00 s for 4 runs one after another")


def test_a_variant_that_was_not_timed_counts_as_the_slowest() -> None:
    plan = _plan(100)
    patched = plan.variants[1]._replace(name="patched", step=None)
    runs = [*plan.runs, "patched-s0", "patched-s1"]
    plan = plan._replace(variants=[*plan.variants, patched], runs=runs)
    assert training_seconds(plan) == pytest.approx(2 * (0.05 + 0.1 + 0.1) * 100 * 10)
    estimated = list(cost_lines(plan))[1]
    assert " for 6 runs " in estimated
    assert estimated.endswith("; patched was not timed and counted as the slowest of the others")


def test_without_the_images_there_is_no_estimate() -> None:
    assert training_seconds(_plan(None)) is None
    assert "no estimate of the whole" in list(cost_lines(_plan(None)))[1]
    assert list(cost_lines(_plan(None)._replace(timed=None))) == []


def test_times_are_in_the_plan(tmp_path: Path) -> None:
    write_plan(tmp_path, _plan(100))
    plan = read_study_plan(tmp_path)
    assert plan.timed == _ON and plan.variant("a").latency_differs
    assert training_seconds(plan) == training_seconds(_plan(100))


@pytest.mark.parametrize(
    ("latency", "base", "text"),
    [
        ((12, 11.5, 13), (10, 9, 11), "12.0 (+20 %)"),
        ((12, 11, 13), (10, 9, 11), "12.0 (~)"),
        ((8, 7, 8.9), (10, 9, 11), "8.0 (-20 %)"),
        ((12, 11.5, 13), (), "12.0 |"),
    ],
)
def test_a_change_is_withheld_where_quartiles_overlap(
    latency: tuple[float, ...], base: tuple[float, ...], text: str
) -> None:
    report = _report({"base": _BASE, "a": _BASE[::-1], "b": _BASE[::-1]})
    facts = report.lines[1].facts._replace(latency=latency, base_latency=base)
    lines = (report.lines[0], report.lines[1]._replace(facts=facts), report.lines[2])
    report = report._replace(lines=lines, plan=report.plan._replace(timed=_ON))
    assert text in as_markdown(report).replace(
        "\\~", "~"
    ) and "latency a median (ms)" not in as_csv(report)
    assert "latency median (ms)" in as_csv(report)
    said = "\n".join(sentences(report))
    assert "median of 20 forward passes of one image at 640 px on a processor (cpu)" in said
    assert ("~: the quartiles overlap" in said) == ("~" in text)
    assert "Without a latency: base, b" in said


@pytest.mark.parametrize(
    ("options", "size", "batch"),
    [
        ({}, 640, 16),
        ({"imgsz": 100, "batch-size": 8}, 128, 8),
        ({"img-size": [512, 640], "batch": -1}, 512, 16),
        ({"img": 1, "batch_size": "x"}, 64, 16),
    ],
)
def test_sizes(options: dict[str, Any], size: int, batch: int) -> None:
    assert (image_size(options), batch_size(options)) == (size, batch)


def test_images_are_counted(tmp_path: Path) -> None:
    (tmp_path / "set" / "deep").mkdir(parents=True)
    for name in ("a.jpg", "b.PNG", "deep/c.jpeg", "note.txt", "a.cache"):
        (tmp_path / "set" / name).touch()
    (tmp_path / "list.txt").write_text("a.jpg\n\nb.jpg\n", encoding="utf-8")
    data = tmp_path / "data.yaml"
    for text, count in (
        ("train: set\n", 3),
        (f"path: {tmp_path}\ntrain: [set, list.txt]\n", 5),
        ("train: list.txt\n", 2),
        ("train: nothing\n", None),
        ("train: [set, nothing]\n", None),
        ("train: 3\n", None),
        ("- 1\n", None),
        ("[", None),
    ):
        data.write_text(text, encoding="utf-8")
        assert count_images(data) == count, text
    assert count_images(None) is None
