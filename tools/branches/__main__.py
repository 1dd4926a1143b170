"""Sweep `remap` over heads and modules, and judge by values where every parameter is.

    python -m tools.branches FOLDER [heads] [modules] [--only WORD] [--cfg CFG --fork SPEC]

FOLDER is a folder to work in. `heads` drops and adds scales, in official networks and in small
ones of every kind of head; with --cfg, drops each scale of that YAML. `modules` puts every module
of the registry at a place of the backbone and one of the neck, and then edits what has it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any

import yamlmod as package
from tests.cli.run import yamlmod
from tools.branches.cases import Case, changed_cases, official_cases, small_cases
from tools.branches.modules import module_cases
from tools.real_forks import fork_copy
from yamlmod.errors import Refusal
from yamlmod.runtime.interpreter import own
from yamlmod.runtime.worker import Worker
from yamlmod.usecases.fork_run import Run
from yamlmod.usecases.located_fork import open_fork
from yamlmod.usecases.remap import remap

_OUTPUTS = "outputs"  # all that the fork may write to, and removed with the worker


@dataclass(frozen=True)
class Outcome:
    """What came out for one case."""

    name: str
    places: int
    parameters: int
    wrong: list[str]

    @property
    def line(self) -> str:
        verdict = "right" if not self.wrong else f"WRONG: {'; '.join(self.wrong[:3])}"
        return f"{self.name}: {self.places} tensors, {self.parameters:,} parameters {verdict}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Judge where remap puts every parameter.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("what", nargs="*", choices=["heads", "modules", []], metavar="WHAT")
    parser.add_argument("--only", default="", help="Of fork or name: WORD|WORD.")
    parser.add_argument("--cfg", type=Path)
    parser.add_argument("--fork", default="yolov5==7.0.14")
    options = parser.parse_args()
    cases: list[Case] = []
    what = options.what or ["heads"]
    if options.cfg is not None:
        text = options.cfg.read_text(encoding="utf-8")
        cases += changed_cases(options.fork, options.cfg.stem, text)
    elif "heads" in what:
        cases += [*small_cases(), *official_cases()]
    if "modules" in what and options.cfg is None:
        cases += module_cases()
    words = options.only.split("|")
    cases = [case for case in cases if any(word in f"{case.fork} {case.name}" for word in words)]
    outcomes = []
    for outcome in sweep(options.folder.resolve(), cases):
        sys.stdout.write(outcome.line + "\n")
        sys.stdout.flush()
        outcomes.append(outcome)
    wrong = [outcome for outcome in outcomes if outcome.wrong]
    tensors = sum(outcome.places for outcome in outcomes)
    parameters = sum(outcome.parameters for outcome in outcomes)
    sys.stdout.write(
        f"{len(outcomes) - len(wrong)} of {len(cases)} cases right: {tensors:,} tensors and "
        f"{parameters:,} parameters that have a place\n"
    )
    return 1 if wrong or len(outcomes) < len(cases) else 0


def sweep(folder: Path, cases: Sequence[Case]) -> Iterator[Outcome]:
    """Remap and judge every case, fork by fork."""
    for spec, group in groupby(sorted(cases, key=lambda case: case.fork), lambda case: case.fork):
        room = folder / spec.replace("==", "-")
        room.mkdir(parents=True, exist_ok=True)
        yield from _Fork(room, spec).all(list(group))


class _KeptRun(Run):
    """A fork whose one worker answers all questions: torch is imported once."""

    @cached_property
    def _worker(self) -> Worker:
        root = self.located.tree.root.resolve()
        return Worker(self.interpreter, root, None, root.parent / _OUTPUTS)

    def worker(self, *_: Any, **__: Any) -> Any:
        return nullcontext(self._worker)

    def end(self) -> None:
        if "_worker" in vars(self):
            self._worker.end()


class _Fork:
    """One fork with all modules of the registry, and the cases of it."""

    def __init__(self, folder: Path, spec: str) -> None:
        self.folder = folder
        self.root = fork_copy(spec, folder)
        (folder / _OUTPUTS).mkdir()
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - for as long as the fork
        self.ended: list[_KeptRun] = []
        self.is_ultralytics = (self.root / "nn" / "tasks.py").is_file()

    def all(self, cases: Sequence[Case]) -> Iterator[Outcome]:
        modules = dict.fromkeys(name for case in cases for name in case.modules)
        if modules and not yamlmod("patch", self.root, *modules, "-w", cwd=self.folder).code:
            modules = {}
        for module in modules:
            done = yamlmod("patch", self.root, module, "-w", cwd=self.folder)
            if done.code:  # ultralytics has some of these names
                words = ("patch", self.root, module, "--use-existing", "-w")
                done = yamlmod(*words, cwd=self.folder)
            assert done.code == 0, done.err
        self.run = _KeptRun(open_fork(self.root), own(), True)
        for number, case in enumerate(cases):
            self._write(number, case)
        self._judge(
            [self._task(n, case) | {"save": self._path(n, "old.pt")} for n, case in _bases(cases)]
        )
        told: dict[int, dict[str, Any] | str] = {}
        first = {case.base: n for n, case in _bases(cases)}
        for number, case in enumerate(cases):
            told[number] = self._remap(number, first[case.base])
        good = [number for number, answer in told.items() if isinstance(answer, dict)]
        verdicts = self._judge(
            [self._task(n, cases[n]) | {"out": self._path(n, "new.pt")} for n in good]
        )
        for run in (*self.ended, self.run):  # what they wrote is removed with them
            run.end()
        self._end_judge()
        for number, case in enumerate(cases):
            answer = told[number]
            if isinstance(answer, str):
                yield Outcome(case.name, 0, 0, [answer])
            elif number not in verdicts:
                yield Outcome(case.name, 0, 0, ["the judge stopped"])
            else:
                yield _outcome(case, answer, verdicts[number])
            Path(self._path(number, "new.pt")).unlink(missing_ok=True)

    def _path(self, number: int, name: str) -> str:
        folder = self.folder / _OUTPUTS if name == "new.pt" else self.folder
        return str(folder / f"{number}-{name}")

    def _write(self, number: int, case: Case) -> None:
        Path(self._path(number, "base.yaml")).write_text(case.base, encoding="utf-8")
        Path(self._path(number, "edited.yaml")).write_text(case.edited, encoding="utf-8")

    def _task(self, number: int, case: Case) -> dict[str, Any]:
        return {
            "name": number,
            "base": self._path(number, "base.yaml"),
            "cfg": self._path(number, "edited.yaml"),
            "head": case.head,
            "layers": {str(a): b for a, b in case.layers.items()},
        }

    def _remap(self, number: int, base: int) -> dict[str, Any] | str:
        paths = [self._path(base, "old.pt"), *self._yamls(number), self._path(number, "new.pt")]
        try:
            return dict(remap(self.run, *map(Path, paths), force=True).answer)
        except Refusal as error:
            self.ended.append(self.run)
            self.run = _KeptRun(self.run.located, self.run.interpreter, True)
            return f"{error.code}: {error.message}"

    def _yamls(self, number: int) -> list[str]:
        return [self._path(number, "base.yaml"), self._path(number, "edited.yaml")]

    def _judge(self, tasks: list[dict[str, Any]]) -> dict[int, list[Any]]:
        question = {
            "folder": str(self.folder),
            "module": f"{self.root.name}.{'nn.tasks' if self.is_ultralytics else 'models.yolo'}",
            "fork": str(self.root),
            "tasks": tasks,
        }
        path = self.folder / "question.json"
        path.write_text(json.dumps(question), encoding="utf-8")
        judge = self._judge_process
        assert judge.stdin is not None and judge.stdout is not None
        judge.stdin.write(f"{path}\n")
        judge.stdin.flush()
        lines = [*takewhile(lambda line: line != "END\n", judge.stdout)]
        answers = [x.removeprefix("VERDICT ") for x in lines if x.startswith("VERDICT ")]
        return {number: verdict for number, *verdict in map(json.loads, answers)}

    def _end_judge(self) -> None:
        self._judge_process.communicate()
        self._said.seek(0)
        said = self._said.read()
        if self._judge_process.returncode or "Traceback" in said:
            sys.stderr.write(said[-3000:])

    @cached_property
    def _judge_process(self) -> subprocess.Popen[str]:
        """One for all questions: the fork is imported once."""
        return subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("judge.py"))],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env={**_environment(), "PYTHONPATH": str(Path(package.__file__).parents[1])},
        )


def _environment() -> dict[str, str]:
    return {**os.environ, "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}


def _bases(cases: Sequence[Case]) -> list[tuple[int, Case]]:
    """Return the first case of every base."""
    found: dict[str, tuple[int, Case]] = {}
    for number, case in enumerate(cases):
        found.setdefault(case.base, (number, case))
    return list(found.values())


def _outcome(case: Case, answer: dict[str, Any], verdict: list[Any]) -> Outcome:
    places, right, parameters, total, wrong = verdict
    told_tensors, told_parameters = answer["right"]
    rows = {name for name, reason, _ in answer["dropped"] if "rows" in reason}
    # Anchors are judged by rows; those of which all have a place are told as right.
    anchors = told_tensors - places
    if not 0 <= anchors <= 2 - len(rows) or told_parameters != parameters:
        wrong.append(
            f"told {told_tensors} tensors, {told_parameters} parameters; {places}, {parameters}"
        )
    if answer["parameters"] != total:
        wrong.append(f"told {answer['parameters']} parameters in all, {total} are there")
    if right != places and not wrong:
        wrong.append(f"{right} of {places}")
    return Outcome(case.name, places, parameters, wrong)


if __name__ == "__main__":
    raise SystemExit(main())
