"""Templates patched into forks are read as they build: a sample; all by tools.builds.templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.builds.__main__ import truth_of
from tools.builds.compare import Tally, compare
from tools.builds.templates import patched, unread

_SAMPLE = ("CBAM", "ACmix", "SimAM", "BiLevelRoutingAttention", "C3_SE", "C3k2_SE")


@pytest.mark.slow
@pytest.mark.fork
@pytest.mark.parametrize(("spec", "scale"), [("yolov5==7.0.14", "x"), ("ultralytics==8.3.0", "n")])
def test_layers_of_templates_are_known_and_as_built(spec: str, scale: str, tmp_path: Path) -> None:
    fork = patched(spec, tmp_path, _SAMPLE, [scale])
    assert len(fork.cases) >= 4
    readings = {case.name: fork.reader.read(case.data, case.scale) for case in fork.cases}
    assert [line for reading in readings.values() for line in unread(reading)] == []
    built = [case for case in fork.cases if case.name in ("ACmix", "SimAM")]
    truths = truth_of(fork.source, built, tmp_path / "truth")
    tally = Tally()
    for case in built:
        compare(case.name, readings[case.name], truths[case.key(fork.source.name)], tally)
    assert tally.lines == []
    assert tally.counts["outputs right"] > 30


@pytest.mark.slow
@pytest.mark.fork
def test_every_template_is_known_at_the_smallest_scale(tmp_path: Path) -> None:
    fork = patched("yolov5==7.0.14", tmp_path, (), ["n"])
    lines = [
        f"{case.name}: {line}"
        for case in fork.cases
        for line in unread(fork.reader.read(case.data, case.scale))
    ]
    assert lines == []
    assert len(fork.cases) > 35
    assert fork.left_out == ()
