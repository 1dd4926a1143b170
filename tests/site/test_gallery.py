"""The gallery has every module, in both languages, with the numbers of the registry."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.site.gallery import gallery_page, placed, speeds
from tools.site.pages import ROOT, Language, headings
from yamlmod.registry.catalogue import catalogue
from yamlmod.registry.measured import measured
from yamlmod.registry.template import Template
from yamlmod.registry.usual_places import usual_places

_LINKS = {"playground": "playground/", "modules": "modules.md", "speeds": "speeds.md"}
_PAGES = {language: gallery_page(language, _LINKS) for language in ("en", "zh")}


def _section(language: Language, template: Template) -> str:
    return _PAGES[language].split(f"\n## {template.name}\n")[1].split("\n## ")[0]


def test_both_languages_are_in_step() -> None:
    assert headings(_PAGES["en"]) == headings(_PAGES["zh"])
    for pattern in (r"^\|.*`\|?", r"`[^`]*`", r"\]\([^)]*\)"):
        found = [re.findall(pattern, page, re.MULTILINE) for page in _PAGES.values()]
        assert len(found[0]) == len(found[1]), pattern
    rows = [re.findall(r"^\| \[.*", page, re.MULTILINE) for page in _PAGES.values()]
    numbers = [[re.findall(r"[\d.,/]+", row) for row in own] for own in rows]
    assert len(rows[0]) == len(catalogue()) and numbers[0] == numbers[1]
    assert not re.search(r"[\u4e00-\u9fff]", _PAGES["en"])


@pytest.mark.parametrize("template", catalogue(), ids=lambda template: template.name)
def test_a_module_has_its_facts(template: Template) -> None:
    english, chinese = _section("en", template), _section("zh", template)
    known, usual = measured(template), usual_places(template)
    assert template.summary in english and template.summary_zh in chinese
    for section in (english, chinese):
        assert str(template.paper["year"]) in section
        assert f"(figures/gallery/{template.name}.svg)" in section
        if known is not None:
            assert f"{known.parameters['256']:,}" in section
        assert speeds()[template.name] in section
        for _, networks in usual.places if usual else ():
            assert f"({networks})" in section
        assert re.search(rf"`\[.+, 1, {template.class_name}, \[[^`]*\]\]`", section)


@pytest.mark.parametrize("template", catalogue(), ids=lambda template: template.name)
def test_the_figure_shows_the_module_new_in_its_place(template: Template) -> None:
    figure = placed(template).model.draw(base=ROOT / "examples/minifork/models/mini.yaml")
    layer = rf'<g class="layer" data-layer="\d+" data-module="{template.class_name}" '
    assert re.search(rf'{layer}data-change="(added|replaced|moved)"', figure)


def test_the_commands_under_the_figures_give_what_is_drawn(tmp_path: Path) -> None:
    """One of each kind; each is a process."""
    shutil.copy(ROOT / "examples/minifork/models/mini.yaml", tmp_path)
    kinds = {template.kind[0]: template for template in catalogue()}
    for template in kinds.values():
        model, command = placed(template)
        words = [sys.executable, "-m", *shlex.split(command), "-o", f"{template.name}.yaml"]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / f"{template.name}.yaml").read_text("utf-8") == model.to_text()
