"""Values that would cost time or memory are Unknown, and nothing computes them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from yamlmod.fork.read.opening import reader_of
from yamlmod.model.parse import load_as_fork
from yamlmod.usecases.located_fork import open_fork

MINI = Path(__file__).parents[3] / "examples" / "minifork"


@pytest.mark.parametrize(
    "value",
    [
        "pow(3, 10**8)",
        "pow(3, 10**10)",
        "pow(3.0, 10**9)",
        "round(12345, -10**9)",
        'len("%999999999d" % 1)',
        'len(b"%200000000d" % 1)',
        'len("%*d" % (200000000, 1))',
        'len("%.200000000f" % 1.0)',
        'len("{:>999999999}".format(1))',
        'len("{:>{}}".format(1, 999999999))',
        'len("{:>{w}}".format(1, w=999999999))',
        'len("{:.200000000f}".format(1.0))',
    ],
)
def test_a_large_value_is_unknown(value: str, tmp_path: Path) -> None:
    shutil.copytree(MINI, tmp_path / "fork")
    path = tmp_path / "fork" / "models" / "yolo.py"
    text = path.read_text(encoding="utf-8")
    line = next(line for line in text.split("\n") if "make_divisible(c2 * gw, 8)" in line)
    indent = line[: len(line) - len(line.lstrip())]
    path.write_text(text.replace(line, f"{line}\n{indent}c2 = {value}"), encoding="utf-8")
    data = load_as_fork((MINI / "models" / "mini.yaml").read_text(encoding="utf-8"), "mini")
    start = time.process_time()
    reading = reader_of(open_fork(tmp_path / "fork").fork).read(data)
    assert time.process_time() - start < 3
    assert "too large" in repr(reading) or "a long text" in repr(reading)
