"""A reader keeps a few readings: a command asks several questions about the same networks."""

from __future__ import annotations

from pathlib import Path

from yamlmod.fork.read import network
from yamlmod.fork.read.opening import reader_of
from yamlmod.model.parse import load_as_fork
from yamlmod.usecases.located_fork import open_fork

MINI = Path(__file__).parents[3] / "examples" / "minifork"


def _data() -> dict[str, object]:
    return dict(load_as_fork((MINI / "models" / "mini.yaml").read_text(encoding="utf-8"), "mini"))


def test_equal_data_is_read_once() -> None:
    reader = reader_of(open_fork(MINI).fork)
    first = reader.read(_data())
    assert reader.read(_data()) is first
    assert reader.read_anew(_data()) == first
    wider = {**_data(), "width_multiple": 0.5}
    assert reader.read(wider) != first
    assert reader.read(_data(), "n") is not first


def test_only_a_few_are_kept() -> None:
    reader = reader_of(open_fork(MINI).fork)
    first = reader.read(_data())
    for number in range(network._KEPT):
        reader._kept[str(number), ""] = first
    assert len(reader._kept) == network._KEPT + 1
    reader.read({**_data(), "nc": 3})
    assert len(reader._kept) == network._KEPT + 1
    assert reader.read(_data()) is not first
