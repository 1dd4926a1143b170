"""The page of all commands, in English and Chinese, from their help."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.translations import chinese, with_chinese_links

_COMMANDS = Path(__file__).parents[1] / "yamlmod" / "cli" / "commands"
_INTRO = """\
# Commands

[中文](commands.zh-CN.md)

Editing commands preview by default. Exit codes: 0 done, 1 `--check` would change, 2 refusal or
usage, 3 a proof failed or a bug, 130 interrupted. Names and texts of files are made safe to show:
[how, and what a diff in a CI log does](output.md).

| command | what it does |
|--|--|
"""
_INTRO_ZH = """\
# 命令

[English](commands.md)

编辑命令默认只预览。退出码：0 完成，1 `--check` 发现会有改动，2 拒绝或用法错误，
3 证明失败或程序有 bug，130 被中断。文件中的名字和文字经过处理才会显示：
[怎样处理，以及 CI 日志中的 diff](output.md)。

终端里的帮助是英文。每条命令先用中文说明，再原样列出 `--help` 的输出；选项以该输出为准。

| 命令 | 作用 |
|--|--|
"""


def commands_pages(note: str, run: Callable[..., str]) -> dict[str, str]:
    """Return the page in both languages by its name in docs/; `run` prints a command's help."""
    files = command_files()
    helps = {name: run(*name.split(), "--help") for name in files}
    summaries = {name: _summary(path) for name, path in files.items()}
    return {
        "commands.md": note + _INTRO + _page(summaries, {}, helps),
        "commands.zh-CN.md": with_chinese_links(
            note + _INTRO_ZH + _page(summaries, chinese("commands"), helps)
        ),
    }


def command_texts() -> dict[str, str]:
    """Return the English text of every command but its options, by the command's name."""
    return {name: _english(path) for name, path in command_files().items()}


def command_files() -> dict[str, Path]:
    """Return each command's file by its name; a folder is a group, with its files as commands."""
    files = {}
    for path in [*_COMMANDS.glob("[a-z]*.py"), *_COMMANDS.glob("[a-z]*/*.py")]:
        parts = path.relative_to(_COMMANDS).with_suffix("").parts
        files[" ".join(part.replace("_", "-") for part in parts if part != "__init__")] = path
    return dict(sorted(files.items()))


def _page(
    summaries: Mapping[str, str],
    texts: Mapping[str, Mapping[str, str]],
    helps: Mapping[str, str],
) -> str:
    text = ""
    for name, summary in summaries.items():
        summary = texts.get(name, {}).get("summary", summary)
        text += f"| [{name}](#yamlmod-{name.replace(' ', '-')}) | {summary} |\n"
    for name, shown in helps.items():
        known = texts.get(name, {})
        parts = [known[field] for field in ("text", "examples") if field in known]
        body = "".join(f"{part}\n\n" for part in parts)
        text += f"\n## yamlmod {name}\n\n{body}```\n{shown}```\n"
    return text


def _summary(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").split("\n", 1)[0]


def _english(path: Path) -> str:
    """Return the summary, the description and the examples of a command."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    description = examples = ""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "run":
            description = ast.get_docstring(node) or ""
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EPILOG":
            examples = str(ast.literal_eval(node.value))
    return "\n".join([ast.get_docstring(tree) or "", description, examples])
