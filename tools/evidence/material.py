"""What the studies of examples/evidence need: data, forks, model YAMLs with mistakes, weights."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import yamlmod
from tools.real_forks import fork_copy
from yamlmod.study.environment import training_environment

ROOT = Path(__file__).parents[2]
STUDIES = ROOT / "examples" / "evidence"
_DIGITS = ROOT / "examples" / "digits.py"
_MINIFORK = ROOT / "examples" / "minifork"
_SPP = "SPPF"
_HYP = "hyp.yaml"


class Setting(NamedTuple):
    """How large the studies are; ``keys`` are put into every study file."""

    forks: Mapping[str, str]
    base: str
    keys: Mapping[str, object]
    is_whole: bool


WHOLE = Setting(
    {
        "yolov5": "yolov5==7.0.14",
        "older/yolov5": "yolov5==6.2.3",
        "ultralytics": "ultralytics==8.4.190",
    },
    "models/yolov5n.yaml",
    {},
    True,
)
# One epoch of examples/minifork, for a test of the whole way.
SMALLEST = Setting(
    {},
    "models/mini.yaml",
    {
        "repo": "minifork",
        "base": "models/mini.yaml",
        "train": {"data": "minifork/data/shapes.yaml", "epochs": 1, "imgsz": 64, "batch-size": 16},
        "seeds": 1,
    },
    False,
)


def prepare(folder: Path, setting: Setting, python: str) -> None:
    """Write all that is not there yet. A second call leaves it as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(STUDIES / _HYP, folder / _HYP)
    if setting.is_whole:
        _data(folder, python)
    for name, spec in setting.forks.items():
        if not (folder / name).exists():
            _fork(folder, name, spec)
    if not setting.is_whole and not (folder / "minifork").exists():
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(_MINIFORK, folder / "minifork", ignore=ignore)
    repo = folder / ("yolov5" if setting.is_whole else "minifork")
    for name, text in mistakes((repo / setting.base).read_text(encoding="utf-8")).items():
        (folder / name).write_text(text, encoding="utf-8")
    if not (folder / "seeds.patch").exists():
        _seeds_patch(folder, setting)
    if not (folder / "pretrained.pt").exists():
        _pretrain(folder, setting, python)


def _data(folder: Path, python: str) -> None:
    for name, words in (
        ("digits", ()),
        ("digits-0-4", ("--classes", "0-4")),
        ("digits-5-9", ("--classes", "5-9")),
    ):
        if not (folder / name / "data.yaml").exists():
            sizes = ("--train", "384", "--val", "128", "--side", "96")
            _run(python, str(_DIGITS), str(folder / name), *sizes, *words)


def _fork(folder: Path, name: str, spec: str) -> None:
    """Copy a published fork to ``folder/name``, as a whole or not at all."""
    draft = folder / "draft"
    shutil.rmtree(draft, ignore_errors=True)
    copy = fork_copy(spec, draft)
    (folder / name).parent.mkdir(exist_ok=True)
    copy.rename(folder / name)


def mistakes(base: str) -> dict[str, str]:
    """Return the YAMLs with CBAM after SPPF, and the mistakes of published ones, by file name."""
    right = yamlmod.load(base).insert("CBAM", after=_SPP).to_text()
    after = base.index("\n", base.index(_SPP)) + 1
    row = "   [-1, 1, CBAM, []],\n"
    nothing = base[:after] + row + base[after:]
    head = re.compile(r"\[\[[-\d, ]+\], 1, Detect")
    concat = re.compile(r"\[\[-1, \d+\], 1, Concat")
    old_head, new_head = head.findall(base)[-1], head.findall(right)[-1]
    old, new = concat.findall(base), concat.findall(right)
    forgotten = right
    for before, now in zip(old, new, strict=True):
        forgotten = forgotten.replace(now, before, 1)
    return {
        "nothing-renumbered.yaml": nothing,
        "head-forgotten.yaml": right.replace(new_head, old_head),
        "concats-forgotten.yaml": forgotten,
    }


def _seeds_patch(folder: Path, setting: Setting) -> None:
    if setting.is_whole:
        # In the fork's own folder: the patch names its files from there.
        fork = folder / "older" / "yolov5"
        patch = str(folder / "seeds.patch")
        _yamlmod(fork, "study", "seeds", ".", "--fix", "--no-run", "--diff", patch)
        return
    # minifork's seed counts: any patch goes the same way.
    common = (folder / "minifork" / "models" / "common.py").read_text(encoding="utf-8")
    first = common.splitlines()[0]
    text = f"--- a/models/common.py\n+++ b/models/common.py\n@@ -1 +1,2 @@\n+# patched\n {first}\n"
    (folder / "seeds.patch").write_text(text, encoding="utf-8")


def _pretrain(folder: Path, setting: Setting, python: str) -> None:
    """Train the base on one half of the classes, by the fork's own script."""
    out = folder / "pretraining"
    repo = folder / ("yolov5" if setting.is_whole else "minifork")
    epochs, data = ("25", "digits-0-4") if setting.is_whole else ("1", "minifork/data/shapes.yaml")
    data = f"{folder / data}/data.yaml" if setting.is_whole else str(folder / data)
    words = ["--cfg", str(repo / setting.base), "--weights", "", "--data", data, "--seed", "0"]
    words += ["--imgsz", "96", "--batch-size", "32", "--epochs", epochs]
    if setting.is_whole:
        words += ["--hyp", str(STUDIES / _HYP), "--optimizer", "AdamW"]
    words += ["--project", str(out), "--name", "train", "--exist-ok"]
    _run(python, str(repo / "train.py"), *words, path=str(folder))
    shutil.copyfile(out / "train" / "weights" / "last.pt", folder / "pretrained.pt")


def _yamlmod(folder: Path, *words: str) -> None:
    _run(sys.executable, "-m", "yamlmod", *words, cwd=folder, path=str(ROOT))


def _run(*words: str, cwd: Path | None = None, path: str = "") -> None:
    subprocess.run(words, cwd=cwd, env={**os.environ, **training_environment(path)}, check=True)
