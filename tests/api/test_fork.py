"""The Python API of a fork: what the commands do, as values."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import yamlmod
from tests.cli.run import yamlmod as command
from tests.picture.reading import drawn
from yamlmod.api.words import in_python

MINIFORK = Path(__file__).parents[2] / "examples" / "minifork"
CFG = "models/mini.yaml"


@pytest.fixture
def fork(tmp_path: Path) -> yamlmod.Fork:
    shutil.copytree(MINIFORK, tmp_path / "fork")
    return yamlmod.Fork(tmp_path / "fork")


def _files(fork: yamlmod.Fork) -> dict[str, bytes]:
    root = Path(fork.path)
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*.*")
        if path.is_file() and ".yamlmod" not in path.parts
    }


def test_a_patch_is_previewed_written_and_taken_out(fork: yamlmod.Fork) -> None:
    before = _files(fork)
    preview = fork.patch("CBAM", "SimAM")
    assert _files(fork) == before
    assert repr(preview) == "<Preview of patch: 2 files would change>"
    assert "+class CBAM(" in preview.diff
    assert "<pre>" in preview._repr_html_()
    assert sorted(Path(name).name for name in preview.write()) == ["common.py", "yolo.py"]
    assert fork.patch("CBAM").write() == ()
    status = fork.status()
    assert [module.state for module in status.modules] == ["current", "current"]
    assert "2 modules from yamlmod" in repr(status)
    assert "<td>CBAM</td>" in status._repr_html_()
    fork.unpatch("CBAM", "SimAM").write()
    assert _files(fork) == before


def test_add_does_what_the_command_does(fork: yamlmod.Fork, tmp_path: Path) -> None:
    shutil.copytree(MINIFORK, tmp_path / "other")
    words = ["add", "CBAM", "--repo", "other", "--cfg", CFG, "--after", "P3", "--after", "P4", "-w"]
    assert command(*words, cwd=tmp_path).code == 0
    preview = fork.add("CBAM", CFG, after=["P3", "P4"])
    assert preview.model is not None
    assert {finding.severity for finding in preview.model.check()} == {"note"}
    assert any("new layer 18 CBAM" in line for line in preview.summary)
    preview.write()
    assert _files(fork) == _files(yamlmod.Fork(tmp_path / "other"))
    assert fork.check(CFG) == fork.check()
    assert [finding.rule for finding in fork.check()] == ["moved-layers"]
    assert fork.load(CFG).to_text() == preview.model.to_text()


def test_a_preview_is_not_written_over_newer_files(fork: yamlmod.Fork) -> None:
    preview = fork.add("SimAM", CFG, after="P3")
    common = Path(fork.path) / "models" / "common.py"
    common.write_text(common.read_text(encoding="utf-8") + "\n# mine\n", encoding="utf-8")
    before = _files(fork)
    with pytest.raises(yamlmod.Refusal):
        preview.write()
    assert _files(fork) == before


def test_the_yaml_goes_elsewhere(fork: yamlmod.Fork) -> None:
    out = Path(fork.path) / "models" / "mine.yaml"
    fork.add("SimAM", CFG, after="P3", output=out).write()
    assert yamlmod.load(out).layers[18].module == "SimAM"
    with pytest.raises(yamlmod.Refusal, match="exists") as refused:
        fork.add("SimAM", CFG, after="P4", output=out)
    assert "force=True" in refused.value.hint
    assert fork.add("SimAM", CFG, after="P4", output=out, force=True).files
    for place, code in (
        (out.parent, "is-folder"),
        (out.parent / "no" / "x.yaml", "no-such-folder"),
    ):
        with pytest.raises(yamlmod.Refusal) as refused:
            fork.add("SimAM", CFG, after="P4", output=place)
        assert refused.value.code == code


@pytest.mark.slow
def test_networks_are_verified_measured_and_explained(fork: yamlmod.Fork) -> None:
    out = Path(fork.path) / "models" / "mine.yaml"
    fork.add("CBAM", CFG, after="P3", output=out).write()
    verification = fork.verify("models/mine.yaml", base=CFG, imgsz=[96])
    assert repr(verification) == "<Verification: 1 of 1 network passed>"
    assert {check.status for check in verification.networks[0].checks} <= {"pass", "skip"}
    assert verification.networks[0].inserted == ["18 CBAM"]
    assert "gradients" in verification._repr_html_()
    profiled = fork.profile("models/mine.yaml", base=CFG, imgsz=64, rounds=0)
    base, mine = profiled.models
    assert mine["parameters"] > base["parameters"] > 0
    assert "Params (M)" in profiled._repr_html_()
    explained = fork.explain("models/mine.yaml", imgsz=64)
    assert "2 gates" in repr(explained)
    told = command("explain", out, "--repo", fork.path, "--imgsz", "64", "--json", cwd=out.parent)
    assert json.loads(told.out)["summary"] in repr(explained)


def test_findings_show_as_a_table(fork: yamlmod.Fork) -> None:
    text = (Path(fork.path) / CFG).read_text(encoding="utf-8")
    stale = Path(fork.path) / "models" / "stale.yaml"
    grown = yamlmod.load(text).insert("SimAM", after="P3").to_text()
    stale.write_text(grown.replace("[[18, 21, 24]", "[[18, 20, 24]"), encoding="utf-8")
    found = yamlmod.check(stale, base=Path(fork.path) / CFG)
    assert [finding.rule for finding in found if finding.severity == "error"] == ["wiring"]
    assert repr(found) == "<CheckResult: 1 error, 1 note>"
    assert "<td>wiring</td>" in found._repr_html_()
    with pytest.raises(yamlmod.Refusal, match="no file or folder"):
        yamlmod.check()


def test_a_model_shows_as_a_table() -> None:
    model = yamlmod.load(MINIFORK / CFG)
    assert repr(model).endswith("mini.yaml, 25 layers>")
    html = model._repr_html_()
    assert html.count("<tr>") == 26
    assert "<script" not in yamlmod.load(_hostile())._repr_html_()


def test_a_model_draws_itself() -> None:
    model = yamlmod.load(MINIFORK / CFG)
    plain = drawn(model.draw())
    assert len(plain.layers) == 25 and not plain.changed()
    better = model.insert("ACmix", before="SPPF")
    assert drawn(better.draw(base=model)).changed() == {(9, "ACmix", "added")}
    assert drawn(better.draw(base=MINIFORK / CFG)).changed() == {(9, "ACmix", "added")}
    assert 'data-change="added"' in better._repr_html_() and "<svg" in better._repr_html_()
    assert model.draw(format="mermaid").startswith("%% yamlmod draw\nflowchart")
    assert "No findings." in model.draw(check=True)
    assert "\u56fe\u4f8b" not in model.draw() and "卷积" in model.draw(lang="zh")


@pytest.mark.parametrize(
    "words",
    [
        {"format": "gif"},
        {"theme": "pink"},
        {"fold": "yes"},
        {"lang": "fr"},
        {"scale": "q"},
        {"side_by_side": True},
    ],
)
def test_a_figure_that_cannot_be_drawn(words: dict[str, Any]) -> None:
    with pytest.raises(yamlmod.Refusal):
        yamlmod.load(MINIFORK / CFG).draw(**words)


def _hostile() -> str:
    return "backbone:\n- [-1, 1, 'C<script>x</script>', [8]]\nhead:\n- [[0], 1, Detect, [nc]]\n"


def test_refusals_speak_of_arguments(fork: yamlmod.Fork) -> None:
    model = yamlmod.load(MINIFORK / CFG)
    with pytest.raises(yamlmod.Refusal) as refused:
        model.insert("TripletAttention", at=3, args=[1024])
    assert refused.value.hint == "write args=[]"
    with pytest.raises(yamlmod.Refusal) as refused:
        fork.patch("CBAM", "SimAM", as_name="Mine")
    assert "as_name names one module" in refused.value.message
    with pytest.raises(yamlmod.Refusal, match="no module was named"):
        fork.patch()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write --args '[1024, true, null, \"a\"]'", "write args=[1024, True, None, 'a']"),
        ("overwrite it with --force", "overwrite it with force=True"),
        ("write --readers none for no layer", "write readers=[] for no layer"),
        ("--from 4 makes its readers", "sources=4 makes its readers"),
        ("--before SEL needs --after", "before SEL needs after"),
        ("`yamlmod patch REPO X --force` first", "`yamlmod patch REPO X --force` first"),
        ("-w writes, -o names a file", "write() writes, output names a file"),
        ("a--force and --forced", "a--force and --forced"),
        ("--args '[1' is no list", "args '[1' is no list"),
    ],
)
def test_options_as_arguments(text: str, expected: str) -> None:
    assert in_python(text) == expected
