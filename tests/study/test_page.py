"""The HTML report: one file that fetches nothing and runs nothing, with figures, without plots."""

from __future__ import annotations

import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.run import yamlmod
from tests.study.folders import STUB
from tests.study.test_report import _BASE, _report
from yamlmod.study.plan_files import VariantFacts
from yamlmod.study.plots import Plot
from yamlmod.study.report_page import ChangeFigure, as_page
from yamlmod.usecases import study_page as study_page_module

_FORK = Path(__file__).parents[2] / "examples" / "minifork"
_STUDY = """\
study: "消融实验 <script>alert(1)</script> & _%"
repo: fork
base: mini.yaml
train: {epochs: 2, seconds: 0}
seeds: 1
components:
  simam: {insert: SimAM, after: SPPF}
  longer: {train: {epochs: 3}}
"""
_VOID = {"meta", "br", "img", "hr", "link"}


class Reader(HTMLParser):
    """Checks the nesting of a page, and keeps what it holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        if tag not in _VOID:
            self._open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), name
            if name == "id":
                self.ids.append(str(value))
            if name in ("href", "src", "xlink:href", "action"):
                self.links.append(str(value))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def check_page(text: str) -> Reader:
    page = Reader(text)
    assert page.tags["script"] == page.tags["link"] == page.tags["iframe"] == 0
    assert all(link.startswith("#") for link in page.links)
    assert len(set(page.ids)) == len(page.ids)
    used = {part.split(")")[0] for part in text.split("url(#")[1:]}
    assert used | {link[1:] for link in page.links} <= set(page.ids)
    assert "default-src 'none'" in text
    return page


def test_names_are_text() -> None:
    up = tuple(value + 3 for value in _BASE)
    report = _report({"base": _BASE, "<i>a&b</i>": up})
    page = check_page(
        as_page(
            report,
            [Plot("<t>", "<svg></svg>", "a & <b>")],
            [ChangeFigure('"<p>', "<svg></svg>")],
            ["a note with <em>"],
        )
    )
    assert page.tags["i"] == page.tags["t"] == page.tags["b"] == page.tags["em"] == 0
    for text in ("<i>a&b</i> against the base: +3.00", "a & <b>", '"<p>', "a note with <em>"):
        assert text in page.text
    assert page.tags["svg"] == 2 and page.tags["tr"] == 3


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("page")
    shutil.copytree(_FORK, home / "fork", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(STUB, home / "fork" / "train.py")
    (home / "study.yaml").write_text(_STUDY, encoding="utf-8")
    planned = yamlmod("study", "plan", "study.yaml", "-o", "out", "--no-run", cwd=home)
    assert planned.code == 0, planned.err
    done = yamlmod("study", "run", "out", "--jobs", "3", cwd=home)
    assert done.code == 0, done.err
    return home


def test_the_figure_of_a_change_is_in_the_plan(study: Path) -> None:
    figure = (study / "out" / "variants" / "simam" / "change.svg").read_text(encoding="utf-8")
    assert "SimAM" in figure and figure.startswith("<?xml")
    drawn = yamlmod(
        *("draw", "out/variants/simam/mini.yaml", "--base", "out/variants/base/mini.yaml"),
        cwd=study,
    )
    assert drawn.out.decode() == figure
    for name in ("base", "longer"):  # the same network
        assert not (study / "out" / "variants" / name / "change.svg").exists()


def test_a_page_without_plots(study: Path, tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError('none here')\n")
    words = ("study", "report", "out")
    done = yamlmod(*words, "-o", "r.html", "--force", cwd=study, PYTHONPATH=str(tmp_path))
    assert done.code == 0, done.err
    assert done.err.count("pip install 'yolo-yamlmod[plots]'") == 1 and "Traceback" not in done.err
    text = (study / "r.html").read_text(encoding="utf-8")
    page = check_page(text)
    assert "there are no plots: plots need the library matplotlib" in page.text
    assert page.tags["figure"] == page.tags["svg"] == 1
    assert "消融实验 <script>alert(1)</script> & _%" in page.text
    again = yamlmod(*words, "--format", "html", cwd=study, PYTHONPATH=str(tmp_path))
    assert again.out.decode() == text
    refused = yamlmod(*words, "-o", "r.html", cwd=study, PYTHONPATH=str(tmp_path))
    assert refused.code == 2 and "--force" in refused.err


def test_a_yaml_that_is_gone(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study / "out", tmp_path / "out")
    (tmp_path / "out" / "variants" / "simam" / "mini.yaml").write_text("[", encoding="utf-8")
    done = yamlmod("study", "report", "out", "--format", "html", cwd=tmp_path)
    assert done.code == 0
    page = check_page(done.out.decode())
    assert "without a figure, because its YAML cannot be drawn: simam" in page.text


@pytest.mark.parametrize("count", [40, 41])
def test_no_more_figures_than_a_page_opens_with(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = [VariantFacts(f"v{n}", (), "", "", "x.yaml", 1) for n in range(count)]
    drawn = iter([(fact, "<svg></svg>") for fact in facts])
    monkeypatch.setattr(study_page_module, "change_elements", lambda *_: drawn)
    monkeypatch.setattr(study_page_module, "plots", lambda _: [])
    page = study_page_module.study_page(tmp_path, _report({"base": _BASE}))
    assert page.text.count("<figure") == 40
    assert any("the first 40 changes" in note for note in page.notes) == (count > 40)
