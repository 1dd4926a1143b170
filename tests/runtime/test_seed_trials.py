"""Trials of seeds in one process, as where a process cannot be parted: each leaves it as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yamlmod.runtime

_TRAIN = """
import os, random, sys
import torch

seed, ends = int(sys.argv[1]), sys.argv[2]
os.environ["TRAINED"] = "yes"
os.chdir(os.path.dirname(os.path.abspath(__file__)))
random.seed(seed)


class Scenes(torch.utils.data.Dataset):
    augment = True

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return torch.full((2,), float(index))


generator = torch.Generator()
generator.manual_seed(seed)
if ends == "early":
    raise ValueError("no data")
for batch in torch.utils.data.DataLoader(Scenes(), 2, shuffle=True, generator=generator):
    raise SystemExit("it trains")
"""
_TRIALS = """
import json, os, sys
sys.path.insert(0, {folder!r})
import torch
from torch.utils.data import dataloader
{figure}
from yamlmod_worker.seeds import answer

def state():
    base, loader = dataloader._BaseDataLoaderIter, dataloader.DataLoader
    drawn = sys.modules.get("matplotlib.figure")
    functions = [base.__init__, base.__next__, loader.__init__, drawn and drawn.Figure.savefig]
    return [*map(id, functions), sys.argv, sys.path[:], os.getcwd(), os.environ.get("TRAINED")]

before, same, trials = state(), [], []
for seed, end in (("0", "late"), ("1", "early"), ("1", "late"), ("0", "late")):
    trials.append(answer._run(["train.py", seed, end], 0, lambda seen: None))
    same.append(state() == before)
print(json.dumps([trials, same]))
"""
# Stands for matplotlib, whose figures a trial does not write.
_FIGURE = """
import types
figure = types.ModuleType("matplotlib.figure")
figure.Figure = type("Figure", (), {"savefig": lambda figure: None})
sys.modules["matplotlib.figure"] = figure
"""


def _trials(tmp_path: Path) -> tuple[list[dict[str, Any]], list[bool]]:
    (tmp_path / "train.py").write_text(_TRAIN, encoding="utf-8")
    code = _TRIALS.format(folder=str(Path(yamlmod.runtime.__file__).parent), figure=_FIGURE)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    trials, same = json.loads(done.stdout)
    return trials, same


def test_trials_in_one_process_do_not_meet(tmp_path: Path) -> None:
    trials, same = _trials(tmp_path)
    zero, failed, one, again = trials
    assert failed["failed"] == "ValueError: no data" and not failed["epochs"]
    assert zero["epochs"] == again["epochs"] != one["epochs"]
    assert all(len(trial["epochs"]) == 2 and trial["batches"] == 4 for trial in (zero, one, again))
    assert same == [True] * 4
