"""The table of a study, and the sentences under it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from yamlmod.study.plan_files import SeedFacts, StudyPlan, VariantFacts
from yamlmod.study.report import StudyReport, report_of
from yamlmod.study.report_table import FORMATS, as_csv, as_json, as_latex, as_markdown
from yamlmod.study.report_words import p_word, sentences, signed
from yamlmod.study.results import EpochRow
from yamlmod.study.run_files import RunPlan, RunStatus

_BASE = (40.0, 40.4, 40.2, 39.9, 40.3)


def _report(values: dict[str, tuple[float, ...]], **changes: str) -> StudyReport:
    """Make a report of variants with these values of mAP50-95; a change is a run's state.

    A state after a variant's name alone is the variant that it equals.
    """
    facts = []
    for name in values:
        control = name.removesuffix("-placebo") if name.endswith("-placebo") else ""
        parts = () if name == "base" or control else (name,)
        epochs = 3 if name == "longer" else 2
        same = changes.get(name.replace("-", "_"), "")
        facts.append(VariantFacts(name, parts, control, same, "x.yaml", epochs, 7_012_822, 15.8))
    runs = []
    for name, numbers in values.items():
        for seed, value in enumerate(numbers):
            plan = RunPlan(
                name, seed, "yolov5", 2, (), (), "", {}, "train/weights/last.pt", (), 1, {}
            )
            rows = (EpochRow(1, 1, 2, 70, value + 1), EpochRow(2, 50, 60, 70, value))
            state = changes.get(f"{name}_s{seed}", "done")
            if state == "early":
                rows, state = rows[:1], "done"
            why = "out of memory" if state == "failed" else ""
            runs.append(RunStatus(plan, Path(plan.name), state, rows, why))  # type: ignore[arg-type]
    components = [fact.name for fact in facts if fact.components]
    seeds = list(range(max(map(len, values.values()))))
    plan_of = StudyPlan("s", "yolov5", components, seeds, facts, [run.plan.name for run in runs])
    return report_of(plan_of, runs)


def _said(report: StudyReport) -> str:
    return "\n".join(sentences(report))


def test_a_difference_and_none() -> None:
    report = _report({"base": _BASE, "a": tuple(v + 5 for v in _BASE), "b": _BASE[::-1]})
    text = _said(report)
    assert "a against the base: +5.00 points (95 % interval +4.7" in text
    assert "p below 0.001): a difference." in text
    assert "b against the base: +0.00 points" in text and "no difference is shown." in text
    assert "varies by 0.21 points between 5 seeds" in text
    assert "corrected for 2 comparisons (Holm)" in text
    for word in ("best variant", "significant", "*", "improve"):
        assert word not in text


def test_the_last_epoch_is_tested_and_the_best_one_shown() -> None:
    first = _report({"base": _BASE}).lines[0]
    assert first.map.values == _BASE
    assert first.best.values == pytest.approx([value + 1 for value in _BASE])
    assert set(first.precision.values) == {50.0}


def test_below_three_seeds_there_is_no_p() -> None:
    report = _report({"base": (40.0, 40.2), "a": (45.0, 45.2)})
    text = _said(report)
    assert (
        "is given: base has 2, a has 2." in text
        and "a against the base: +5.00 points (2 seeds)." in text
    )
    assert "p =" not in text and "interval +" not in text and report.detectable is None
    assert as_markdown(report).count("±") == 10


def test_runs_that_are_missing_or_stopped_early() -> None:
    report = _report({"base": _BASE, "a": _BASE}, a_s0="failed", a_s1="running", base_s4="early")
    text = _said(report)
    assert text.startswith(
        "2 runs of 10 not finished: a-s0 (failed: out of memory), a-s1 (running).\nMeans are those"
    )
    assert "\n1 run stopped early" in text and "They are preliminary" in text
    assert json.loads(as_json(report))["failed"] == {"a-s0": "out of memory"}
    assert report.missing == ("a-s0", "a-s1") and report.stopped_early == ("base-s4",)
    assert report.lines[1].map.n == 3


def test_no_base_no_comparison() -> None:
    report = _report({"base": (40.0,), "a": _BASE}, base_s0="failed")
    assert "The base has no finished run: nothing can be compared with it." in _said(report)
    assert report.lines[1].against_base is None
    for write in FORMATS.values():
        assert write(report)


def test_seeds_that_do_not_count() -> None:
    report = _report({"base": (40.0,) * 5, "a": _BASE})
    assert "All seeds of base gave exactly the same value" in _said(report)
    assert report.tests == 0 and "p =" not in _said(report)


def test_a_placebo_is_a_comparison_of_the_same_family() -> None:
    up = tuple(value + 0.3 for value in _BASE)
    report = _report({"base": _BASE, "a": up, "a-placebo": tuple(v + 0.01 for v in up)})
    line = report.lines[1]
    assert line.against_base is not None and line.against_placebo is not None
    assert report.tests == 3 and "corrected for 3 comparisons" in _said(report)
    assert line.against_base.p is not None
    assert line.against_base.corrected == pytest.approx(min(1.0, 2 * line.against_base.p), rel=0.6)
    assert "a against its placebo: -0.01 points" in _said(report)
    assert "difference to placebo" in as_markdown(report)


def test_formats() -> None:
    report = _report({"base": _BASE, "a_b": tuple(value + 5 for value in _BASE)})
    table = as_markdown(report).splitlines()
    assert table[0].startswith("| variant | a\\_b | P | R | mAP50 | mAP50-95 | best mAP50-95 | n |")
    assert "| ✓ |" in table[3] and "45.2 ± 0.2" in table[3] and "7.01" in table[3]
    rows = list(csv.DictReader(as_csv(report).splitlines()))
    assert [row["a_b"] for row in rows] == ["0", "1"]
    assert float(rows[1]["difference to base"]) == pytest.approx(5)
    data = json.loads(as_json(report))
    assert data["variants"][0]["values"] == list(_BASE) and data["missing"] == []
    latex = as_latex(report)
    assert r"a\_b" in latex and r"$\surd$" in latex and r"$\pm$" in latex and "✓" not in latex
    assert latex.count("\\begin{tabular}") == latex.count("\\end{tabular}") == 1


def test_few_seeds_of_one_variant_are_said() -> None:
    text = _said(_report({"base": _BASE, "a": _BASE[:2], "b": _BASE[::-1]}))
    assert "Below 3 seeds" in text and "is given: a has 2." in text
    assert "b against the base: +0.00 points (95 %" in text


def test_modules_at_one_position_share_their_placebo() -> None:
    """The placebo of the second is the network of the first one's: it has no runs of its own."""
    up = tuple(value + 3 for value in _BASE)
    values = {"base": _BASE, "a": up, "a-placebo": _BASE[::-1], "b": up[::-1], "b-placebo": ()}
    report = _report(values, b_placebo="a-placebo")
    assert [line.facts.name for line in report.lines] == ["base", "a", "a-placebo", "b"]
    assert all(report.lines[index].against_placebo is not None for index in (1, 3))
    assert report.tests == len(report.plan.comparisons) == 5
    text = _said(report)
    assert "b against its placebo: +3.00 points" in text
    assert "b-placebo is the same network as a-placebo, with the same code" in text


