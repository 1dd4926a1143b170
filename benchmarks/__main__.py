"""Run the benchmarks, and write what they print into docs/benchmarks_measured.md and its twin.

    python -m benchmarks                    all but `modules`, which takes an hour
    python -m benchmarks insert check       some
    python -m benchmarks --write            all but `modules`, into the page
    python -m benchmarks check --write      one, into the page; what it has of the others stays

The forks they run on are published packages, downloaded once (tools/real_forks.py). Every number is
a ratio within one run, but other programs still disturb it: run this on a machine at rest.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from tools.real_forks import fork_copy

_ROOT = Path(__file__).parents[1]
_PAGES = {
    _ROOT / "docs" / "benchmarks_measured.md": "en",
    _ROOT / "docs" / "benchmarks_measured.zh-CN.md": "zh",
}
_HEADS = {
    "en": (
        "<!-- Written by `python -m benchmarks --write`; do not edit. -->\n\n"
        "# Measured benchmarks\n\n"
        "[中文](benchmarks_measured.zh-CN.md)\n\n"
        "[benchmarks.md](benchmarks.md) says what each number means and which bound it has.\n"
        "YOLOV5 is {v5}, ULTRALYTICS is {ul}.\n\n"
    ),
    "zh": (
        "<!-- 由 `python -m benchmarks --write` 写出，请勿手工修改。 -->\n\n"
        "# 性能测量的原始输出\n\n"
        "[English](benchmarks_measured.md)\n\n"
        "[benchmarks.zh-CN.md](benchmarks.zh-CN.md) 说明每个数字的含义和上限。\n"
        "YOLOV5 是 {v5}，ULTRALYTICS 是 {ul}。\n\n"
    ),
}
_YOLOV5, _ULTRALYTICS = "yolov5==7.0.14", "ultralytics==8.3.91"
_PACKAGES = ("typer", "ruamel.yaml", "libcst", "torch")
# What each is called with: {v5} and {ul} are the folders of the two packages.
_ARGUMENTS = {
    "draw": (),
    "startup": (),
    "insert": ("{v5}/models/yolov5s.yaml",),
    "planning": ("{v5}/models/yolov5s.yaml",),
    "patch": ("{v5}",),
    "check": ("{ul}",),
    "reading": ("{v5}", "{ul}", "--every", "5"),
    "remap": ("{v5}",),
    "verify": ("{v5}",),
}
# verify runs on one core, as its rivals do.
_ENVIRONMENT = {"verify": {"OMP_NUM_THREADS": "1"}}


def main() -> int:
    """Run them in turn; exits 1 where one fails."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(_ARGUMENTS))
    parser.add_argument("--write", action="store_true", help="write both pages")
    options = parser.parse_args()
    names = options.names or list(_ARGUMENTS)
    unknown = [name for name in names if name not in _ARGUMENTS]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]}")
    with tempfile.TemporaryDirectory() as folder:
        forks = {
            "v5": str(fork_copy(_YOLOV5, Path(folder) / "v5")),
            "ul": str(fork_copy(_ULTRALYTICS, Path(folder) / "ul")),
        }
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        for name in names:
            words = [word.format(**forks) for word in _ARGUMENTS[name]]
            done = subprocess.run(
                [sys.executable, str(_ROOT / "benchmarks" / f"{name}.py"), *words],
                capture_output=True,
                text=True,
                check=False,
                env={**environment, "PYTHONPATH": str(_ROOT), **_ENVIRONMENT.get(name, {})},
            )
            sys.stdout.write(f"== {name}\n{done.stdout}{done.stderr if done.returncode else ''}\n")
            sys.stdout.flush()
            if done.returncode:
                return 1
            if options.write:  # after each: a run that is stopped has written what it measured
                for path, language in _PAGES.items():
                    old = path.read_text(encoding="utf-8") if path.is_file() else ""
                    path.write_text(page(old, name, done.stdout, language), encoding="utf-8")
    return 0


def page(old: str, name: str, text: str, language: str) -> str:
    """Return the page with a new section for a benchmark; the others stay as they are."""
    sections = dict(re.findall(r"(?ms)^## (\w+)\n(.*?)(?=^## |\Z)", old))
    sections[name] = _section(name, text, language)
    parts = [f"## {known}\n{sections[known].rstrip()}\n" for known in _ARGUMENTS
             if known in sections]  # fmt: skip
    return _HEADS[language].format(v5=_YOLOV5, ul=_ULTRALYTICS) + "\n".join(parts)


def _section(name: str, text: str, language: str) -> str:
    arguments = " ".join(_ARGUMENTS[name]).format(v5="YOLOV5", ul="ULTRALYTICS")
    command = f"python benchmarks/{name}.py {arguments}".rstrip()
    load = f"{os.getloadavg()[2]:.1f}" if hasattr(os, "getloadavg") else "?"
    cores, load_of, comma, stop = (
        ("{} 核", "负载 {}", "，", "。") if language == "zh" else ("{} cores", "load {}", ", ", ".")
    )
    facts = [
        str(datetime.date.today()),
        cores.format(os.cpu_count()),
        platform.machine(),
        load_of.format(load),
        f"Python {platform.python_version()}",
        *(f"{package} {version(package)}" for package in _PACKAGES),
    ]
    command = (
        "".join(f"{key}={value} " for key, value in _ENVIRONMENT.get(name, {}).items()) + command
    )
    return f"\n{comma.join(facts)}{stop}\n\n```\n$ {command}\n{text.rstrip()}\n```\n"


if __name__ == "__main__":
    raise SystemExit(main())
