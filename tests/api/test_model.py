"""The Python API: immutable models, the same edits and refusals as the command line."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

import yamlmod
from tests.ops.helpers import insert_text
from tests.ops.samples import SMALL
from tests.ops.test_operations import RECIPE


def test_load_and_look(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    for source in (SMALL, path, str(path)):
        model = yamlmod.load(source)
        assert model.to_text() == SMALL
        assert len(model.layers) == 14
    layer = model.layers[8]
    assert (layer.module, layer.from_, layer.reads, layer.readers) == (
        "Concat",
        [-1, 3],
        (7, 3),
        (9,),
    )
    assert (layer.channels, layer.real_channels["file"], layer.stride) == (512, 256, 8.0)
    assert model.select("C3#*") == (3, 9, 12)
    model.save(tmp_path / "y.yaml")
    assert (tmp_path / "y.yaml").read_bytes() == path.read_bytes()
    with pytest.raises(yamlmod.Refusal, match="exists"):
        model.save(path)
    model.insert("SimAM", at=3).save(path, overwrite=True)
    assert yamlmod.load(path).layers[3].module == "SimAM"


def test_edits_return_new_models() -> None:
    model = yamlmod.load(SMALL)
    inserted = model.insert("SimAM", after=["P3", 12])
    assert inserted.to_text() == insert_text(SMALL, "SimAM", after=["9", "12"])
    assert model.to_text() == SMALL
    assert any("new layer 10 SimAM" in line for line in inserted.summary)
    assert model.summary == []
    assert inserted.remove("SimAM#*").to_text() == SMALL
    assert inserted.remove(10, 14).to_text() == SMALL
    assert model.replace("C3#1", "C3TR").layers[3].module == "C3TR"
    several = model.replace("C3#*", "C3TR")
    chained = model
    for layer in model.select("C3#*"):
        chained = chained.replace(layer, "C3TR")
    assert several.to_text() == chained.to_text() != SMALL
    recipe = "yamlmod: 1\nedits:\n  - replace: C3#*\n    with: C3TR\n"
    assert model.apply(recipe).to_text() == several.to_text()
    assert model.replace(["C3#1", 9], "C3TR").layers[9].module == "C3TR"
    assert model.move("SPPF", after=3).layers[4].module == "SPPF"
    assert len(model.drop_head("P4").layers) == 11
    assert model.apply(RECIPE).layers[1].module == "New"
    assert model.insert("New", edge="3:8", args=[]).layers[5].from_ == -2
    assert model.insert("New", after=3, args=[], readers=[8]).layers[9].from_ == [-1, 4]
    assert model.insert("New", after=9, args=[], sources=[9, 3]).layers[10].reads == (9, 3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        model._bom = True  # type: ignore[misc]


def test_refusals() -> None:
    model = yamlmod.load(SMALL)
    for edit in (
        lambda: model.insert("SimAM"),
        lambda: model.insert("SimAM", at="SPPF"),
        lambda: model.insert("SimAM", after=99),
        lambda: model.remove("Detect"),
        lambda: model.move(5, after=5),
        lambda: model.replace(4, "C3", args=[512]),
        lambda: yamlmod.load("no-such-file.yaml"),
        lambda: yamlmod.load("a: [\n"),
    ):
        with pytest.raises(yamlmod.Refusal):
            edit()
    with pytest.raises(AttributeError):
        yamlmod.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_the_package_is_light_until_it_is_used() -> None:
    code = (
        "import sys, yamlmod; print(sorted(m for m in sys.modules if 'ruamel' in m or 'api' in m))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
