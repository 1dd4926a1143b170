"""Write docs/evidence.md, in both languages, from the files of examples/evidence/results alone."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.evidence.material import STUDIES
from tools.evidence.words import CHINESE, ENGLISH, Words
from yamlmod.study.plan_files import read_study_plan, statuses
from yamlmod.study.plots import plots
from yamlmod.study.report import report_of
from yamlmod.study.report_words import p_word
from yamlmod.study.statistics import LEVEL

RESULTS = STUDIES / "results"
_PLOTS = "figures"


def collect(folder: Path, name: str, results: Path, docs: Path) -> None:
    """Write what a study's folder says to ``results``, and its plots to ``docs``."""
    study = folder / "studies" / name
    runs = statuses(study)
    for number, plot in enumerate(plots(report_of(read_study_plan(study), runs))):
        # White behind the black words: pages may be dark.
        svg = plot.svg.replace('style="fill: none"', 'style="fill: white"', 1)
        (docs / _PLOTS / f"evidence-{name}-{number}.svg").write_text(svg, encoding="utf-8")
    table, _, _ = (folder / f"{name}.md").read_text(encoding="utf-8").partition("\n\n")
    result = {
        "runs": len(runs),
        **_attempts(study),
        "machine": [_processor(), os.cpu_count()],
        "versions": json.loads((study / "versions.json").read_text(encoding="utf-8")),
        "hashes": _hashes(study),
        "table": table.splitlines(),
        "report": json.loads((folder / f"{name}.json").read_text(encoding="utf-8")),
    }
    results.mkdir(exist_ok=True)
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    (results / f"{name}.json").write_text(text, encoding="utf-8")


def _attempts(study: Path) -> dict[str, Any]:
    """Return the hours of all trainings, one after the other, and the days they were made on."""
    files = sorted(study.glob("runs/*/attempts.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    times = [line["at"] for line in lines]
    days = [time.strftime("%Y-%m-%d", time.gmtime(f(times))) for f in (min, max)]
    hours = sum(line.get("seconds", 0) for line in lines) / 3600
    return {"hours": round(hours, 2), "days": list(dict.fromkeys(days))}


def _hashes(study: Path) -> dict[str, str]:
    """Return the hashes of the base: its YAML, its code, the data."""
    first = min(study.glob("runs/base-s*/run.json"))
    hashes = json.loads(first.read_text(encoding="utf-8"))["hashes"]
    return {key.removeprefix("variants/base/"): value for key, value in hashes.items()}


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def pages(results: Path, names: Sequence[str]) -> dict[str, str]:
    """Return both pages by file name. A study without results says that it has none."""
    studies: dict[str, Mapping[str, Any]] = {}
    for name in names:
        path = results / f"{name}.json"
        if path.is_file():
            studies[name] = json.loads(path.read_text(encoding="utf-8"))
    texts = {}
    for words in (ENGLISH, CHINESE):
        text = (STUDIES / words.page).read_text(encoding="utf-8")
        for name in names:
            lines = _results(name, studies[name], words) if name in studies else [words.missing]
            text = _put(text, f"results: {name}", lines)
        text = _put(text, "runs", _runs(studies, words))
        texts[words.page.replace("page", "evidence")] = text
    return texts


def _put(text: str, mark: str, lines: Iterable[str]) -> str:
    before, found, after = text.partition(f"<!-- {mark} -->")
    assert found, mark
    return before + "\n".join(lines) + after


def _results(name: str, study: Mapping[str, Any], words: Words) -> Iterator[str]:
    yield from study["table"]
    yield ""
    yield from (f"- {line}" for line in _findings(name, study, words))
    yield ""
    for number, label in enumerate(words.plots):
        yield f"![{label}]({_PLOTS}/evidence-{name}-{number}.svg)"


def _runs(studies: Mapping[str, Mapping[str, Any]], words: Words) -> Iterator[str]:
    yield f"| {' | '.join(words.columns)} |"
    yield "|--|--|--|--|--|"
    machines: dict[str, list[str]] = {}
    for name, study in studies.items():
        hashes = ", ".join(f"{file} {value}" for file, value in study["hashes"].items())
        days = " - ".join(study["days"])
        yield f"| {name} | {study['runs']} | {study['hours']:.2f} | {days} | {hashes} |"
        versions = ", ".join(f"{key} {value}" for key, value in study["versions"].items() if value)
        machines.setdefault(words.machine.format(*study["machine"], versions), []).append(name)
    runs, hours = (sum(study[key] for study in studies.values()) for key in ("runs", "hours"))
    yield words.total.format(runs, hours, hours / 2)
    for machine, names in machines.items():
        yield ""
        yield words.machine_of.format(", ".join(names), machine)


def _findings(name: str, study: Mapping[str, Any], words: Words) -> Iterator[str]:
    """Yield what the numbers show and what they do not, by the corrected p as the report does."""
    base, *others = study["report"]["variants"]
    yield words.spread.format(_sd(base["values"]), base["n"])
    for variant in others:
        for against in ("base", "placebo"):
            if variant.get(f"low ({against})") is not None:
                yield _difference(variant, against, words)
    if name == "seeds":
        (fixed,) = others
        yield words.seeds.format(_sd(base["values"]), _sd(fixed["values"]))


def _difference(variant: dict[str, Any], against: str, words: Words) -> str:
    low, high = variant[f"low ({against})"], variant[f"high ({against})"]
    p = variant[f"p ({against})"]
    verdict = words.shown if p < LEVEL else words.not_shown
    other = words.against[against]
    told = p_word(p)
    gain = variant[f"difference to {against}"]
    return words.difference.format(
        variant["variant"], other, gain, low, high, words.p_words.get(told, told), verdict
    )


def _sd(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else float("nan")
