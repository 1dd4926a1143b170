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
@pytest.mark.parametrize("name", ["onnx", "dynamic", "compile"])
def test_slow_badges_of_one_module_are_still_true(name: str) -> None:
    """The quick ones are in the contract; `python -m tools.badges --check` measures all."""
    badges.CHECKS[name]("simam")


def test_what_is_no_longer_true_is_named() -> None:
    template = get("SimAM")
    known = measured(template)
    assert known is not None
    now = {"parameters": dict(known.parameters), "mmacs": dict(known.mmacs)}
    found = {**FOUND, "identity": "AssertionError: no"}
    assert command.differences(known, template, found, now) == []
    assert command.limits(template, found) == []
    lost = {**found, "onnx": "AssertionError: far off"}
    assert "far off" in command.differences(known, template, lost, now)[0]
    assert "[limits] does not say why: AssertionError: far off" in command.limits(template, lost)[0]
    assert "identity is held, but" in command.limits(template, dict(FOUND))[0]
    assert "the cost is now" in command.differences(known, template, found, {**now, "mmacs": {}})[0]
    assert "never measured" in command.differences(None, template, found, now)[0]


def test_written_data_reads_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = get("ACmix")
    folder = tmp_path / "acmix"
    folder.mkdir()
    monkeypatch.setattr(room, "templates_folder", lambda: tmp_path)
    assert measured(template) is None
    counts = {"parameters": {"64": 3}, "mmacs": {"256x40x40": 0.5}}
    text = command.render(template, {**FOUND, "script": "no"}, counts)
    (folder / "measured.toml").write_text(text, encoding="utf-8")
    known = measured(template)
    assert known is not None and known.digest == template.digest
    assert known.shown == "all but script" and "script" not in known.held
    assert {"parameters": known.parameters, "mmacs": known.mmacs} == counts
    (folder / "measured.toml").write_text("digest = 1\n", encoding="utf-8")
    with pytest.raises(Refusal, match="torch"):
        measured(template)


def test_a_sample_begins_with_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    templates = list(catalogue())
    monkeypatch.setattr(command, "current", lambda template, release: template.name != "SimAM")
    chosen = command.sample(templates, 2)
    assert chosen[0].name == "SimAM" and len(chosen) == 3
    assert command.sample(templates, 2) == chosen


def test_every_folder_is_in_the_catalogue() -> None:
    assert {t.file.partition("/")[0] for t in catalogue()} == set(support.all_folders())
