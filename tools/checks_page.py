"""The page of all rules of `check`, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.translations import chinese, with_chinese_links
from yamlmod.checks.explain import findings_of
from yamlmod.checks.rule import Rule, all_rules
from yamlmod.ops.network import registry_kinds

_INTRO = """\
# Checks

[中文](checks.zh-CN.md). What `yamlmod check` finds; how to use it is told in [check.md](check.md).

| rule | severity | finds |
|--|--|--|
"""
_INTRO_ZH = """\
# 检查规则

[English](checks.md)。`yamlmod check` 能发现的问题；用法见[检查模型 YAML](check.md)。
程序的输出是英文，每条规则的示例之后给出这段输出的中文含义。
严重程度：error 为错误，warning 为警告，note 为提示。

| 规则 | 严重程度 | 发现的问题 |
|--|--|--|
"""


def rule_texts() -> dict[str, str]:
    """Return the English text of every rule, by its code."""
    return {rule.code: "\n".join([rule.summary, rule.why, *_example(rule)]) for rule in all_rules()}


def checks_pages(note: str) -> dict[str, str]:
    """Return the page in both languages by its name in docs/."""
    rules = all_rules()
    return {
        "checks.md": note + _INTRO + _english(rules),
        "checks.zh-CN.md": with_chinese_links(
            note + _INTRO_ZH + _chinese(rules, chinese("checks"))
        ),
    }


def _english(rules: Sequence[Rule]) -> str:
    repo = " (with `--repo`)"
    text = "".join(_row(rule, rule.summary, repo) for rule in rules)
    return text + "".join(_section(rule, rule.why) for rule in rules)


def _chinese(rules: Sequence[Rule], texts: Mapping[str, Mapping[str, str]]) -> str:
    known = {rule.code: texts.get(rule.code, {}) for rule in rules}
    rows = (_row(r, known[r.code].get("summary", r.summary), "（需要 `--repo`）") for r in rules)
    text = "".join(rows)
    for rule in rules:
        text += _section(rule, known[rule.code].get("why", rule.why))
        if "example" in known[rule.code]:
            text += f"\n{known[rule.code]['example']}\n"
    return text


def _row(rule: Rule, summary: str, repo: str) -> str:
    end = repo if rule.needs_repo else ""
    return f"| [{rule.code}](#{rule.code}) | {rule.severity} | {summary}{end} |\n"


def _section(rule: Rule, why: str) -> str:
    body = f"\n## {rule.code}\n\n{why}\n\n```yaml\n{rule.invalid[0].text.strip()}\n```\n\n"
    return body + "```text\n" + "\n".join(_example(rule)) + "\n```\n"


def _example(rule: Rule) -> list[str]:
    """Return what `check` prints of the first text that triggers the rule."""
    found = findings_of(rule, rule.invalid[0], registry_kinds)
    return [line.rstrip() for finding in found for line in finding.lines()]
