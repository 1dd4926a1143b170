"""Chinese texts of the generated pages: none is missing, and none is older than the English one."""

from __future__ import annotations

import re

import pytest
import torch

import tools.translations
from benchmarks import modules
from benchmarks.measures import Ratio
from tools.checks_page import checks_pages, rule_texts
from tools.commands_page import command_texts
from tools.docs import translation_errors
from tools.site.pages import ROOT
from tools.speeds_page import english_intro, speeds_page
from tools.translations import chinese, digest, stale_texts, with_chinese_links

_ENGLISH = {"checks": rule_texts(), "commands": command_texts()}
_FIELDS = {"checks": {"summary", "why", "example"}, "commands": {"summary", "text"}}
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("page", _ENGLISH)
def test_every_english_text_has_a_chinese_one_of_its_own_age(page: str) -> None:
    assert stale_texts(page, _ENGLISH[page]) == []


def test_the_tool_reports_what_is_out_of_date() -> None:
    assert translation_errors() == []


@pytest.mark.parametrize("page", _ENGLISH)
def test_every_field_is_chinese(page: str) -> None:
    for key, fields in chinese(page).items():
        assert _FIELDS[page] <= set(fields) - {"english"}, key
        assert set(fields) <= _FIELDS[page] | {"english", "examples"}, key
        texts = {name: text for name, text in fields.items() if name != "english"}
        assert [name for name, text in texts.items() if not _CHINESE.search(text)] == [], key


def test_an_explanation_in_the_examples_is_explained_in_chinese() -> None:
    """A line that is no command, or words beside one."""
    for name, english in _ENGLISH["commands"].items():
        examples = english.partition("Examples:\n")[2]
        lines = [line for line in examples.splitlines() if not line.startswith("      --")]
        plain = re.compile(r"  yamlmod(?! .*\S {2,}\S)")
        prose = [line for line in lines if not plain.match(line)]
        assert bool(prose) == ("examples" in chinese("commands")[name]), (name, prose)


def test_numbers_are_the_same() -> None:
    """All but words for numbers: a number of the English text is in the Chinese one."""
    for page, texts in _ENGLISH.items():
        for key, text in texts.items():
            known = " ".join(chinese(page)[key].values())
            body = text.partition("\nmodel.yaml:")[0].partition("\x08\n")[0]
            numbers = re.findall(r"(?<![\w.])\d[\d,]*\d|(?<![\w.])\d(?![\w.])", body)
            assert [n for n in numbers if n not in known] == [], key


@pytest.mark.parametrize(
    ("english", "error"),
    [
        ({"wiring": "new"}, f"[wiring]: the English text changed; check the Chinese one, then set "
         f"english = '{digest('new')}'"),
        ({"unheard-of": "x"}, f"[unheard-of] is missing; its hash is {digest('x')}"),
        ({"wiring": None}, "[wiring] is unknown"),
    ],
)  # fmt: skip
def test_what_is_out_of_date_is_reported(english: dict[str, str | None], error: str) -> None:
    texts = {k: v for k, v in ({**_ENGLISH["checks"], **english}).items() if v is not None}
    assert stale_texts("checks", texts) == [f"checks.toml: {error}"]


def test_links_lead_to_the_chinese_page_where_there_is_one() -> None:
    text = "[English](check.md) [x](check.md#in-ci) [y](nowhere.md) [z](check.zh-CN.md)"
    expected = "[English](check.md) [x](check.zh-CN.md#in-ci) [y](nowhere.md) [z](check.zh-CN.md)"
    assert with_chinese_links(text) == expected


def test_breaks_of_lines_do_not_count() -> None:
    assert digest("a b\nc") == digest("a\n  b c ") != digest("a b d")


def test_a_rule_without_a_translation_is_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.checks_page.chinese", lambda page: {})
    pages = checks_pages("")
    assert "A reference has another target" in pages["checks.zh-CN.md"]
    assert "含义：" not in pages["checks.zh-CN.md"]


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("甲乙\n丙", "甲乙丙"),
        ("甲，\nConv", "甲，Conv"),
        ("用 Conv\n的层", "用 Conv 的层"),
        ("a\nb\n\nc", "a b\n\nc"),
        ("甲：\n- 乙。\n- 丙", "甲：\n- 乙。\n- 丙"),
    ],
)
def test_lines_are_joined(text: str, joined: str) -> None:
    assert tools.translations._joined(text) == joined


def test_speeds_of_the_modules_are_those_of_the_english_page() -> None:
    english = (ROOT / "docs" / "benchmarks_modules.md").read_text(encoding="utf-8")
    chinese_page = speeds_page("", english, "benchmarks_modules.md")
    parts = [text.partition("float32")[2] for text in (english, chinese_page)]
    numbers = [re.findall(r"[\d.]*\d", part) for part in parts]
    assert numbers[0] == numbers[1] and len(numbers[0]) > 500


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_what_the_benchmark_writes_becomes_a_chinese_page(
    monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setattr(modules, "machine", lambda device: "CPU i7, 2 cores, 2 threads, Linux")
    ratio, paired = Ratio(2.0, 1.5), Ratio(1.25, 3.0, (1.1, 1.4))
    found: modules.Found = {
        torch.float32: {"A": {(1, 2): (ratio, paired)}, "B": {(1, 2): None}},
        torch.float16: {"A": {(1, 2): (ratio, ratio)}},
    }
    english = modules.page(found, "cpu", device)
    # The Chinese words are in tools/speeds_page.py: where these fail, look whether they still fit.
    words = english_intro(english).partition("\n# ")[2]
    assert digest(words) == {"cpu": "6a1be680b2b2", "cuda": "d4443154bf63"}[device]
    page = speeds_page("", english, "x.md")
    assert f"# 模块的速度与内存{'（GPU）' if device == 'cuda' else ''}\n\n[English](x.md)" in page
    assert "前向 / 前向+反向，float32、float16。" in page and "括号内是四分位数" in page
    assert "机器：CPU i7，2 核，2 线程，Linux。时间为全部线程的处理器时间。测量日期 20" in page
    assert "\n## 时间\n\n| 模块 | 1x2 |\n|--|--|\n| A | 2.00 / 1.25 (1.10-1.40) |\n" in page
    assert "| B | 拒绝 |\n" in page and "\n## 峰值内存，float16\n\n| 模块 | 1x2 |" in page
    apart = english.replace(
        "\n\n## Time\n", "\nRows measured apart, by wall time: A, B.\n\n## Time\n"
    )
    assert "\n单独测量、按实际用时计的行：A、B。\n\n## 时间" in speeds_page("", apart, "x.md")
