"""Run the studies of examples/evidence, and write docs/evidence.md from their results.

    python -m tools.evidence DIR --python PY [QUESTION...] [--jobs 2] [--write]
    python -m tools.evidence DIR --smallest

DIR is a folder to work in; the same command again goes on after any kill. PY trains: it has what
yolov5 7.0.14, 6.2.3 and ultralytics 8.4.190 need, scikit-learn and opencv. --write, which needs
matplotlib, writes results to examples/evidence/results, plots to docs/figures, and the pages.
--smallest is a test of the whole way: one epoch of examples/minifork for each question. QUESTION is
the name of a study.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from tools.evidence.material import ROOT, SMALLEST, STUDIES, WHOLE, Setting, prepare
from tools.evidence.page import RESULTS, collect, pages

QUESTIONS = ("modules-yolov5n", "modules-yolo11n", "references", "weights", "seeds")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=", ".join(QUESTIONS))
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--smallest", action="store_true")
    parser.add_argument("--write", action="store_true", help="write the pages in docs/")
    options = parser.parse_intermixed_args()
    if unknown := set(options.questions) - {*QUESTIONS}:
        parser.error(f"no study {', '.join(sorted(unknown))}; there are {', '.join(QUESTIONS)}")
    folder = options.folder.resolve()
    setting = SMALLEST if options.smallest else WHOLE
    # As many trainings as cores run at once; with more threads they wait for each other.
    os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="PASSIVE")
    prepare(folder, setting, options.python)
    for name in options.questions or QUESTIONS:
        if not answered(folder, name, setting, options.python, options.jobs):
            return 1
        if options.write:
            collect(folder, name, RESULTS, ROOT / "docs")
            write_pages()
    return 0


def write_pages() -> None:
    for name, text in pages(RESULTS, QUESTIONS).items():
        (ROOT / "docs" / name).write_text(text, encoding="utf-8", newline="\n")


def answered(folder: Path, name: str, setting: Setting, python: str, jobs: int) -> bool:
    """Plan a study, run what is not done, and write its reports; False where a run failed."""
    out = folder / "studies" / name
    if not out.exists():
        (folder / f"{name}.yaml").write_text(study_text(name, setting), encoding="utf-8")
        words = ["plan", f"{name}.yaml", "-o", str(out), "--python", python]
        _study(folder, [*words, *(() if setting.is_whole else ("--no-time",))])
    code = _study(folder, ["run", str(out), "--jobs", str(jobs)], check=False)
    for suffix in ("json", "md"):
        _study(folder, ["report", str(out), "-o", f"{name}.{suffix}", "--force"])
    return code == 0


def study_text(name: str, setting: Setting) -> str:
    """Return a study file of examples/evidence, at the size of the setting."""
    text = (STUDIES / f"{name}.yaml").read_text(encoding="utf-8")
    if setting.is_whole:
        return text
    # minifork has no place for blocks of C3's kind.
    text = text.replace("with: C3_CBAM", "with: Bottleneck")
    return json.dumps({**yaml.safe_load(text), **setting.keys}, indent=1)


def _study(folder: Path, words: Sequence[str], check: bool = True) -> int:
    command = [sys.executable, "-m", "yamlmod", "study", *words]
    return subprocess.run(command, cwd=folder, check=check).returncode


if __name__ == "__main__":
    raise SystemExit(main())
