"""A fork is read as a plan would leave it, before anything is written."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML

from tests.fork.memory import Memory
from tests.fork.read.mini import PYTHON, with_row
from yamlmod.fork.patch.fit_own_class import fitted
from yamlmod.fork.patch.install import install
from yamlmod.fork.read.opening import reader_of, reader_with
from yamlmod.registry.code.extract import own_template

_OWN = """\
import torch.nn as nn


class Mine(nn.Module):
    def __init__(self, c1):
        super().__init__()
        self.cv = nn.Conv2d(c1, c1, 1)

    def forward(self, x):
        return self.cv(x)
"""


def _data(row: str) -> Any:
    return YAML(typ="safe").load(with_row(row))


def test_the_plans_texts_lie_over_the_files() -> None:
    files = Memory(PYTHON)
    fork = files.fork()
    plan = install(files, fork, [fitted(files, fork, own_template(_OWN, "mine.py"))])
    data = _data("[-1, 1, Mine, []]")
    before = reader_of(fork).read(data, "n")
    assert before.failure is not None and before.failure.kind == "KeyError"
    after = reader_with(files, fork, plan.texts).read(data, "n")
    assert after.failure is None
    row = next(row for row in after.rows if row.class_name == "Mine")
    assert row.args == (128,)


def test_a_file_that_the_plan_takes_away_is_gone() -> None:
    files = Memory(PYTHON)
    fork = files.fork()
    gone = {"ultralytics/nn/modules/block.py": None}
    assert reader_with(files, fork, gone).source("ultralytics/nn/modules/block.py") is None
    assert reader_with(files, fork, {}).source("ultralytics/nn/modules/block.py") is not None