def test_a_gain_that_the_placebo_has_too_is_not_the_module_s() -> None:
    up = tuple(value + 3 for value in _BASE)
    text = _said(_report({"base": _BASE, "a": up, "a-placebo": up[::-1]}))
    assert "So what a inserts is not shown to make its difference to the base" in text
    text = _said(_report({"base": _BASE, "a": up, "a-placebo": _BASE[::-1]}))
    assert "So what a inserts" not in text
    worse = _said(_report({"base": _BASE, "a": _BASE[::-1], "a-placebo": up}))
    assert "a against its placebo: -3.00 points" in worse and "): a difference." in worse


def test_what_makes_a_table_dubious_is_said() -> None:
    lower = tuple(value - 1 for value in _BASE)
    values = {"base": _BASE, "a": _BASE, "longer": lower, "b": lower[::-1], "c": ()}
    text = _said(_report(values, c="a"))
    assert "Equal metrics in every epoch: base-s0 and a-s0, base-s1 and a-s1" in text
    assert "longer trains 3 epochs and the base 2" in text and "a trains" not in text
    assert "c is the same network as a, with the same code and options" in text
    nothing = {f"{name}_s{seed}": "early" for name in ("base", "a") for seed in range(3)}
    zeros = _said(_report({"base": (-1.0,) * 3, "a": (-1.0,) * 3}, **nothing))
    assert "Equal metrics" not in zeros and "Every mAP50-95 is 0" in zeros


def test_a_placebo_may_equal_its_base_with_the_same_seed() -> None:
    report = _report({"base": _BASE, "a": tuple(v + 1 for v in _BASE), "a-placebo": _BASE})
    assert report.twins == ()
    other_seeds = _report(
        {"base": _BASE, "a": tuple(v + 1 for v in _BASE), "a-placebo": (30.0, 40.0)}
    )
    assert other_seeds.twins == (("base-s0", "a-placebo-s1"),)


def test_the_base_alone() -> None:
    text = _said(_report({"base": _BASE}))
    assert "The base is the only variant" in text and "Shown is the last epoch" in text
    assert "Compared" not in text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0, "below 0.001"),
        (0.00099999, "below 0.001"),
        (0.0494, "0.049"),
        (0.0499, "just below 0.05"),
        (0.05, "0.050"),
        (0.0999, "0.100"),
        (0.9999, "1.00"),
    ],
)
def test_a_p_is_spelled_on_its_side_of_5_percent(p: float, text: str) -> None:
    assert p_word(p) == text


def test_a_difference_that_rounds_to_nothing_has_no_minus() -> None:
    assert [signed(value) for value in (-0.004, 0.004, -0.006)] == ["+0.00", "+0.00", "-0.01"]


@pytest.mark.parametrize(
    ("base", "other", "is_zero"),
    [((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), True), ((0.0, 0.0, 0.0), (0.0, 0.1, 0.0), False)],
)
def test_networks_that_detect_nothing_yet(
    base: tuple[float, ...], other: tuple[float, ...], is_zero: bool
) -> None:
    text = _said(_report({"base": base, "a": other}))
    assert ("Every mAP50-95 is 0" in text) == is_zero
    assert ("All seeds of base gave exactly the same value" in text) != is_zero


@pytest.mark.parametrize(
    ("seed", "start"),
    [
        (SeedFacts(False, True, ""), "The seed does not reach the batches"),
        (SeedFacts(False, False, ""), "As its code is read, the seed does not reach the batches"),
        (SeedFacts(None, False, ""), ""),
        (SeedFacts(True, True, ""), ""),
    ],
)
def test_a_seed_that_does_not_count_is_said_as_surely_as_it_is_known(
    seed: SeedFacts, start: str
) -> None:
    report = _report({"base": _BASE, "a": _BASE})
    text = _said(report._replace(plan=report.plan._replace(seed=seed)))
    lines = [line for line in text.split("\n") if "reach the batches" in line]
    assert len(lines) == bool(start) and all(line.startswith(start) for line in lines)
