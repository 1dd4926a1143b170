"""Check every worker of an engine before anything is started: files, versions, data."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from yamlmod.errors import Refusal, plural
from yamlmod.study.commands import CARRIED, GUARD
from yamlmod.study.engine import Asks, WorkerAnswer
from yamlmod.study.run_files import RunPlan
from yamlmod.study.unchanged import check_versions
from yamlmod.workspace import disk

_QUESTION = "check.json"
_SHOWN = 3


class _Report(NamedTuple):
    """What one worker has found."""

    worker: str
    versions: Mapping[str, str | None]
    wrong: Sequence[str]
    missing: Sequence[str]


def bring_guard(folder: Path) -> None:
    """Copy the guard into a study's folder; a file that is the same is left alone.

    One that a guard reads at this moment is replaced as a whole.
    """
    target = folder / CARRIED
    for name in disk.names(GUARD):
        if name.endswith(".py"):
            _write(target / name, disk.read_regular(GUARD / name))


def check_workers(
    engine: Asks,
    folder: Path,
    plans: Sequence[RunPlan],
    packages: Sequence[str],
    paths: Sequence[str],
    say: Callable[[str], None],
) -> None:
    """Ask every worker. Raises Refusal where one could not train, or not the same."""
    bring_guard(folder)
    question: dict[str, Any] = {
        "hashes": {name: value for plan in plans for name, value in plan.hashes.items()},
        "packages": list(packages),
        "paths": list(paths),
        "needs": [],
    }
    path = folder / _QUESTION
    _write(path, json.dumps(question).encode("utf-8"))
    answers = engine.ask([plans[0].argv[0], str(folder / CARRIED / "check.py"), str(path)])
    reports = [_report(answer) for answer in answers]
    problems = [problem for report in reports for problem in _problems(report, reports)]
    if problems:
        more = f" and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise Refusal(
            "workers-differ",
            "; ".join(problems[:_SHOWN]) + more,
            hint="the study's folder must be shared, with the same Python and data everywhere",
        )
    check_versions(folder, reports[0].versions)
    for absent in reports[0].missing:
        say(f"warning: no worker has {absent}; the training may download it")
    question["needs"] = [name for name in paths if name not in reports[0].missing]
    _write(path, json.dumps(question).encode("utf-8"))
    say(f"{plural(len(reports), 'worker')}: same files, versions and data")


def _report(answer: WorkerAnswer) -> _Report:
    lines = [line for line in answer.text.splitlines() if line.startswith("YAMLMOD ")]
    if not lines:
        last = (answer.text.strip().splitlines() or [f"exit code {answer.code}"])[-1]
        raise Refusal(
            "worker-unfit",
            f"{answer.worker}: {last}"[:400],
            hint="workers need the study's folder and the fork's Python at the same paths",
        )
    data = json.loads(lines[-1].partition(" ")[2])
    return _Report(answer.worker, data["versions"], data["wrong"], data["missing"])


def _problems(report: _Report, reports: Sequence[_Report]) -> list[str]:
    """Word how a worker differs from what was planned, and from most others."""
    problems = [f"{report.worker}: {name} is not as planned" for name in report.wrong]
    for name, version in report.versions.items():
        usual = Counter(other.versions.get(name) for other in reports).most_common(1)[0][0]
        if version != usual:
            problems.append(f"{report.worker}: {name} is {version}, elsewhere {usual}")
    for path in report.missing:
        if any(path not in other.missing for other in reports):
            problems.append(f"{report.worker}: there is no {path}, which others have")
    return problems


def _write(path: Path, data: bytes) -> None:
    try:
        if disk.read_regular(path) == data:
            return
    except FileNotFoundError:
        pass
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    disk.write_draft(draft, data)
    disk.replace(draft, path)
