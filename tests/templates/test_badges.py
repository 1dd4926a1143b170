"""The measured data of every template: it speaks of today's code, and a sample is still true."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import badges as command
from yamlmod.errors import Refusal
from yamlmod.registry import measured as room
from yamlmod.registry.catalogue import catalogue, get
from yamlmod.registry.measured import BADGES, measured
from yamlmod.registry.template import Template

from . import badges, cost, support

each = pytest.mark.parametrize("template", catalogue(), ids=lambda template: template.name)
FOUND: dict[str, str | None] = dict.fromkeys(BADGES)


def test_every_badge_has_a_meaning_and_a_check() -> None:
    assert list(badges.CHECKS) == list(BADGES)


@each
def test_measured_on_the_code_that_is_here(template: Template) -> None:
    assert command.current(template), f"run python -m tools.badges {template.name}"
    known = measured(template)
    assert known is not None and list(known.badges) == list(BADGES)
    missing = {name for name, held in known.badges.items() if not held}
    assert missing == set(template.limits)
    assert ("identity" in missing) != bool(template.identity)


@each
def test_cost_is_still_true(template: Template) -> None:
    known = measured(template)
    assert known is not None
    found = cost.measure(template.file.partition("/")[0])
    assert (dict(known.parameters), dict(known.mmacs)) == (found["parameters"], found["mmacs"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnx", "dynamic", "compile", "export", "compile_dynamic"])
def test_slow_badges_of_one_module_are_still_true(name: str) -> None:
    """The quick ones are in the contract; `python -m tools.badges --check` measures all."""
    badges.CHECKS[name]("simam")


def test_what_is_no_longer_true_is_named() -> None:
    template = get("SimAM")
    known = measured(template)
    assert known is not None
    now = {key: dict(getattr(known, key)) for key in ("parameters", "mmacs", "fp16")}
    found = {**FOUND, "identity": "AssertionError: no"}
    assert command.differences(known, template, found, now) == []
    assert command.limits(template, found) == []
    lost = {**found, "onnx": "AssertionError: far off"}
    assert "far off" in command.differences(known, template, lost, now)[0]
    assert "[limits] does not say why: AssertionError: far off" in command.limits(template, lost)[0]
    assert "identity is held, but" in command.limits(template, dict(FOUND))[0]
    assert "the cost is now" in command.differences(known, template, found, {**now, "mmacs": {}})[0]
    worse = {**now, "fp16": {"1": 0.0005, "8": 0.2}}
    (problem,) = command.differences(known, template, found, worse)
    assert "measured {'1': 0.0005, '8': 0.2}" in problem
    assert "never measured" in command.differences(None, template, found, now)[0]


def test_written_data_reads_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = get("ACmix")
    folder = tmp_path / "acmix"
    folder.mkdir()
    monkeypatch.setattr(room, "templates_folder", lambda: tmp_path)
    assert measured(template) is None
    counts = {"parameters": {"64": 3}, "mmacs": {"256x40x40": 0.5}, "fp16": {"8": 0.0286}}
    text = command.render(template, {**FOUND, "script": "no"}, counts)
    (folder / "measured.toml").write_text(text, encoding="utf-8")
    known = measured(template)
    assert known is not None and known.digest == template.digest
    assert known.shown == "all but script" and "script" not in known.held
    assert {key: getattr(known, key) for key in counts} == counts
    assert known.fp16_error == "2.86% at standard deviation 8"
    (folder / "measured.toml").write_text("digest = 1\n", encoding="utf-8")
    with pytest.raises(Refusal, match="torch"):
        measured(template)


def test_badges_that_were_not_asked_for_stay_as_they_were() -> None:
    template = get("SimAM")
    known = measured(template)
    assert known is not None and not known.badges["identity"] and known.badges["onnx"]
    found = command.kept(template, {"fx": "TraceError: no", "trace": None})
    assert list(found) == list(BADGES)
    assert found["onnx"] is None and found["identity"] == "was not measured again"
    assert (found["fx"], found["trace"]) == ("TraceError: no", None)


@pytest.mark.parametrize("folder", ["mhsa", "criss_cross_attention", "bilevel_routing_attention"])
def test_errors_in_float16_are_those_of_the_file(folder: str) -> None:
    """Modules with a softmax are measured like all others."""
    known = next(t for t in catalogue() if t.file.startswith(f"{folder}/"))
    told = measured(known)
    assert told is not None
    for spread, error in badges.fp16_errors(folder).items():
        assert error < 1.5 * told.fp16[spread] + 0.001
    assert told.badges["fp16"] == (max(told.fp16.values()) < 0.01)


def test_a_sample_begins_with_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    templates = list(catalogue())
    monkeypatch.setattr(command, "current", lambda template, release: template.name != "SimAM")
    chosen = command.sample(templates, 2)
    assert chosen[0].name == "SimAM" and len(chosen) == 3
    assert command.sample(templates, 2) == chosen


def test_every_folder_is_in_the_catalogue() -> None:
    assert {t.file.partition("/")[0] for t in catalogue()} == set(support.all_folders())
