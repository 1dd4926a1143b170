"""Write docs/evidence.md, in both languages, from the folders of the studies alone."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tools.evidence.material import STUDIES
from tools.evidence.words import CHINESE, ENGLISH, Words
from yamlmod.study.plan_files import read_study_plan, statuses
from yamlmod.study.plots import plots
from yamlmod.study.report import report_of

_PLOTS = "figures"


def write_pages(folder: Path, names: Sequence[str], docs: Path) -> None:
    """Write both pages and their plots. Raises FileNotFoundError where a study has no report."""
    studies = [Answer(folder, name) for name in names]
    for study in studies:
        for number, svg in enumerate(study.plots()):
            path = docs / _PLOTS / f"evidence-{study.name}-{number}.svg"
            path.write_text(svg, encoding="utf-8")
    for words in (ENGLISH, CHINESE):
        text = (STUDIES / words.page).read_text(encoding="utf-8")
        for study in studies:
            text = _put(text, f"results: {study.name}", _results(study, words))
        text = _put(text, "runs", _runs(studies, words))
        (docs / words.page.replace("page", "evidence")).write_text(text, encoding="utf-8")


def _put(text: str, mark: str, lines: Iterator[str]) -> str:
    before, found, after = text.partition(f"<!-- {mark} -->")
    assert found, mark
    return before + "\n".join(lines) + after


class Answer:
    """What one study's folder says."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.folder = name, folder / "studies" / name
        self.data = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        table, _, _ = (folder / f"{name}.md").read_text(encoding="utf-8").partition("\n\n")
        self.table = table
        self.runs = statuses(self.folder)

    @property
    def variants(self) -> list[dict[str, Any]]:
        return list(self.data["variants"])

    def plots(self) -> list[str]:
        report = report_of(read_study_plan(self.folder), self.runs)
        return [plot.svg for plot in plots(report)]

    @property
    def hours(self) -> float:
        """Return the hours of all trainings, one after the other."""
        seconds = 0.0
        for path in sorted(self.folder.glob("runs/*/attempts.jsonl")):
            lines = path.read_text(encoding="utf-8").splitlines()
            seconds += sum(json.loads(line).get("seconds", 0) for line in lines)
        return seconds / 3600

    @property
    def days(self) -> tuple[str, str]:
        """Return the days of the first start and of the last end."""
        times = [
            json.loads(line)["at"]
            for path in self.folder.glob("runs/*/attempts.jsonl")
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        first, last = (time.strftime("%Y-%m-%d", time.gmtime(f(times))) for f in (min, max))
        return first, last

    @property
    def hashes(self) -> dict[str, str]:
        """Return the hashes of the base: its YAML, its code, the data."""
        plan = json.loads((self.folder / "runs" / "base-s0" / "run.json").read_text("utf-8"))
        return {key.removeprefix("variants/base/"): value for key, value in plan["hashes"].items()}

    @property
    def versions(self) -> dict[str, str | None]:
        found: dict[str, str | None] = json.loads(
            (self.folder / "versions.json").read_text(encoding="utf-8")
        )
        return found


def _results(study: Answer, words: Words) -> Iterator[str]:
    yield study.table
    yield ""
    yield from (f"- {line}" for line in _findings(study, words))
    yield ""
    for number, label in enumerate(words.plots):
        yield f"![{label}]({_PLOTS}/evidence-{study.name}-{number}.svg)"


def _runs(studies: Sequence[Answer], words: Words) -> Iterator[str]:
    yield f"| {' | '.join(words.columns)} |"
    yield "|--|--|--|--|--|"
    for study in studies:
        hashes = ", ".join(f"{name} {value}" for name, value in study.hashes.items())
        days = " - ".join(dict.fromkeys(study.days))
        yield f"| {study.name} | {len(study.runs)} | {study.hours:.2f} | {days} | {hashes} |"
    versions = ", ".join(f"{name} {value}" for name, value in studies[0].versions.items() if value)
    yield ""
    yield words.machine.format(_processor(), os.cpu_count(), versions)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _findings(study: Answer, words: Words) -> Iterator[str]:
    """Yield what the numbers show and what they do not, by the intervals alone."""
    base, *others = study.variants
    yield words.spread.format(_sd(base["values"]), base["n"])
    for variant in others:
        for against in ("base", "placebo"):
            if variant.get(f"low ({against})") is not None:
                yield _difference(variant, against, words)
    if study.name == "seeds":
        (fixed,) = others
        yield words.seeds.format(_sd(base["values"]), _sd(fixed["values"]))


def _difference(variant: dict[str, Any], against: str, words: Words) -> str:
    low, high = variant[f"low ({against})"], variant[f"high ({against})"]
    verdict = words.shown if low > 0 or high < 0 else words.not_shown
    other = words.against[against]
    gain = variant[f"difference to {against}"]
    return words.difference.format(variant["variant"], other, gain, low, high, verdict)


def _sd(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else float("nan")
