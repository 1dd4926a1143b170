"""Sweeps `verify`: every module of the registry at each of the 24 places of yolov5s 7.0.14.

    python -m tools.verified DIR                 all of them; a run that was cut off goes on
    python -m tools.verified DIR --sample 50     so many, spread evenly
    python -m tools.verified DIR --only LSKA     one module

DIR is a folder to work in. Modules whose cost grows with the square of the map stand from stride 8
on, at 256 pixels. Results are kept in DIR/results.jsonl, the counts written to DIR/verify.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yamlmod as package
from tests.cli.run import yamlmod
from tools.real_forks import fork_copy, lacking
from yamlmod.errors import Refusal
from yamlmod.registry.catalogue import catalogue, get
from yamlmod.registry.template import Template
from yamlmod.usecases.fork_run import open_run
from yamlmod.usecases.verify import Subjects, Verified, Verifier, VerifyOptions

PLACES = range(24)
_FIRST = 3  # of stride 8: what grows with the square of the map starts here


class Variant(NamedTuple):
    """A module behind a layer."""

    module: str
    after: int

    @property
    def name(self) -> str:
        return f"{self.module}-{self.after}"


def main(words: Sequence[str] | None = None) -> int:
    """Verify what is not done yet, and write the counts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--only", default="")
    options = parser.parse_args(words)
    wanted = [v for v in variants() if options.only in ("", v.module)]
    if options.sample:
        step = len(wanted) / options.sample
        wanted = [wanted[int(i * step)] for i in range(min(options.sample, len(wanted)))]
    folder = options.folder.resolve()
    results = folder / "results.jsonl"
    done = read(results)
    left = [v for v in wanted if v.name not in done]
    with results.open("a", encoding="utf-8") as file:
        for variant, outcome in sweep(folder, left):
            done[variant.name] = outcome
            file.write(json.dumps({"name": variant.name, **outcome}) + "\n")
            file.flush()
            if outcome["result"] != "pass":
                sys.stdout.write(f"{variant.name}: {outcome['result']}: {outcome['why']}\n")
                sys.stdout.flush()
    text = report([done[v.name] for v in wanted if v.name in done], done)
    (folder / "verify.md").write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write(text)
    return 1 if any(done[v.name]["result"] == "fail" for v in wanted) else 0


def variants() -> Iterator[Variant]:
    """Yield every module at every place where it can stand."""
    for template in catalogue():
        for after in PLACES:
            if after >= _FIRST or not _is_quadratic(template):
                yield Variant(template.class_name, after)


def _is_quadratic(template: Template) -> bool:
    return template.weights.count("places") > 1


def read(results: Path) -> dict[str, dict[str, Any]]:
    """Return what is known from runs before."""
    if not results.is_file():
        results.parent.mkdir(parents=True, exist_ok=True)
        return {}
    lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    return {line.pop("name"): line for line in lines}


def sweep(folder: Path, wanted: Sequence[Variant]) -> Iterator[tuple[Variant, dict[str, Any]]]:
    """Yield what came out for each variant; one worker serves all."""
    if not wanted:
        return
    fork = folder / "yolov5"
    if not fork.exists():
        fork_copy("yolov5==7.0.14", folder)
        names = [template.class_name for template in lacking(fork)]
        patched = yamlmod("patch", "yolov5", *names, "-w", cwd=folder)
        assert patched.code == 0, patched.err
    base = fork / "models" / "yolov5s.yaml"
    model = package.load(base.read_text(encoding="utf-8"))
    run = open_run(fork, None, True)
    with Verifier(Subjects(run, run.open_model(base), VerifyOptions())) as verifier:
        for variant in wanted:
            path = folder / f"{variant.name}.yaml"
            start = time.perf_counter()
            try:
                if get(variant.module).exchanges:
                    text = model.replace(variant.after, variant.module).to_text()
                else:
                    text = model.insert(variant.module, after=[variant.after]).to_text()
                path.write_text(text, encoding="utf-8", newline="\n")
                (found,) = verifier.all([run.open_model(path)])
                outcome = _outcome(found)
            except Refusal as error:
                outcome = {"result": "refused", "why": f"{error.code}: {error.message}"}
            path.unlink(missing_ok=True)
            yield variant, {**outcome, "seconds": round(time.perf_counter() - start, 2)}


def _outcome(found: Verified) -> dict[str, Any]:
    why = "; ".join(f"{check.name}: {check.reason}" for check in found.failed) or found.skipped
    skipped = [f"{c.name}: {c.reason}" for c in found.checks if c.status == "skip"]
    return {"result": found.word.lower(), "why": why, "skipped": skipped}


def report(outcomes: Sequence[dict[str, Any]], done: dict[str, dict[str, Any]]) -> str:
    """Return the counts as markdown."""
    counts = Counter(outcome["result"] for outcome in outcomes)
    seconds = sorted(outcome["seconds"] for outcome in outcomes) or [0.0]
    skipped = Counter(one for outcome in outcomes for one in outcome.get("skipped", ()))
    lines = [
        f"Run of {datetime.date.today().isoformat()}:",
        "",
        "| count | what |",
        "|--|--|",
        *(f"| {counts[word]} | {word} |" for word in ("pass", "fail", "skip", "refused")),
        "",
        f"{sum(seconds):.0f} s in all, {seconds[len(seconds) // 2]:.1f} s a network in the median.",
        *(f"Left out {count} times: {one}." for one, count in skipped.most_common(6)),
    ]
    wrong = [f"- {n}: {o['why']}" for n, o in done.items() if o["result"] not in ("pass", "skip")]
    return "\n".join([*lines, *([""] if wrong else []), *wrong[:40]]) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
